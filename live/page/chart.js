// Charts of the columns of the store. All charts show the same time, shade the same faults, and are worked by mouse and by
// keyboard.
import { el, clock } from "./dom.js";

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400]; // between two times on the axis, s
const charts = new Set();
const view = { from: 0, to: 60, follow: 120 }; // follow: seconds at the end of the run to show; Infinity means all

let store = null;

export function use(next) { store = next; }

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// first returns where the run begins, before the opening if people come before it.
const first = () => Math.min(0, store.run.begins_s, store.at[0]);

// shown returns the instants that are shown.
function shown() {
  if (!store || store.length === 0) return [0, 60];
  const end = store.at[store.length - 1];
  if (view.follow) {
    const from = view.follow === Infinity ? first() : Math.max(first(), store.before(view.follow));
    return [from, Math.max(end, from + 10)];
  }
  return [view.from, view.to];
}

export function follow(seconds) { view.follow = seconds; redraw(); }

export function zoom(from, to) {
  if (!store || store.length === 0 || !(to - from >= 2)) return;
  const begins = first(), end = store.at[store.length - 1], length = Math.min(to - from, Math.max(10, end - begins));
  view.from = Math.max(begins, Math.min(from, end - length));
  view.to = view.from + length;
  view.follow = 0;
  redraw();
}

export function redraw() { for (const chart of charts) chart.draw(); }

export class Chart {
  // series: [{name, label, colour, greatest, scale, fill}], unit formats the left axis.
  constructor(into, { label, series, unit, log, right, least, rightLeast }) {
    this.series = series;
    this.label = label;
    this.unit = unit;
    this.right = right;
    this.log = log;
    this.least = least ?? 0; // the axis reaches at least this far
    this.rightLeast = rightLeast ?? 0;
    this.box = el("div", { class: "chart", tabindex: "0", role: "img", "aria-label": label, onkeydown: (event) => this.key(event) });
    this.legend = el("ul", { class: "legend" });
    into.append(this.legend, this.box);
    this.plot = null;
    charts.add(this);
    new ResizeObserver(() => this.size()).observe(this.box);
  }

  show(series) {
    this.series = series;
    this.rebuild();
  }

  rebuild() {
    this.plot?.destroy();
    this.plot = null;
    this.draw();
  }

  size() {
    const width = this.box.clientWidth, height = this.box.clientHeight;
    if (this.plot && width > 0 && (width !== this.plot.width || height !== this.plot.height)) this.plot.setSize({ width, height });
  }

  draw() {
    if (!store || this.box.clientWidth === 0) return;
    const [from, to] = shown();
    const data = store.cut(this.series, from, to, Math.max(200, Math.min(1000, this.box.clientWidth)));
    for (const s of this.series) if (s.twin) this.predict(data, s.twin, to);
    if (!this.plot) this.make(data);
    else this.plot.setData(data, false);
    this.plot.setScale("x", { min: from, max: to });
    this.tell(data);
  }

  // predict adds the range that was foretold, and what would have come without the last action.
  predict(data, figure, to) {
    data.push(store.foretold("with", figure, "low", data[0]), store.foretold("with", figure, "high", data[0]), store.foretold("without", figure, "mid", data[0]));
  }

