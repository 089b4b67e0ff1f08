// Downloads with progress and a way to stop, where the browser lets a page write a file. Everywhere else the form does it.
const form = document.getElementById("export");
const progress = document.getElementById("progress");
const said = document.getElementById("said");
const cancel = document.getElementById("cancel");
const name = (answer) => /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1];
let stop = null;

const show = (text, busy) => {
  progress.hidden = false;
  progress.querySelector("progress").hidden = !busy;
  cancel.hidden = !busy;
  said.textContent = text;
};

const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} KB` : `${(bytes / 1e6).toFixed(1)} MB`);

async function download(address, file) {
  stop = new AbortController();
  show("Starting …", true);
  const answer = await fetch(address, { signal: stop.signal, redirect: "error" });
  if (!answer.ok || !name(answer)) {
    location.assign(address);
    return;
  }

  const target = await file.createWritable();
  let bytes = 0;
  let told = 0;
  const count = new TransformStream({
    transform(piece, next) {
      bytes += piece.byteLength;
      if (performance.now() - told > 200) {
        told = performance.now();
        show(`${size(bytes)} so far`, true);
      }
      next.enqueue(piece);
    },
  });

  // What was written so far is thrown away when this fails: the file appears only when it is whole.
  await answer.body.pipeThrough(count).pipeTo(target, { signal: stop.signal });
  show(`Done: ${size(bytes)}.`, false);
}

if (window.showSaveFilePicker) {
  form.addEventListener("submit", async (event) => {
    if (event.submitter?.hasAttribute("formaction")) return;

    event.preventDefault();
    const button = event.submitter;
    const given = [...new FormData(form)].filter(([, value]) => value !== "");
    const address = `${form.action}?${new URLSearchParams(given)}`;
    let file = null;
    try {
      const today = new Date().toISOString().slice(0, 10);
      file = await window.showSaveFilePicker({ suggestedName: `answers-${today}.csv`, types: [{ description: "CSV", accept: { "text/csv": [".csv"] } }] });
      button.disabled = true;
      await download(address, file);
    } catch (error) {
      // Whoever chose its name made an empty file of it, which would look like an export without lines.
      await file?.remove?.().catch(() => {});
      if (error.name !== "AbortError") show("The download broke off, and no file was written. Try again.", false);
      else if (stop) show("Stopped. No file was written.", false);
    } finally {
      button.disabled = false;

      // Where writing failed, the server would go on.
      stop?.abort();
      stop = null;
    }
  });

  cancel.addEventListener("click", () => stop?.abort());
}
