// What happened, the latest first.
import { el, byId, clock, timeOfDay } from "./dom.js";
import { back } from "./actions.js";

let list = null, shown = -1;

export function begin() {
  const panel = byId("timeline");
  panel.querySelector("ol")?.remove();
  list = el("ol", { class: "timeline" });
  panel.append(list);
  shown = -1;
}

export function draw(store) {
  const now = store.now;
  const entries = store.marks.filter((mark) => mark.scenario_s <= now).map((mark) => ({ mark, state: state(mark, now), back: back(mark, store.marks, now) })).reverse();
  const text = JSON.stringify(entries);
  if (text === shown) return;
  shown = text;
  list.replaceChildren(...entries.map(({ mark, state, back }) => el("li", { class: mark.kind },
    el("time", {}, clock(mark.scenario_s), el("small", {}, timeOfDay(mark.scenario_s))), el("span", {}, mark.kind === "phase" ? `${mark.text} begins` : mark.text),
    el("em", {}, state, back && [" ", el("button", { type: "button", class: "back", "aria-label": `${back.label}: ${mark.text}`, onclick: back.act }, back.label)]))));
}

function state(mark, now) {
  if (mark.kind === "phase") return "";
  if (mark.scenario_for_s > 0) return now < mark.scenario_s + mark.scenario_for_s ? "on" : "over";
  return mark.do === "fault" ? "on" : "";
}
