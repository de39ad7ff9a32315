// Response times from the intended instant, per step: of those who were served first, refusals apart, which are quick.
import { el, byId, put, time } from "./dom.js";
import { Chart } from "./chart.js";

let scheduled = "", chart = null, choice = null, rows = new Map(), chosen = "";

const seriesOf = (step) => [
  { name: `step/${step}/p50`, label: "p50", colour: "--cool", greatest: true },
  { name: `step/${step}/p95`, label: "p95", colour: "--act", greatest: true },
  { name: `step/${step}/p99`, label: "p99", colour: "--bad", greatest: true, twin: step === scheduled ? `step/${step}/p99` : undefined },
  { name: `step/${step}/refused/p99`, label: "p99 of refusals", colour: "--ink", greatest: true, dash: [3, 3] },
];

export function begin(run) {
  const panel = byId("times");
  const steps = run.steps.map((step) => step.name);
  scheduled = run.step;
  if (!steps.includes(chosen)) chosen = run.step;
  panel.querySelector(".tools")?.remove();
  panel.querySelector(".scroll")?.remove();
  choice = el("select", { onchange: () => choose(choice.value) }, steps.map((name) => el("option", { value: name, selected: name === chosen }, name)));
  const tools = el("div", { class: "tools" }, el("label", {}, "step ", choice), el("span", { class: "quiet" }, "of those served or timed out, from the intended instant; refusals apart"));
  panel.querySelector("h2").after(tools);
  if (chart) choose(chosen);
  else chart = new Chart(panel, { label: `Response time at ${chosen}`, series: seriesOf(chosen), unit: time, log: true });
  rows = new Map();
  const body = el("tbody");
  for (const name of steps) {
    const cells = { p50: el("td"), p95: el("td"), p99: el("td"), refused: el("td") };
    rows.set(name, cells);
    body.append(el("tr", {}, el("th", { scope: "row" }, el("button", { type: "button", class: "plain", onclick: () => { choice.value = name; choose(name); } }, name)), cells.p50, cells.p95, cells.p99, cells.refused));
  }
  panel.append(el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Response times of all steps" }, el("table", {},
    el("thead", {}, el("tr", {}, ["step", "p50", "p95", "p99", "refused"].map((name) => el("th", { scope: "col" }, name)))), body)));
}

function choose(name) {
  chosen = name;
  chart.label = `Response time at ${name}`;
  chart.show(seriesOf(name));
}

export function draw(store) {
  for (const [name, step] of store.steps) {
    const cells = rows.get(name);
    if (!cells) continue;
    for (const key of ["p50", "p95", "p99"]) put(cells[key], step.served ? time(step.served[key]) : "–");
    put(cells.refused, step.refused ? time(step.refused.p99) : "–");
  }
}
