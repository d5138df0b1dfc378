// The search page's own: words that stand out, what a saved search was looked at, menus; and the page of an export.
const token = () => document.querySelector('meta[name="csrf-token"]')?.content;
const figure = (number) => number.toLocaleString("vi-VN");

async function json(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
}

// A link for each word, larger the more it stands out. The texts come from outside: text nodes only.
async function terms() {
  const section = document.querySelector("[data-terms]");
  if (!section) return;
  const { items } = await json(section.dataset.terms);
  if (!items.length) return;
  const here = new URLSearchParams(location.search);
  ["cursor", "saved"].forEach((name) => here.delete(name));
  section.querySelector("ul").replaceChildren(...items.map((item, place) => {
    here.set("q", item.q);
    const size = place < 5 ? "large" : place < 12 ? "middle" : "small";
    const link = Object.assign(document.createElement("a"), { href: `/search?${here}`, textContent: item.text, className: size });
    link.title = `${figure(Math.round(item.share * 100))} % số này, thường chỉ ${figure(Math.round(item.usual * 100))} %`;
    const row = document.createElement("li");
    row.append(link);
    return row;
  }));
  section.hidden = false;
}

// The count of new mentions stays on the page; the next visit counts from now.
function visit() {
  const opened = document.querySelector("[data-visit]");
  if (!opened) return;
  const headers = token() ? { "X-CSRF-Token": token() } : {};
  fetch(`/api/v1/saved-searches/${opened.dataset.visit}/visit`, { method: "POST", headers }).catch(() => {});
}

function menus() {
  const all = [...document.querySelectorAll("[data-menu]")];
  const closeOthers = (kept) => all.forEach((menu) => { if (menu !== kept) menu.open = false; });
  all.forEach((menu) => menu.addEventListener("toggle", () => {
    if (!menu.open) return;
    closeOthers(menu);
    menu.querySelector("input:not([type=hidden]), button")?.focus();
  }));
  document.addEventListener("click", (event) => closeOthers(event.target.closest("[data-menu]")));
  document.addEventListener("keydown", (event) => {
    const open = all.find((menu) => menu.open);
    if (event.key !== "Escape" || !open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });
}

// A small export is done before its page is there: who comes from the search gets the file at once, a reload does not.
function cameFromSearch() {
  const fresh = performance.getEntriesByType("navigation")[0]?.type === "navigate";
  return fresh && document.referrer && new URL(document.referrer).pathname === "/search";
}

async function watchExport() {
  const page = document.querySelector("[data-export]");
  if (page?.dataset.state === "done" && cameFromSearch()) page.querySelector("[data-file]").click();
  if (page?.dataset.state !== "running") return;
  const bar = page.querySelector("progress");
  const said = page.querySelector("[data-said]");
  for (let misses = 0; ;) {
    await new Promise((done) => { setTimeout(done, 400); });
    let item;
    try {
      item = await json(page.dataset.export);
      misses = 0;
    } catch {
      if ((misses += 1) < 20) continue;
      said.textContent = "Mất kết nối với máy chủ; hãy mở lại trang này sau.";
      return;
    }
    bar.value = item.done;
    said.textContent = `Đã ghi ${figure(item.done)} trên ${figure(item.total)} dòng.`;
    if (item.state === "running") continue;
    if (item.state === "failed") {
      location.reload();
      return;
    }
    said.textContent = `Xong, ${figure(item.done)} dòng. Tệp được giữ một giờ.`;
    const file = page.querySelector("[data-file]");
    file.hidden = false;
    file.click();
    return;
  }
}

export function searchPage() {
  menus();
  visit();
  terms().catch(() => {});
  watchExport();
}
