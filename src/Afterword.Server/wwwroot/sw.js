// Messages without a connection: a page that says so, with its stylesheets and script. Conversations are never kept.

const cache = "messages-3";
const offline = "/messages/offline";
const kept = [offline, "/card.css", "/messages.css", "/messages.js", "/scale.js", "/live.js", "/messages.svg"];

self.addEventListener("install", event => {
  event.waitUntil(caches.open(cache).then(opened => opened.addAll(kept)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", event => {
  event.waitUntil(Promise.all([
    self.clients.claim(),
    caches.keys().then(names => Promise.all(names.filter(name => name !== cache).map(name => caches.delete(name)))),
  ]));
});

self.addEventListener("fetch", event => {
  const { request } = event;
  if (request.method !== "GET") return;

  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match(offline)));
    return;
  }

  const { origin, pathname } = new URL(request.url);
  if (origin === location.origin && pathname !== offline && kept.includes(pathname)) event.respondWith(renewed(request));
});

// The network first, so that a new version is never held up by an old one.
async function renewed(request) {
  try {
    const answer = await fetch(request);
    if (answer.ok) (await caches.open(cache)).put(request, answer.clone());
    return answer;
  } catch {
    return await caches.match(request) ?? Response.error();
  }
}
