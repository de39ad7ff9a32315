// Each threshold, and how far it is from breaking.
import { el, byId, put } from "./dom.js";

let rows = [];

export function begin(run) {
  const panel = byId("thresholds");
  panel.querySelector("ul")?.remove();
  panel.querySelector("p")?.remove();
  rows = [];
  if (run.thresholds.length === 0) { panel.append(el("p", { class: "quiet" }, "The scenario has none.")); return; }
  rows = run.thresholds.map((source) => {
    const meter = el("span", { class: "meter" }, el("i"));
    return { source, item: el("li", {}, el("code", {}, source), el("span", { class: "found" }, "not judged yet"), meter), fill: meter.firstChild };
  });
  panel.append(el("ul", { class: "thresholds" }, rows.map((row) => row.item)));
}

export function draw(store) {
  store.thresholds.forEach((standing, i) => {
    const row = rows[i];
    if (!row) return;
    const broken = standing.verdict === "fail", known = standing.room !== undefined;
    const near = known && !broken && standing.room < 0.1;
    row.item.className = broken ? (standing.severity === "warn" ? "warned" : "broken") : near ? "near" : known ? "held" : "";
    const room = known && Math.abs(standing.room) < 1e6 ? ` · ${Math.abs(standing.room * 100).toFixed(Math.abs(standing.room) < 0.1 ? 1 : 0)} % ${broken ? "over what it allows" : "of what it allows is left"}` : "";
    const word = standing.severity === "warn" ? "only warns: " : broken ? "broken: " : "";
    put(row.item.querySelector(".found"), standing.found ? word + standing.found + room : standing.reason || "not known yet");
    row.fill.style.width = known ? `${Math.max(3, Math.min(100, (1 - Math.max(0, standing.room)) * 100))}%` : "0";
  });
}
