// CPU and memory of the machine and of every part.
import { el, byId, put, percent, bytes } from "./dom.js";
import { Chart } from "./chart.js";

let chart = null, body = null, rows = new Map(), memory = null;

export function begin(run) {
  const panel = byId("machine");
  put(byId("machine-title"), "CPU and memory");
  panel.hidden = run.engine === "simulated";
  if (panel.hidden) return;
  panel.querySelector(".scroll")?.remove();
  panel.querySelector(".quiet")?.remove();
  rows = new Map();
  body = el("tbody");
  memory = el("p", { class: "quiet" });
  if (!chart) chart = new Chart(panel, { label: "CPU of the whole machine", series: [{ name: "machine", label: "machine", colour: "--cool", fill: true }], unit: percent, least: 0.1 });
  panel.append(memory, el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Processes" }, el("table", {},
    el("thead", {}, el("tr", {}, ["process", "cores", "memory"].map((name) => el("th", { scope: "col" }, name)))), body)));
}

export function draw(store) {
  if (!body) return;
  if (store.agents.size > 0) put(byId("machine-title"), "CPU and memory of the conductor's machine");
  if (store.machine) put(memory, `${bytes(store.machine.memory_available_bytes)} of memory available`);
  for (const [name, process] of store.processes) {
    let row = rows.get(name);
    if (!row) {
      row = { cores: el("td"), memory: el("td") };
      rows.set(name, row);
      body.append(el("tr", {}, el("th", { scope: "row" }, name), row.cores, row.memory));
    }
    put(row.cores, process.cpu.toFixed(2));
    put(row.memory, bytes(process.rss_bytes));
  }
}