  make(data) {
    const text = colour("--faint"), grid = colour("--grid");
    const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 }, font: "12px system-ui, sans-serif" };
    const axes = [{ ...axis, values: (_, ticks) => ticks.map(clock), space: 60, incrs: steps }, { ...axis, values: (_, ticks) => ticks.map((v) => (v === null ? "" : this.unit(v))), size: 62 }];
    if (this.right) axes.push({ ...axis, scale: "right", side: 1, grid: { show: false }, values: (_, ticks) => ticks.map(this.right), size: 52 });
    const above = (least) => (_, low, high) => [0, Math.max((high ?? 0) * 1.08, least || 1e-6)];
    this.plot = new uPlot({
      width: this.box.clientWidth, height: this.box.clientHeight, padding: [8, 18, 0, 0],
      legend: { show: false }, cursor: { drag: { x: true, y: false, setScale: false }, points: { show: false }, sync: { key: "room" } },
      scales: { x: { time: false }, y: this.log ? { distr: 3, range: (_, low, high) => [Math.max(1e-4, (low || 1e-3) / 1.5), Math.max(1e-3, (high || 1) * 1.5)] } : { range: above(this.least) }, right: { range: above(this.rightLeast) } },
      axes,
      series: [{}, ...this.series.map((s) => ({ label: s.label, stroke: colour(s.colour), width: 2, scale: s.scale ?? "y", dash: s.dash, fill: s.fill ? colour(s.colour) + "22" : undefined, points: { show: false }, spanGaps: false })), ...this.twins().flatMap((s) => this.foretold(s))],
      bands: this.twins().map((s, i) => ({ series: [this.series.length + 2 + 3 * i, this.series.length + 1 + 3 * i], fill: colour(s.colour) + "2e" })),
      hooks: { drawClear: [(plot) => this.shade(plot)], setSelect: [(plot) => this.select(plot)] },
    }, data, this.box);
  }

  twins() { return this.series.filter((s) => s.twin); }

  foretold(s) {
    const unseen = { stroke: "transparent", width: 0, points: { show: false }, scale: s.scale ?? "y" };
    return [unseen, unseen, { ...unseen, stroke: colour(s.colour), width: 1, dash: [2, 4] }];
  }

  // shade marks faults and what people did.
  shade(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    for (const mark of store.marks) {
      if (mark.kind === "phase") continue;
      const left = plot.valToPos(mark.scenario_s, "x", true);
      const end = mark.scenario_for_s > 0 ? mark.scenario_s + mark.scenario_for_s : mark.do === "fault" ? store.at[store.length - 1] : mark.scenario_s;
      const right = plot.valToPos(end, "x", true);
      if (right < bbox.left || left > bbox.left + bbox.width) continue;
      const x = Math.max(bbox.left, left), width = Math.min(bbox.left + bbox.width, right) - x;
      ctx.fillStyle = ctx.strokeStyle = colour(mark.kind === "fault" ? "--bad" : "--act");
      ctx.globalAlpha = 0.13;
      if (width > 0) ctx.fillRect(x, bbox.top, width, bbox.height);
      ctx.globalAlpha = 0.8;
      ctx.setLineDash(mark.kind === "fault" ? [] : [4, 3]);
      if (left >= bbox.left) { ctx.beginPath(); ctx.moveTo(x, bbox.top); ctx.lineTo(x, bbox.top + bbox.height); ctx.stroke(); }
    }
    ctx.restore();
  }

  select(plot) {
    const { left, width } = plot.select;
    if (width < 4) return;
    zoom(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  }

  key(event) {
    const [from, to] = shown(), length = to - from;
    const keys = {
      "+": () => zoom(from + length / 4, to - length / 4), "=": () => zoom(from + length / 4, to - length / 4),
      "-": () => zoom(from - length / 2, to + length / 2),
      "ArrowLeft": () => zoom(from - length / 4, to - length / 4), "ArrowRight": () => zoom(from + length / 4, to + length / 4),
      "0": () => follow(Infinity), "End": () => follow(120),
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    keys[event.key]();
    event.preventDefault();
  }

  // tell writes the latest values into the legend and the name for screen readers.
  tell(data) {
    const words = [];
    const items = this.series.map((s, i) => {
      const column = data[i + 1];
      let value = null;
      for (let k = column.length - 1; k >= 0 && value === null; k--) value = column[k];
      const unit = s.scale === "right" ? this.right : this.unit;
      const text = value === null ? "–" : unit(value);
      words.push(`${s.label} ${text}`);
      return [s, text];
    });
    while (this.legend.children.length > items.length) this.legend.lastChild.remove();
    items.forEach(([s, text], i) => {
      let item = this.legend.children[i];
      if (!item) this.legend.append(item = el("li", {}, el("i", {}), el("span"), el("b")));
      item.firstChild.className = "key " + s.colour.slice(2) + (s.dash ? " dashed" : "");
      item.children[1].textContent = s.label;
      item.children[2].textContent = text;
    });
    this.box.setAttribute("aria-label", `${this.label}: ${words.join(", ")}. Keys: plus and minus zoom, arrows move, 0 shows all, End follows.`);
  }
}

// A change of the colour scheme changes every colour.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { for (const chart of charts) chart.rebuild(); });
