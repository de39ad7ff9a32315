// What happened, the latest first.
import { el, byId, clock, timeOfDay } from "./dom.js";

let list = null, shown = -1;

export function begin() {
  const panel = byId("timeline");
  panel.querySelector("ol")?.remove();
  list = el("ol", { class: "timeline" });
  panel.append(list);
  shown = -1;
}

export function draw(store) {
  const now = store.last?.scenario_s ?? 0;
  const text = JSON.stringify(store.marks) + store.marks.map((mark) => state(mark, now)).join();
  if (text === shown) return;
  shown = text;
  list.replaceChildren(...store.marks.filter((mark) => mark.scenario_s <= now + 1e-9).reverse().map((mark) => el("li", { class: mark.kind },
    el("time", {}, clock(mark.scenario_s), el("small", {}, timeOfDay(mark.scenario_s))), el("span", {}, mark.kind === "phase" ? `${mark.text} begins` : mark.text), el("em", {}, state(mark, now)))));
}

function state(mark, now) {
  if (mark.kind === "phase") return "";
  if (mark.scenario_for_s > 0) return now < mark.scenario_s + mark.scenario_for_s ? "on" : "over";
  return mark.kind === "fault" && !mark.text.includes(" ends") ? "on" : "";
}
