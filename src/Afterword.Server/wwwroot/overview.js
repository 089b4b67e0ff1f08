// Keeps the figures up to date while somebody looks at them. Without this script a reload does it.

import { tell } from "./chart.js";
import { follow } from "./live.js";

const sign = document.getElementById("live");
const figures = document.getElementById("figures");

// Many answers in a row must not make the page flicker.
const leastPause = 1500;
let running = false;
let wanted = false;

function keep(from, to) {
  for (const part of from.querySelectorAll("details[data-keep][open]")) to.querySelector(`#${part.id}`)?.setAttribute("open", "");
}

async function refresh() {
  wanted = true;
  if (running) return;
  running = true;
  while (wanted) {
    wanted = false;
    // Somebody who is choosing days, or searching, is not interrupted.
    if (document.activeElement?.closest("#figures form")) {
      wanted = true;
    } else {
      await replace();
    }
    await new Promise(done => setTimeout(done, leastPause));
  }
  running = false;
}

async function replace() {
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html", "afterword-by-itself": "1" } });
    if (!answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("figures");
    if (!fresh) return;

    tell(fresh);
    if (fresh.innerHTML === figures.innerHTML) return;

    keep(figures, fresh);
    const focused = document.activeElement?.closest("#figures a, #figures summary, #figures [tabindex]");
    const place = focused ? [...figures.querySelectorAll("a, summary, [tabindex]")].indexOf(focused) : -1;
    figures.replaceChildren(...fresh.childNodes);
    if (place >= 0) figures.querySelectorAll("a, summary, [tabindex]")[place]?.focus({ preventScroll: true });
  } catch {
    // The next event tries again.
  }
}

tell(figures);
follow(() => sign.dataset.stream, event => {
  if (event === "new") refresh();
  else sign.hidden = event !== "open";
});
if (figures.querySelector("[data-pending]")) {
  const asking = setInterval(() => figures.querySelector("[data-pending]") ? refresh() : clearInterval(asking), 2000);
}
