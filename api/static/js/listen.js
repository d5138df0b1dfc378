// Pages with data-listen renew themselves when the server says that something changed (server-sent events), and at
// least once a minute. When the server is away, what is on the screen stays; the page comes back on its own.
import { lost, renew, say } from "./live.js";

const SETTLE = 1_500;
const AT_LEAST = 60_000;
const TRY_AGAIN = 5_000;
let source = null;
let waiting = null;

async function look() {
  waiting = null;
  try {
    await renew();
    say("");
  } catch {
    lost();
  }
}

// Several changes of one moment are one renewal.
function soon() {
  waiting ??= setTimeout(look, SETTLE);
}

function open(page) {
  const from = document.querySelector("[data-listen]")?.dataset.listen ?? page;
  source = new EventSource(`/api/v1/stream?after=${encodeURIComponent(from)}`);
  for (const kind of ["alert", "issue", "mentions"]) source.addEventListener(kind, soon);
  source.addEventListener("open", () => say(""));
  source.addEventListener("error", () => {
    lost();
    if (source.readyState === EventSource.CLOSED) setTimeout(() => { open(from); soon(); }, TRY_AGAIN);
  });
}

export function listen() {
  const page = document.querySelector("[data-listen]");
  if (!page || !window.EventSource) return;
  open(page.dataset.listen);
  setInterval(soon, AT_LEAST);
  addEventListener("pagehide", () => source.close());
}
