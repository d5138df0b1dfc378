// Runs before the first paint: the theme that was chosen, that scripts run at all, and whether the first visit's
// introduction was seen here (the address's end asks for it again).
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  let chosen = null;
  let toured = null;
  try {
    chosen = localStorage.getItem("duluan.theme");
    toured = localStorage.getItem("duluan.toured");
  } catch {
    // storage can be forbidden; the system's theme holds then
  }
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  if (location.hash === "#gioi-thieu") root.dataset.tour = "again";
  else if (toured) root.dataset.toured = "";
})();
