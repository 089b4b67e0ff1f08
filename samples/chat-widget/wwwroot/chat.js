// A small chat. What matters here is endChat: it asks the site's own server for a card and shows it.

const find = id => document.getElementById(id);
const chat = find('chat'), thread = find('thread'), opener = find('open'), composer = find('composer'), line = find('line');

const show = open => {
  chat.hidden = !open;
  opener.hidden = open;
  opener.setAttribute('aria-expanded', open);
  (open ? line : opener).focus();
  toEnd();
};

const toEnd = () => thread.scrollTo({ top: thread.scrollHeight });

const say = (className, text) => {
  const bubble = document.createElement('p');
  bubble.className = className;
  bubble.textContent = text;
  thread.append(bubble);
  toEnd();
};

async function endChat() {
  find('end').disabled = true;
  try {
    const answer = await fetch('/end', { method: 'POST' });
    if (!answer.ok) throw new Error(answer.status);
    const { token } = await answer.json();

    say('note', 'Nora ended the chat');
    find('presence').textContent = 'This chat has ended';
    find('end').remove();
    composer.hidden = true;

    const card = document.createElement('afterword-card');
    card.setAttribute('token', token);
    chat.append(card);
  } catch {
    // A chat that cannot ask just ends.
    say('note', 'The chat could not be ended. Please try again.');
    find('end').disabled = false;
  }
}

// The card says what it shows; never a score or a text, which belong to those who may see them.
chat.addEventListener('afterword:ready', toEnd);
chat.addEventListener('afterword:score', toEnd);
chat.addEventListener('afterword:dismiss', event => {
  if (event.detail.step === 'closed') event.target.remove();
});

opener.addEventListener('click', () => show(true));
find('close').addEventListener('click', () => show(false));
find('end').addEventListener('click', endChat);
composer.addEventListener('submit', event => {
  event.preventDefault();
  if (line.value.trim() === '') return;
  say('mine', line.value);
  line.value = '';
});
