// The clock of a simulation: pause, go on, another pace, and at once to an instant. It changes no result.
import { el, byId, put, clock, say } from "./dom.js";
import { post } from "./actions.js";

const paces = ["1x", "2x", "5x", "10x", "30x", "60x", "120x", "600x", "max"];
let box = null, pause = null, pace = null, until = null, trouble = null, told = null;

export function begin(run) {
  box?.remove();
  box = told = null;
  turn(run.clock, run);
}

// turn shows how the clock goes. Who may only look sees it too.
export function turn(now, run) {
  if (!now || now.why_not) return;
  if (!box) make(run.acts);
  const was = told;
  told = now;
  put(pause, now.paused ? "Go on" : "Pause");
  if (![...pace.options].some((option) => option.value === now.pace)) pace.append(el("option", { value: now.pace }, now.pace));
  pace.value = now.pace;
  put(box.querySelector("output"), text(now));
  if (was && text(was) !== text(now)) say(`The clock: ${text(now)}.`);
}

function text(now) {
  if (now.until_s) return `goes to ${clock(now.until_s)} at once`;
  return now.paused ? `paused at ${clock(now.at_s)}` : `goes at ${now.pace}`;
}

function make(acts) {
  pause = el("button", { type: "button", id: "pause", onclick: () => send({ paused: !told.paused }) });
  pace = el("select", { id: "pace", onchange: () => send({ pace: pace.value }) }, paces.map((name) => el("option", { value: name }, name)));
  until = el("input", { id: "until", placeholder: "5m", size: "6", autocomplete: "off" });
  trouble = el("span", { class: "bad", role: "alert" });
  const jump = el("form", { class: "tools", onsubmit: (event) => { event.preventDefault(); send({ until: until.value.trim() }); } },
    el("label", {}, "at once to ", until), el("button", { type: "submit" }, "Go there"));
  box = el("div", { id: "wall", class: "tools", role: "group", "aria-label": "Clock of the simulation" }, acts ? [pause, el("label", {}, "pace ", pace), jump] : [], el("output"), trouble);
  byId("progress").after(box);
}

async function send(change) {
  const answer = await post("/v1/clock", change);
  put(trouble, answer.error ?? "");
  if (answer.error) pace.value = told.pace;
  else if (change.until) until.value = "";
}

export function over() { box?.remove(); box = null; }
