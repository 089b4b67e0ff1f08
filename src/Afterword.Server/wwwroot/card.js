// The card without page loads: sends its forms and puts the next step in place. Without this script the same forms do the same.

import { choose, walkable } from '/scale.js';

const patience = 20_000;
const said = Object.assign(document.createElement('p'), { className: 'hidden' });
said.setAttribute('role', 'status');
document.body.append(said);
let sending = false;

// XMLHttpRequest, not fetch: it hands over a document in which nothing ran, and no text ever becomes markup here.
function send(form, submitter) {
  // Two taps are one answer.
  if (sending) return;
  sending = true;

  const card = form.closest('.card');
  const fields = new URLSearchParams(new FormData(form));
  if (submitter?.name) fields.append(submitter.name, submitter.value);
  for (const told of card.querySelectorAll('.not-sent, .problem')) told.remove();
  card.querySelector('textarea')?.removeAttribute('aria-invalid');
  card.setAttribute('aria-busy', 'true');
  choose(submitter);

  const request = new XMLHttpRequest();
  request.open('POST', form.action);
  Object.assign(request, { responseType: 'document', timeout: patience });
  request.onloadend = () => {
    sending = false;
    const answer = request.response;
    const next = answer?.querySelector('#card-heading')?.closest('.card');
    if (next) return show(card, next, answer.title, fields.has('asking'));

    // Nobody answered, or nobody we know. What was typed still stands in its box, and what was tapped shows.
    card.removeAttribute('aria-busy');
    const note = document.querySelector('#card-not-sent').content.cloneNode(true);
    note.querySelector('button').onclick = () => send(form, submitter);
    (form.querySelector('.actions') ?? form).before(note);
  };
  request.send(fields);
}

function show(card, next, title, isAsking) {
  const typed = card.querySelector('textarea')?.value;
  const box = next.querySelector('textarea');
  if (box && typed && !box.value) box.value = typed;
  walkable(next);

  const place = () => {
    card.replaceWith(next);
    document.title = title;
    const focused = isAsking ? next.querySelector('#card-asking') : next.querySelector('[autofocus]') ?? next.querySelector('#card-heading');
    if (focused.id === 'card-heading') focused.tabIndex = -1;
    focused.focus();
    if (!isAsking) said.textContent = title;
  };
  if (document.startViewTransition && matchMedia('(prefers-reduced-motion: no-preference)').matches) document.startViewTransition(place);
  else place();
}

document.addEventListener('submit', event => {
  event.preventDefault();
  send(event.target, event.submitter);
});
walkable(document.querySelector('.card'));
