// j and k walk the rows, Enter opens the row, o its original, / goes to the search box.
const rows = () => [...document.querySelectorAll("[data-row]")];

function typing(target) {
  return target.closest("input, textarea, select, [contenteditable]") !== null;
}

function walk(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.classList.contains("current"));
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  all[at]?.classList.remove("current");
  next.classList.add("current");
  next.querySelector("[data-open]")?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function openOriginal() {
  const row = document.querySelector("[data-row].current") ?? document.querySelector(".article-head");
  row?.querySelector("[data-original]")?.click();
}

const actions = {
  j: () => walk(1),
  k: () => walk(-1),
  o: openOriginal,
  "/": () => document.querySelector("[data-search]")?.focus(),
};

export function keyboard() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
