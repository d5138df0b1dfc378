// The first visit's three steps: what each speaks of is outlined. Ended or skipped once, it does not come again: kept
// with the account, or in this browser where there are no accounts. The help page's link shows it again.
let step = 0;
let over = false;

function mark(found) {
  document.querySelectorAll(".toured-at").forEach((each) => each.classList.remove("toured-at"));
  if (found) document.querySelectorAll(found).forEach((each) => each.classList.add("toured-at"));
}

function show(tour) {
  const steps = [...tour.querySelectorAll(".tour-step")];
  steps.forEach((each, number) => { each.hidden = number !== step; });
  tour.querySelector("[data-tour-back]").hidden = step === 0;
  tour.querySelector("[data-tour-skip]").hidden = step === steps.length - 1;
  tour.querySelector("[data-tour-next]").textContent = step === steps.length - 1 ? "Bắt đầu làm việc" : "Tiếp";
  mark(steps[step].dataset.at);
}

function end(tour) {
  over = true;
  mark(null);
  document.documentElement.dataset.toured = "";
  tour.remove();
  if (tour.dataset.tour !== "local") {
    const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
    fetch("/tour", { method: "POST", headers: { "X-CSRF-Token": token }, keepalive: true }).catch(() => {});
    return;
  }
  try {
    localStorage.setItem("duluan.toured", "1");
  } catch {
    // without storage it comes again on the next visit
  }
}

function begin() {
  const tour = document.querySelector(".tour");
  if (!tour) return;
  if (over) {
    tour.remove();
    return;
  }
  if (getComputedStyle(tour).display === "none") return;
  show(tour);
  tour.querySelector("[data-tour-skip]").addEventListener("click", () => end(tour));
  tour.querySelector("[data-tour-back]").addEventListener("click", () => { step -= 1; show(tour); });
  tour.querySelector("[data-tour-next]").addEventListener("click", () => {
    if (step === tour.querySelectorAll(".tour-step").length - 1) {
      end(tour);
    } else {
      step += 1;
      show(tour);
    }
  });
}

export function tour() {
  begin();
  document.addEventListener("renewed", begin);
  document.addEventListener("keydown", (event) => {
    const shown = document.querySelector(".tour");
    if (event.key === "Escape" && shown && getComputedStyle(shown).display !== "none") end(shown);
  });
}
