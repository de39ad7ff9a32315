// How every machine of a fleet does. Rows of the feed hold what each did since the row before.
import { el, byId, put, count, time } from "./dom.js";

const columns = ["agent", "scheduled", "sent", "dropped", "lag p99", "clock within", "CPU", "machine", "state"];
const fewSeconds = 3; // of silence, that no viewer needs to know of

let body = null, rows = new Map();

export function begin() {
  const panel = byId("fleet");
  panel.hidden = true;
  panel.querySelector(".scroll")?.remove();
  rows = new Map();
  body = el("tbody");
  panel.append(el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Machines of the fleet" }, el("table", {},
    el("thead", {}, el("tr", {}, columns.map((name) => el("th", { scope: "col" }, name)))), body)));
}

export function draw(store) {
  byId("fleet").hidden = store.agents.size === 0;
  for (const [name, agent] of store.agents) {
    let row = rows.get(name);
    if (!row) {
      row = Object.fromEntries(["scheduled", "sent", "dropped", "lag", "clock", "cpu", "machine", "state"].map((key) => [key, el("td")]));
      rows.set(name, row);
      body.append(el("tr", {}, el("th", { scope: "row" }, agent.part ? `${name} (${agent.part})` : name), Object.values(row)));
    }
    put(row.scheduled, agent.part ? "–" : count(agent.scheduled));
    put(row.sent, agent.part ? "–" : count(agent.started));
    put(row.dropped, agent.part ? "–" : count(agent.dropped));
    put(row.lag, agent.lag ? time(agent.lag.p99) : "–");
    put(row.clock, time(agent.clock));
    put(row.cpu, agent.cpu === undefined ? "–" : `${agent.cpu.toFixed(2)} cores`);
    put(row.machine, agent.share === undefined ? "–" : `${Math.round(100 * agent.share)} %`);
    row.machine.classList.toggle("bad", agent.share > 0.95);
    const state = stateOf(agent);
    put(row.state, state);
    row.state.classList.toggle("bad", state !== "plays");
    row.dropped.classList.toggle("bad", agent.dropped > 0);
  }
}

function stateOf(agent) {
  if (agent.lost) return `lost: ${agent.lost}`;
  if (agent.silent >= fewSeconds) return `silent for ${time(Math.floor(agent.silent))}`;
  return "plays";
}
