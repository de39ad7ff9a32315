// Arrivals against goodput, and the buttons that choose the time that all charts show.
import { el, byId, rate } from "./dom.js";
import { Chart, follow } from "./chart.js";

let chart = null;

export function begin(run) {
  const panel = byId("flow");
  const series = [
    { name: `step/${run.step}/entered`, label: `${run.noun} arriving`, colour: "--ink", twin: `step/${run.step}/entered` },
    { name: `step/${run.step}/passed`, label: `${run.noun} passed`, colour: "--good", twin: `step/${run.step}/passed` },
    { name: `step/${run.last}/passed`, label: `through ${run.last}`, colour: "--cool" },
    { name: "lost", label: "turned away, failed or gone", colour: "--bad", dash: [6, 3] },
  ];
  if (run.last === run.step) series.splice(2, 1);
  if (chart) { chart.label = labelOf(run); chart.show(series); return; }
  const choose = (text, seconds) => el("button", { type: "button", onclick: () => follow(seconds) }, text);
  panel.append(el("div", { class: "tools", role: "group", "aria-label": "Time that the charts show" }, ...(run.until_s > 7200 ? [choose("last hour", 3600), choose("last 3 h", 10800)] : [choose("last 2 min", 120), choose("last 10 min", 600)]), choose("whole run", Infinity), el("span", { class: "quiet" }, "drag to zoom")));
  chart = new Chart(panel, { label: labelOf(run), series, unit: rate, least: 1 });
}

const labelOf = (run) => `People per second: ${run.noun} arriving and passed`;
