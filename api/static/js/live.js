// Renews the overview: asks every 20 seconds whether something is new, and only then takes the page's new main part.
// When the server does not answer, what is on the screen stays, and the page says since when.
const EVERY = 20_000;
const RENEW_AT_LEAST = 60_000;
let renewedAt = Date.now();
let known = null;

async function get(address, type) {
  const answer = await fetch(address, { headers: { Accept: type }, cache: "no-store", signal: AbortSignal.timeout(15_000) });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer;
}

export async function renew() {
  const html = await (await get(location.href, "text/html")).text();
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const main = document.getElementById("main");
  const held = main.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  const open = [...main.querySelectorAll("details")].map((each) => each.open);
  main.replaceChildren(...fresh.getElementById("main").childNodes);
  main.querySelectorAll("details").forEach((each, number) => { each.open = open[number] ?? each.open; });
  document.getElementById("fresh").replaceChildren(...fresh.getElementById("fresh").childNodes);
  if (held) hold(main, held);
  renewedAt = Date.now();
  document.dispatchEvent(new CustomEvent("renewed"));
}

// Who walks the rows by keyboard stays on the same row.
function hold(main, address) {
  const link = [...main.querySelectorAll("a")].find((each) => each.getAttribute("href") === address);
  link?.closest("[data-row]")?.classList.add("current");
  link?.focus({ preventScroll: true });
}

export function say(problem) {
  const notice = document.getElementById("trouble");
  notice.hidden = !problem;
  notice.textContent = problem;
}

export function lost() {
  const clock = new Date(renewedAt).toLocaleTimeString("vi-VN", { hour: "2-digit", minute: "2-digit" });
  say(`Mất kết nối với máy chủ. Số liệu trên màn hình là của lúc ${clock}; đang thử lại.`);
}

async function look() {
  if (document.hidden) return;
  try {
    const status = await (await get("/api/v1/status", "application/json")).json();
    const news = `${status.updated_at} ${status.indexed} ${status.sources_ok}`;
    if ((known !== null && news !== known) || Date.now() - renewedAt > RENEW_AT_LEAST) await renew();
    known = news;
    say("");
  } catch {
    lost();
  }
}

export function live() {
  if (!document.querySelector("[data-live]")) return;
  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);
}
