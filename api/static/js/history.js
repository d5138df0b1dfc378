// The last queries of this browser, offered in the search box. They never leave the browser.
const KEY = "duluan.queries";
const MOST = 12;

function load() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter((query) => typeof query === "string") : [];
  } catch {
    return [];
  }
}

export function remember() {
  const list = document.getElementById("history");
  const input = document.getElementById("q");
  if (!list || !input) return;
  const current = input.value.trim();
  const queries = [...new Set([current, ...load()])].filter(Boolean).slice(0, MOST);
  if (current && input.getAttribute("aria-invalid") !== "true") {
    try {
      localStorage.setItem(KEY, JSON.stringify(queries));
    } catch {
      // without storage nothing is offered
    }
  }
  list.replaceChildren(...queries.map((query) => Object.assign(document.createElement("option"), { value: query })));
}
