// What every page does beyond reading: theme switch, keyboard, copying a link, charts, renewal of the overview, the first visit.
import { keyboard } from "./keyboard.js";
import { remember } from "./history.js";
import { live } from "./live.js";
import { listen } from "./listen.js";
import { watchCharts } from "./charts.js";
import { searchPage } from "./search.js";
import { tour } from "./tour.js";

const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");

export function theme() {
  return root.dataset.theme ?? (dark.matches ? "dark" : "light");
}

function themeSwitch() {
  const button = document.querySelector("[data-theme-switch]");
  if (!button) return;
  const say = () => { button.textContent = theme() === "dark" ? "Nền sáng" : "Nền tối"; };
  button.hidden = false;
  say();
  button.addEventListener("click", () => {
    root.dataset.theme = theme() === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("duluan.theme", root.dataset.theme);
    } catch {
      // the choice then lasts as long as the page
    }
    say();
    document.dispatchEvent(new CustomEvent("themechange"));
  });
  dark.addEventListener("change", () => { say(); document.dispatchEvent(new CustomEvent("themechange")); });
}

function copyLink() {
  const button = document.querySelector("[data-copy-link]");
  if (!button || !navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(new URL(button.dataset.copyLink || location.href, location.href).href);
    button.textContent = "Đã chép";
    setTimeout(() => { button.textContent = "Chép liên kết"; }, 2000);
  });
}

function foldFacets() {
  const fold = document.querySelector("[data-fold-narrow]");
  if (fold && matchMedia("(max-width: 1000px)").matches) fold.open = false;
}

themeSwitch();
copyLink();
foldFacets();
keyboard();
remember();
watchCharts(theme);
live();
listen();
searchPage();
tour();
