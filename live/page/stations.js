// How busy every station and dependency is, what waits there, and which faults and changed settings stand there.
import { el, byId, put, clock, count, percent } from "./dom.js";
import { changed } from "./actions.js";
import { Chart } from "./chart.js";

let chart = null, body = null, rows = new Map(), chosen = "";

const seriesOf = (name) => [
  { name: `station/${name}/busy`, label: "utilization", colour: "--cool", fill: true },
  { name: `station/${name}/queued`, label: "queue", colour: "--bad", greatest: true, scale: "right" },
];

export function begin() {
  const panel = byId("stations");
  panel.querySelector(".scroll")?.remove();
  rows = new Map();
  chosen = "";
  body = el("tbody");
  panel.querySelector("h2").after(el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Stations" }, el("table", {},
    el("thead", {}, el("tr", {}, ["name", "in use", "queue", "refused"].map((name) => el("th", { scope: "col" }, name)))), body)));
}

export function draw(store) {
  for (const [name, station] of store.stations) {
    let row = rows.get(name);
    if (!row) row = add(name);
    put(row.use, station.servers > 0 ? `${percent(station.share)} of ${count(station.servers)}` : "–");
    put(row.queue, count(station.queued));
    put(row.refused, count(station.refused));
    const stands = [...faultsOf(name, store), ...changed(name)].join("; ");
    put(row.stands, stands);
    row.stands.hidden = stands === "";
    row.fill.style.width = `${100 * (station.share || 0)}%`;
    row.fill.className = station.share > 0.9 ? "hot" : "through";
  }
}

// faultsOf says which faults a part has now, and until when.
function faultsOf(name, store) {
  const now = store.now;
  return store.marks.filter((mark) => mark.do === "fault" && (mark.on ?? "").split(", ").includes(name) && mark.scenario_s <= now && !(mark.scenario_for_s > 0 && now >= mark.scenario_s + mark.scenario_for_s))
    .map((mark) => `fault: ${mark.text}, since ${clock(mark.scenario_s)}${mark.scenario_for_s > 0 ? ` until ${clock(mark.scenario_s + mark.scenario_for_s)}` : ""}`);
}

function add(name) {
  const row = { use: el("td"), queue: el("td"), refused: el("td"), fill: el("i", { class: "through" }), stands: el("span", { class: "stands", hidden: true }) };
  rows.set(name, row);
  body.append(el("tr", {}, el("th", { scope: "row" }, el("button", { type: "button", class: "plain", onclick: () => choose(name) }, name), row.stands, el("span", { class: "track", "aria-hidden": "true" }, row.fill)), row.use, row.queue, row.refused));
  if (!chosen || (name === "dukcapil" && rows.size < 12)) choose(name);
  return row;
}

function choose(name) {
  chosen = name;
  const label = `Utilization and queue of ${name}`;
  if (!chart) chart = new Chart(byId("stations"), { label, series: seriesOf(name), unit: percent, right: count, least: 0.05, rightLeast: 5 });
  else { chart.label = label; chart.show(seriesOf(name)); }
  chart.legend.dataset.title = name;
}
