// The control room: it reads the feed, keeps the rows, and tells every panel when there are new ones.
import { byId, put, say } from "./dom.js";
import { Store } from "./store.js";
import { use, redraw } from "./chart.js";
import * as bar from "./bar.js";
import * as ending from "./ending.js";
import * as thresholds from "./thresholds.js";
import * as health from "./health.js";
import * as flow from "./flow.js";
import * as funnel from "./funnel.js";
import * as times from "./times.js";
import * as stations from "./stations.js";
import * as machine from "./machine.js";
import * as fleet from "./fleet.js";
import * as clock from "./clock.js";
import * as timeline from "./timeline.js";
import * as actions from "./actions.js";

const panels = [bar, clock, thresholds, health, flow, funnel, times, stations, machine, fleet, timeline, actions];
let store = null, source = null, stale = false;

async function begin() {
  const answer = await fetch("/v1/run");
  if (answer.status === 401) { gone("This link has expired. Open the one that ombak printed last."); return; }
  const run = await answer.json();
  store = new Store(run);
  use(store);
  ending.hide();
  for (const panel of panels) panel.begin?.(run, store);
  window.room = { store }; // for tests and the curious
}

function connect() {
  source = new EventSource("/v1/feed");
  source.onopen = () => bar.connected(true);
  source.onerror = () => {
    bar.connected(false);
    if (source.readyState === EventSource.CLOSED) gone("The run's page has closed. The report is in the run's folder.");
  };
  source.addEventListener("run", async (event) => {
    queue.length = 0;
    pending = begin().then(() => { pending = null; if (waits) { actions.wait(true); bar.wait(true); } clock.turn(turn, store.run); drain(); });
  });
  source.onmessage = (event) => { queue.push(event.data); if (!pending) later(); };
  source.addEventListener("wait", (event) => { waits = event.data === "true"; if (!pending) { actions.wait(waits); bar.wait(waits); } });
  source.addEventListener("clock", (event) => { turn = JSON.parse(event.data); if (!pending) clock.turn(turn, store.run); });
  source.addEventListener("offers", () => { if (!pending) actions.refresh().then(later); });
  source.addEventListener("twin", (event) => { twin = JSON.parse(event.data); later(); });
  source.addEventListener("end", (event) => { end = JSON.parse(event.data); later(); });
}

// mostRows is how many rows a page keeps before it begins again: the server has merged those of a long run.
const mostRows = 100000;

function again() {
  source.close();
  queue.length = 0;
  connect();
}

const queue = [];
let pending = null, end = null, twin = null, turn = null, drawn = 0, waits = false;

// later draws with the next frame, however many rows come until then.
function later() {
  if (stale) return;
  stale = true;
  const frame = document.hidden ? (f) => setTimeout(f, 500) : requestAnimationFrame;
  frame(() => { stale = false; drain(); });
}

function drain() {
  if (pending || !store) return;
  if (twin) { store.foretell(twin); actions.foretold(twin); twin = null; }
  const many = queue.length > 300; // a viewer who comes late reads more at a time, and draws seldom
  const until = performance.now() + (many ? 80 : 12); // the rest waits for the next frame
  let read = 0;
  while (read < queue.length && performance.now() < until) {
    const row = JSON.parse(queue[read++]);
    if (row.row <= store.row) continue; // after a reconnection
    store.add(row);
    for (const mark of row.marks ?? []) if (mark.kind !== "phase") say(mark.text);
  }
  queue.splice(0, read);
  if (store.length > mostRows) { again(); return; }
  if (many && queue.length > 0 && performance.now() - drawn < 1000) { later(); return; }
  drawn = performance.now();
  for (const panel of panels) panel.draw?.(store);
  redraw();
  if (queue.length > 0) { later(); return; }
  if (end) { ending.show(end, store); actions.over(); clock.over(); bar.over(end); end = null; }
}

document.addEventListener("closed", () => {
  source.close();
  gone("You closed this page. The report is in the run's folder.");
});

function gone(text) {
  put(byId("connection"), text);
  byId("connection").classList.add("bad");
}


connect();
