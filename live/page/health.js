// The generator's own health: if it is late, the figures are its own and not the service's.
import { el, byId, put, time, count, percent } from "./dom.js";

let cells = {};

export function begin(run) {
  const panel = byId("health");
  panel.querySelector("dl")?.remove();
  panel.querySelector(".verdict")?.remove();
  if (run.engine === "simulated") {
    panel.querySelector("h2").textContent = "People";
  }
  const cell = (key, label) => { cells[key] = el("dd", {}, "–"); return [el("dt", {}, label), cells[key]]; };
  cells = {};
  const list = el("dl", { class: "facts" }, cell("scheduled", "scheduled"), cell("under", "under way"), cell("finished", "through or gone"));
  if (run.engine !== "simulated") list.append(...cell("dropped", "dropped"), ...cell("lag", "lag p99"), ...cell("cpu", "its CPU"));
  cells.verdict = el("p", { class: "verdict" }, run.engine === "simulated" ? "" : "valid so far");
  panel.append(cells.verdict, list);
}

export function draw(store) {
  const { totals, run } = store;
  put(cells.scheduled, run.scheduled && totals.scheduled <= run.scheduled ? `${count(totals.scheduled)} of ${count(run.scheduled)}` : count(totals.scheduled));
  put(cells.under, count(Math.max(0, totals.started - totals.finished)));
  put(cells.finished, count(totals.finished));
  if (run.engine === "simulated") return;
  put(cells.dropped, count(totals.dropped));
  put(cells.lag, store.lag ? time(store.lag.p99) : "–");
  const generator = store.processes.get("generator");
  put(cells.cpu, generator ? `${generator.cpu.toFixed(2)} cores` + (run.cpus ? ` (${percent(generator.cpu / run.cpus)})` : "") : "–");
  cells.cpu.hidden = cells.cpu.previousElementSibling.hidden = store.agents.size > 0; // elsewhere, and told at the end
  cells.dropped.classList.toggle("bad", totals.dropped > 0);
  cells.verdict.classList.toggle("bad", store.doubts.length > 0);
  put(cells.verdict, store.doubts.length > 0 ? `not valid: ${store.doubts.join("; ")}` : "valid so far");
}
