// Makes Messages pleasant: times of this place, sending without a new page, and what is new at once. All of it works without.

import { follow } from "/live.js";
import { walkable } from "/scale.js";

const body = document.body;
const part = (name, root = document) => root.querySelector(`[data-part="${name}"]`);

// The page's language in the reader's own kind of it: 16:30 where a day has 24 hours.
const pageLanguage = document.documentElement.lang || "en";
const language = navigator.languages.find(own => own.split("-")[0] === pageLanguage.split("-")[0]) ?? pageLanguage;
const pollEvery = 15_000;

/* Times. */

const looks = {
  time: new Intl.DateTimeFormat(language, { timeStyle: "short" }),
  date: new Intl.DateTimeFormat(language, { day: "numeric", month: "short" }),
  day: new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" }),
  full: new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" }),
};

const dayOf = date => `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;

function localise(root = document) {
  const today = dayOf(new Date());
  for (const time of root.querySelectorAll("time[data-look]")) {
    const date = new Date(time.dateTime);
    const look = time.dataset.look === "short" ? (dayOf(date) === today ? "time" : "date") : time.dataset.look;
    time.textContent = looks[look].format(date);
    if (look !== "day") time.title = looks.full.format(date);
  }
}

// The server parts the days at midnight UTC; here they part where the reader lives.
function partDays(list) {
  let last;
  for (const item of [...list.children]) {
    if (item.className === "day") {
      const next = item.nextElementSibling;
      const key = next && next.className !== "day" ? dayOf(new Date(next.querySelector("time").dateTime)) : last;
      if (key === last) item.remove();
      continue;
    }

    const time = item.querySelector("time");
    const key = dayOf(new Date(time.dateTime));
    if (key !== last && item.previousElementSibling?.className !== "day") {
      const day = document.createElement("li");
      const at = document.createElement("time");
      day.className = "day";
      at.dateTime = time.dateTime;
      at.textContent = looks.day.format(new Date(time.dateTime));
      day.append(at);
      item.before(day);
    }

    last = key;
  }
}

/* Pages that were fetched. */

// Whoever was signed out meanwhile goes where the server leads.
async function fetchPage(address, options) {
  const answer = await fetch(address, { credentials: "same-origin", cache: "no-store", ...options });
  if (answer.redirected && new URL(answer.url).pathname === "/sign-in") {
    location.assign(answer.url);
    return new Promise(() => {});
  }

  const html = await answer.text();
  return { answer, page: new DOMParser().parseFromString(html, "text/html") };
}

// What the server sent for each part. The field of the forms is another one on every page.
const sent = new Map();
const textOf = root => root.innerHTML.replace(/name="form" value="[^"]*"/g, "");

function swap(name, page) {
  const [mine, theirs] = [part(name), part(name, page)];
  if (!mine || !theirs || sent.get(name) === textOf(theirs)) return;

  sent.set(name, textOf(theirs));
  const focused = mine.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  mine.replaceChildren(...theirs.childNodes);
  localise(mine);
  walkable(mine);
  if (focused) mine.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
}

// As many pages are looked through for what came since; behind more the log begins anew.
const mostPages = 10;
const bubblesOf = root => [...root.children].filter(item => item.id);
const isShown = item => Boolean(document.getElementById(item.id));

// More than a page may have come since the last look: the pages before it are read until one reaches what is shown.
async function addBubbles(page) {
  const [mine, theirs] = [part("bubbles"), part("bubbles", page)];
  if (!mine || !theirs) return;

  let found = bubblesOf(theirs);
  let earlier = part("earlier", page);
  for (let pages = 1; earlier && pages < mostPages && !found.some(isShown); pages++) {
    const older = (await fetchPage(earlier.querySelector("a").getAttribute("href"))).page;
    found = [...bubblesOf(part("bubbles", older)), ...found];
    earlier = part("earlier", older);
  }

  if (earlier && !found.some(isShown)) beginAnew(mine, earlier);
  append(mine, found.filter(item => !isShown(item)));
}

function beginAnew(list, earlier) {
  list.replaceChildren();
  part("earlier")?.remove();
  list.before(earlier);
}

// New bubbles go behind those that are there: a log says only what is added.
function append(list, fresh) {
  if (fresh.length === 0) return;

  document.querySelector(".kept")?.remove();
  const log = document.querySelector(".log");
  const atEnd = Math.abs(log.scrollTop) < 40;
  list.append(...fresh);
  partDays(list);
  localise(list);
  if (atEnd) log.scrollTop = 0;
}

const isTyping = root => [...root.querySelectorAll("textarea")].some(text => text.value.trim() !== "");

function takeCard(page, mustShow = false) {
  const [mine, theirs] = [part("card"), part("card", page)];
  if (!mine || !theirs) return;

  // Thanks stay until there is something new to say, though others may wait; what is being written is not taken away.
  const next = theirs.querySelector('form[action*="/card/"]')?.getAttribute("action").split("/card/")[1];
  const thanks = mine.querySelector("[data-done]") && (!next || mine.querySelector(`a[href$="card=${next}"]`));
  if (mustShow || !(thanks || isTyping(mine))) swap("card", page);
}

// One page after the other: what two of them bring must stand in its order.
let takingOver = Promise.resolve();

function takeOver(page, mustShowCard) {
  takingOver = takingOver.catch(() => {}).then(() => takeParts(page, mustShowCard));
  return takingOver;
}

async function takeParts(page, mustShowCard) {
  swap("list", page);
  await addBubbles(page);
  takeCard(page, mustShowCard);
  const menu = part("menu");
  if (menu && !menu.open) swap("menu", page);

  // The composer turns into a reason, or back; what is being written stays.
  const [mine, theirs] = [part("write"), part("write", page)];
  if (mine && theirs && Boolean(mine.querySelector("textarea")) !== Boolean(theirs.querySelector("textarea"))) swap("write", page);
}

/* What is new. */

let refreshing = null;
let again = false;

function refresh() {
  if (!body.dataset.live) return Promise.resolve();
  again = Boolean(refreshing);
  refreshing ??= (async () => {
    try {
      const { answer, page } = await fetchPage(location.pathname);
      if (answer.ok) await takeOver(page);
      late(!answer.ok);
    } catch {
      late(true);
    } finally {
      refreshing = null;
      if (again) {
        again = false;
        refresh();
      }
    }
  })();
  return refreshing;
}

function late(isLate) {
  const note = document.querySelector(".late");
  if (note) note.hidden = !isLate;
}

let polling = 0;

function poll(isOn) {
  clearInterval(polling);
  polling = isOn ? setInterval(refresh, pollEvery) : 0;
}

function watch() {
  if (!body.dataset.live) return;

  follow(() => body.dataset.live, (event, id) => {
    if (event === "open" || event === "stop") poll(false);
    else if (event === "error") poll(true);
    else if (event === "over") refresh();
    else {
      if (id) body.dataset.live = body.dataset.live.replace(/since=[^&]*/, `since=${id}`);
      refresh();
    }
  });
}

/* Writing. */

const roomy = matchMedia("(min-width: 900px) and (hover: hover)");

function grow(text) {
  text.style.blockSize = "auto";
  text.style.blockSize = `${text.scrollHeight + text.offsetHeight - text.clientHeight}px`;
}

function setProblem(problem) {
  const [note, text] = [document.getElementById("write-problem"), document.getElementById("write")];
  if (note) note.textContent = problem;
  if (problem) text?.setAttribute("aria-invalid", "true");
  else text?.removeAttribute("aria-invalid");
}

async function send(form) {
  const text = form.elements.text;
  if (form.dataset.busy || text.value.trim() === "") return;

  form.dataset.busy = "1";
  try {
    const { answer, page } = await fetchPage(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    const problem = (page.getElementById("write-problem") ?? page.querySelector(".reason"))?.textContent.trim() ?? "";
    if (answer.ok && part("bubbles", page)) {
      text.value = "";
      grow(text);
      setProblem("");

      // It is sent, whatever becomes of showing it.
      await takeOver(page).catch(() => late(true));
      document.querySelector(".log").scrollTop = 0;
    } else {
      setProblem(problem || document.getElementById("write-problem").dataset.notSent);
      renew(page);
    }
  } catch {
    setProblem(document.getElementById("write-problem").dataset.notSent);
  } finally {
    delete form.dataset.busy;
    text.focus();
  }
}

// A form of before the last sign-in gets the field that makes it valid again.
function renew(page) {
  const fresh = page.querySelector('input[name="form"]')?.value;
  if (!fresh) return;
  for (const field of document.querySelectorAll('input[name="form"]')) field.value = fresh;
}

async function answerCard(form, submitter) {
  const root = part("card");
  if (root.dataset.busy) return;

  root.dataset.busy = "1";
  try {
    const { answer, page } = await fetchPage(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, submitter)) });
    if (!part("card", page)) {
      form.submit();
      return;
    }

    await takeOver(page, true);
    const heading = part("card").querySelector("h2");
    if (heading) {
      heading.tabIndex = -1;
      heading.focus();
    } else {
      document.getElementById("write")?.focus();
    }

    late(!answer.ok && answer.status >= 500);
  } catch {
    late(true);
  } finally {
    delete root.dataset.busy;
  }
}

document.addEventListener("submit", event => {
  const form = event.target;
  if (form.matches(".composer")) {
    event.preventDefault();
    send(form);
  } else if (form.closest('[data-part="card"]')) {
    event.preventDefault();
    answerCard(form, event.submitter);
  }
});

document.addEventListener("keydown", event => {
  if (event.key === "Escape") document.querySelectorAll("details.menu[open]").forEach(close);
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.target.id !== "write" || !roomy.matches) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

function close(menu) {
  menu.open = false;
  menu.querySelector("summary").focus();
}

document.addEventListener("click", event => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }

  const earlier = event.target.closest('[data-part="earlier"] a');
  if (earlier) {
    event.preventDefault();
    showEarlier(earlier);
  }
});

document.addEventListener("input", event => {
  if (event.target.id !== "write") return;
  grow(event.target);
  setProblem("");
});

// The box scrolls from its end, so that what stands there stays where it is while older messages come in above.
async function showEarlier(link) {
  const [log, list] = [document.querySelector(".log"), part("bubbles")];
  try {
    const { page } = await fetchPage(link.href);
    const older = [...part("bubbles", page).children].filter(item => item.id && !document.getElementById(item.id));
    log.setAttribute("aria-live", "off");
    const anchor = list.querySelector("li[id]");
    const top = anchor.getBoundingClientRect().top;
    list.prepend(...older);
    partDays(list);
    localise(list);
    log.scrollTop += anchor.getBoundingClientRect().top - top;
    const next = part("earlier", page);
    const mine = part("earlier");
    if (next) mine.replaceChildren(...next.childNodes);
    else mine.remove();
    log.focus();
    setTimeout(() => log.removeAttribute("aria-live"), 1_000);
  } catch {
    late(true);
  }
}

/* The page itself. */

function begin() {
  for (const name of ["list", "card", "menu", "write"]) {
    if (part(name)) sent.set(name, textOf(part(name)));
  }

  localise();
  const list = part("bubbles");
  if (list) partDays(list);
  const text = document.getElementById("write");
  if (text) grow(text);
  walkable(part("card"));

  // The page is fetched anew under its plain address; which card was asked for is of this moment.
  if (new URLSearchParams(location.search).has("card")) history.replaceState(null, "", location.pathname);
  watch();
  navigator.serviceWorker?.register("/sw.js", { scope: "/messages" }).catch(() => {});
}

function waitForConnection() {
  const retry = () => fetch("/healthz/live", { cache: "no-store" }).then(answer => { if (answer.ok) location.reload(); }).catch(() => {});
  addEventListener("online", retry);
  setInterval(retry, 5_000);
}

// The offline page stands under whatever address was asked for, or under its own.
if ("offline" in body.dataset) {
  if (location.pathname !== "/messages/offline") waitForConnection();
} else {
  begin();
}
