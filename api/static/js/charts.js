// Draws the charts after the text: loads the library once, draws what comes near the screen, redraws on theme change.
// `ast` makes Vega interpret its expressions, because the page's policy forbids eval.
let library = null;

function load() {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = settings().library;
    script.addEventListener("load", () => resolve(window.vegaEmbed));
    script.addEventListener("error", () => reject(new Error("chart library")));
    document.head.append(script);
  });
  return library;
}

function settings() {
  return JSON.parse(document.getElementById("chart-settings").textContent);
}

async function draw(figure, theme) {
  const canvas = figure.querySelector(".canvas");
  const spec = JSON.parse(figure.querySelector("script").textContent);
  const { themes, locale } = settings();
  try {
    const embed = await load();
    const shown = await embed(canvas, spec, {
      mode: "vega-lite",
      ast: true,
      actions: false,
      renderer: "svg",
      defaultStyle: false,
      config: themes[theme()],
      formatLocale: locale,
      tooltip: { theme: "own", disableDefaultStyle: true, sanitize: (value) => escapeText(String(value)) },
    });
    canvas.querySelector("svg")?.setAttribute("aria-hidden", "true");
    if (figure.dataset.chart === "brush") narrow(shown.view);
  } catch (error) {
    console.warn("chart", error);
    canvas.replaceChildren(Object.assign(document.createElement("p"), { className: "failed", textContent: "Chưa vẽ được biểu đồ; số liệu ở bảng dưới." }));
    figure.querySelector("details")?.setAttribute("open", "");
  }
}

function escapeText(text) {
  const span = document.createElement("span");
  span.textContent = text;
  return span.innerHTML;
}

// A range drawn on the chart becomes from and to of the address; the chart's times are wall time of Việt Nam.
function narrow(view) {
  let range = null;
  view.addSignalListener("brush", (_, value) => { range = value.start ?? null; });
  view.addEventListener("pointerup", () => {
    if (!range || range[1] - range[0] < 60_000) return;
    const address = new URL(location.href);
    address.searchParams.set("from", wallTime(range[0]));
    address.searchParams.set("to", wallTime(range[1]));
    address.searchParams.delete("cursor");
    location.assign(address);
  });
}

function wallTime(moment) {
  const date = new Date(moment);
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

export function drawCharts(theme, within = document) {
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((each) => each.isIntersecting)) {
      seen.unobserve(entry.target);
      draw(entry.target, theme);
    }
  }, { rootMargin: "400px" });
  within.querySelectorAll("[data-chart]").forEach((figure) => seen.observe(figure));
}

export function watchCharts(theme) {
  drawCharts(theme);
  document.addEventListener("themechange", () => drawCharts(theme));
  document.addEventListener("renewed", () => drawCharts(theme));
  addEventListener("beforeprint", () => document.querySelectorAll("[data-chart]").forEach((each) => draw(each, () => "light")));
  addEventListener("afterprint", () => drawCharts(theme));
}
