// The funnel, with the people who wait at each step.
import { el, byId, put, count, rate } from "./dom.js";

let rows = new Map();

const titles = [["step"], ["passed", "people who passed the step so far"], ["per s", "people who pass now"], ["waiting", "people who wait there now"],
  ["declined", "answers that were a correct no"], ["lost", "attempts that were turned away, failed, took too long or were given up"]];

export function begin(run) {
  const panel = byId("funnel");
  panel.querySelector(".scroll")?.remove();
  rows = new Map();
  const body = el("tbody");
  for (const step of run.steps) {
    const cells = { passed: el("td"), rate: el("td"), waiting: el("td"), declined: el("td"), lost: el("td"), fill: el("i", { class: "through" }), here: el("i", { class: "here" }) };
    body.append(el("tr", {}, el("th", { scope: "row" }, step.name, el("span", { class: "track", "aria-hidden": "true" }, cells.fill, cells.here)), cells.passed, cells.rate, cells.waiting, cells.declined, cells.lost));
    rows.set(step.name, cells);
  }
  panel.append(el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Funnel" }, el("table", {},
    el("thead", {}, el("tr", {}, titles.map(([title, meaning]) => el("th", { scope: "col", title: meaning }, title)))), body)));
}

export function draw(store) {
  let most = 1;
  for (const step of store.steps.values()) most = Math.max(most, step.entered);
  for (const [name, step] of store.steps) {
    const cells = rows.get(name);
    if (!cells) continue;
    put(cells.passed, count(step.passed));
    put(cells.rate, rate(step.rate));
    put(cells.waiting, count(step.waiting));
    put(cells.declined, count(step.declined));
    put(cells.lost, count(step.lost));
    cells.lost.classList.toggle("bad", step.lost > 0);
    cells.fill.style.width = `${100 * step.passed / most}%`;
    cells.here.style.width = `${100 * step.waiting / most}%`;
  }
}
