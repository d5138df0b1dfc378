// Runs before the first paint: the theme that was chosen, and that scripts run at all.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  let chosen = null;
  try {
    chosen = localStorage.getItem("duluan.theme");
  } catch {
    // storage can be forbidden; the system's theme holds then
  }
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
})();
