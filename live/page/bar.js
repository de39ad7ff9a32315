// What is played, its phase, and how much of it has passed.
import { byId, put, clock, opening, timeOfDay } from "./dom.js";

let over = false;



export function begin(run) {
  over = false;
  opening(run.opens);
  document.title = `${run.scenario} · ombak`;
  put(byId("name"), run.scenario);
  put(byId("what"), [run.title, run.plan ? `plan ${run.plan}` : "", run.engine === "simulated" ? "simulated" : `live, ${run.command}`].filter(Boolean).join(" · "));
  put(byId("clock"), "starting");
}

export function wait(waits) {
  put(byId("clock"), waits ? "waiting for Start" : "starting");
}

export function draw(store) {
  const { run, last } = store;
  if (!last || over) return;
  const left = Math.max(0, run.until_s - last.at_s), day = timeOfDay(last.scenario_s);
  put(byId("clock"), `${last.phase} · ${clock(last.scenario_s)} of ${clock(run.ends_s)} from the opening${day ? ` · ${day}` : ""} · ${clock(left)} left`);
  byId("progress").value = Math.max(0, Math.min(1, last.at_s / run.until_s));
}

export function connected(is) {
  const node = byId("connection");
  node.classList.toggle("bad", !is);
  put(node, is ? "" : "The connection was cut; trying again.");
}

export { end as over };
function end() {
  over = true;
  put(byId("clock"), "ended");
  byId("progress").value = 1;
}
