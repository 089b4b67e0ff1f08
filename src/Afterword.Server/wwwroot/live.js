// Tells pages what is new, by one stream for all tabs of a browser that watch the same thing: over HTTP/1.1 it opens six connections to a host, and
// a seventh tab would wait for ever. One tab that somebody sees listens and passes on what it hears. When it is hidden or
// closed, another takes over. A browser has few streams at once, so that windows of many senders leave connections for
// their pages; what has none looks every so often instead, until one is free.

// Without locks, which browsers keep for https and localhost, each tab that somebody sees listens by itself.
const shares = Boolean(navigator.locks && window.BroadcastChannel);
const againEvery = 30_000;
const streams = ["live stream 1", "live stream 2", "live stream 3", "live stream 4"];
const pollEvery = 15_000;

function pause(milliseconds, signal) {
  return new Promise(done => {
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end);

    function end() {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      done();
    }
  });
}

// Null where the browser forbids it, as it may where storage is blocked.
function lineFor(name) {
  try {
    return shares ? new BroadcastChannel(name) : null;
  } catch {
    return null;
  }
}

/**
 * Listens while somebody sees the page.
 * @param {() => string} address Gives the address of the stream.
 * @param {(event: "open" | "new" | "error" | "over" | "stop", id?: string) => void} hear Told what happens.
 */
export function follow(address, hear) {
  const name = `live ${new URL(address(), location.href).pathname}`;
  const line = lineFor(name);
  let stream = null;
  let again = 0;
  let seen = null;
  let knows = false;
  let polls = false;

  function tell(event, id) {
    // Another tab may belong to a later visit: it takes over and hears by itself whether its own is over.
    if (event !== "over") line?.postMessage({ event, id });
    take(event, id);
  }

  function take(event, id) {
    hear(event, id);
    if (event === "over") {
      document.removeEventListener("visibilitychange", look);
      stop();
    }
  }

  function open() {
    stream = new EventSource(address());
    stream.addEventListener("open", () => {
      knows = true;
      tell("open");
    });
    stream.addEventListener("new", event => tell("new", event.lastEventId));
    stream.addEventListener("over", () => tell("over"));
    stream.addEventListener("error", () => {
      // A broken stream comes back by itself; one that was refused, by the server or by a proxy before it, does not.
      if (stream.readyState === EventSource.CLOSED) again = setTimeout(open, againEvery);
      tell("error");
    });
  }

  // Runs until nobody sees the page any more.
  function listen(signal) {
    if (signal.aborted) return undefined;
    open();
    return new Promise(done => signal.addEventListener("abort", () => {
      clearTimeout(again);
      stream.close();
      stream = null;
      done();
    }));
  }

  // Runs as long, with one of this browser's streams as soon as there is one.
  async function listenOrPoll(signal) {
    while (!signal.aborted) {
      for (const one of streams) {
        const had = await navigator.locks.request(one, { ifAvailable: true }, lock => lock && listen(signal)?.then(() => true));
        if (had) return;
      }

      // Whoever was hidden meanwhile must not keep the others waiting.
      if (signal.aborted) return;

      polls = knows = true;
      tell("open");
      tell("new");
      await pause(pollEvery, signal);
      polls = false;
    }
  }

  function start() {
    seen = new AbortController();
    knows = false;
    const { signal } = seen;
    if (!line) {
      listen(signal);
      return;
    }

    navigator.locks.request(name, { signal }, () => listenOrPoll(signal)).catch(error => {
      if (error.name !== "AbortError") listen(signal);
    });
    line.postMessage({ event: "who" });
  }

  function stop() {
    seen?.abort();
    seen = null;
    hear("stop");
  }

  function look() {
    if (document.hidden) stop();
    else if (!seen) start();
  }

  line?.addEventListener("message", ({ data }) => {
    if (!seen) return;
    if (data.event === "who") {
      if (polls || stream?.readyState === EventSource.OPEN) line.postMessage({ event: "open" });
      return;
    }

    take(data.event, data.id);

    // What happened before this tab heard of anything, it finds out by looking once.
    if (data.event === "open" && !knows) {
      knows = true;
      hear("new");
    }
  });

  document.addEventListener("visibilitychange", look);
  look();
}
