// With script the scale of a card is one stop for the Tab key, and arrows walk along it, as in a group of radio buttons. They do
// not choose, for choosing sends: that takes Enter, Space or a tap.

export function walkable(card) {
  const scale = card?.querySelector('.scale');
  if (!scale) return;

  const scores = [...scale.children];
  scale.setAttribute('role', 'radiogroup');
  scores.forEach((score, i) => {
    score.setAttribute('role', 'radio');
    score.tabIndex = i ? -1 : 0;
    score.setAttribute('aria-checked', false);
  });
  scale.addEventListener('focusin', ({ target }) => scores.forEach(score => { score.tabIndex = score === target ? 0 : -1; }));
  scale.addEventListener('keydown', event => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const at = scores.indexOf(event.target);
    const step = getComputedStyle(scale).direction === 'rtl' ? -1 : 1;
    const to = { ArrowRight: at + step, ArrowLeft: at - step, ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    scores.at(to % scores.length).focus();
  });
}

// The one that is sent, if it is one of a scale: of all of them it alone is marked.
export function choose(button) {
  if (button?.getAttribute('role') !== 'radio') return;
  for (const score of button.parentElement.children) {
    score.classList.remove('chosen');
    score.setAttribute('aria-checked', score === button);
  }
}
