/** Draws what stands in the tables beside it, in the page's own colours and letters. */

import { pageLang } from "../ui/lang.mjs";

const { Chart } = window;
const locale = pageLang() === "tr" ? "tr-TR" : "en";
const drawn = [];

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const COLOURS = { brand: "--brand-ink", ok: "--ok-fill", warn: "--warn-fill", danger: "--danger-fill" };

function dataset({ label, values, tone }, kind) {
  const colour = token(COLOURS[tone]);
  return {
    label,
    data: values,
    borderColor: colour,
    backgroundColor: colour,
    borderWidth: kind === "line" ? 2 : 0,
    pointRadius: 0,
    pointHitRadius: 12,
    tension: 0.25,
    maxBarThickness: 28,
  };
}

/** `whole`: nothing but whole things are counted, so no line stands between two of them. */
function options(whole) {
  const ink = token("--ink-2");
  const line = token("--line");
  const axis = { ticks: { color: ink, maxRotation: 0, autoSkipPadding: 12 }, grid: { color: line }, border: { color: line } };
  return {
    animation: false,
    maintainAspectRatio: false,
    locale,
    interaction: { mode: "index", intersect: false },
    plugins: { legend: { position: "bottom", labels: { color: ink, boxWidth: 12, boxHeight: 12 } } },
    scales: { x: { ...axis, grid: { display: false } }, y: { ...axis, beginAtZero: true, ticks: { ...axis.ticks, precision: whole ? 0 : undefined } } },
  };
}

function draw(host) {
  const { kind, labels, series } = JSON.parse(host.dataset.chart);
  host.hidden = false;
  return new Chart(host.querySelector("canvas"), {
    type: kind,
    data: { labels, datasets: series.map((one) => dataset(one, kind)) },
    options: options(series.every((one) => one.values.every(Number.isInteger))),
  });
}

function drawAll() {
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  for (const chart of drawn.splice(0)) chart.destroy();
  for (const host of document.querySelectorAll("[data-chart]")) drawn.push(draw(host));
}

for (const table of document.querySelectorAll("[data-chart-table]")) table.open = false;
drawAll();
// Another theme, by the switch or by the device: the same picture in its colours.
new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
