// The rows of the run, in columns. A column takes four bytes a row, so that 21 hours of seconds fit.

class Column {
  constructor() { this.values = new Float32Array(1024).fill(NaN); }
  set(row, value) {
    if (row >= this.values.length) {
      const longer = new Float32Array(Math.max(row + 1, this.values.length * 2)).fill(NaN);
      longer.set(this.values);
      this.values = longer;
    }
    this.values[row] = value;
  }
}

export class Store {
  constructor(run) {
    this.run = run;
    this.length = 0; // rows
    this.row = 0; // number of the last row: those of a long run are merged
    this.at = new Float64Array(1024); // end of each row on the scenario's clock, s from the opening
    this.real = new Float64Array(1024); // the same instant in real seconds since the run began
    this.columns = new Map();
    this.steps = new Map(run.steps.map((step) => [step.name, { entered: 0, passed: 0, rate: 0, declined: 0, lost: 0, waiting: 0, served: null, refused: null }]));
    this.stations = new Map();
    this.processes = new Map();
    this.agents = new Map(); // generators of a fleet
    this.totals = { scheduled: 0, started: 0, dropped: 0, finished: 0 };
    this.marks = [];
    this.thresholds = [];
    this.doubts = [];
    this.last = null;
    this.lag = null;
  }

  // column returns a column by its name, as in step/sign-up/p99.
  column(name) {
    let column = this.columns.get(name);
    if (!column) this.columns.set(name, column = new Column());
    return column;
  }

  set(name, value) { this.column(name).set(this.length, value); }

  add(row) {
    if (row.for_s === 0) { this.told(row); return; } // of a clock that is paused
    if (this.length >= this.at.length) {
      for (const clock of ["at", "real"]) {
        const longer = new Float64Array(this[clock].length * 2);
        longer.set(this[clock]);
        this[clock] = longer;
      }
    }
    const span = row.for_s > 0 ? row.for_s : 1;
    this.at[this.length] = row.scenario_s;
    this.real[this.length] = row.at_s;
    for (const key of Object.keys(this.totals)) this.totals[key] += row[key];
    this.set("scheduled", row.scheduled / span);
    this.set("finished", row.finished / span);
    this.set("dropped", row.dropped / span);
    if (row.lag_s) { this.lag = row.lag_s; this.set("lag", row.lag_s.p99); }
    this.addSteps(row, span);
    for (const station of row.stations ?? []) {
      const busy = station.servers > 0 ? Math.min(1, station.busy / station.servers) : NaN;
      const refused = (this.stations.get(station.name)?.refused ?? 0) + (station.rejections ?? 0);
      this.stations.set(station.name, { ...station, share: busy, refused });
      this.set(`station/${station.name}/busy`, busy);
      this.set(`station/${station.name}/queued`, station.queued);
    }
    if (row.machine) { this.machine = row.machine; this.set("machine", row.machine.cpu_share); }
    for (const process of row.processes ?? []) {
      this.processes.set(process.name, process);
      this.set(`process/${process.name}`, process.cpu);
    }
    for (const agent of row.agents ?? []) this.addAgent(agent);
    if (row.thresholds) this.thresholds = row.thresholds;
    this.doubts = row.doubts ?? [];
    this.last = row;
    this.length++;
    this.told(row);
  }

  // told keeps what a row tells of the timeline.
  told(row) {
    for (const mark of row.marks ?? []) this.mark(mark);
    this.row = row.row;
  }

  addAgent(agent) {
    const total = this.agents.get(agent.agent) ?? { scheduled: 0, started: 0, dropped: 0, finished: 0, lag: null };
    for (const key of ["scheduled", "started", "dropped", "finished"]) total[key] += agent[key];
    total.lag = agent.lag_s ?? total.lag;
    total.clock = agent.clock_bound_s;
    total.part = agent.part;
    total.cpu = agent.cpu ?? total.cpu;
    total.share = agent.cpu_share ?? total.share;
    total.silent = agent.silent_s;
    total.lost = agent.lost;
    this.agents.set(agent.agent, total);
  }

  addSteps(row, span) {
    let lost = 0;
    const seen = new Set();
    for (const step of row.steps ?? []) {
      const total = this.steps.get(step.step);
      if (!total) continue;
      seen.add(step.step);
      const away = (step.rejected ?? 0) + (step.failed ?? 0) + (step.timed_out ?? 0) + (step.abandoned ?? 0);
      lost += away;
      total.entered += step.entered ?? 0;
      total.passed += step.passed ?? 0;
      total.rate = (step.passed ?? 0) / span;
      total.declined += step.declined ?? 0;
      total.lost += away;
      total.waiting = step.waiting ?? 0;
      if (step.served_s) total.served = step.served_s;
      if (step.refused_s) total.refused = step.refused_s;
      this.set(`step/${step.step}/entered`, (step.entered ?? 0) / span);
      this.set(`step/${step.step}/passed`, (step.passed ?? 0) / span);
      this.set(`step/${step.step}/waiting`, step.waiting ?? 0);
      for (const name of ["p50", "p95", "p99"]) {
        if (step.served_s?.[name] > 0) this.set(`step/${step.step}/${name}`, step.served_s[name]);
        if (step.refused_s?.[name] > 0) this.set(`step/${step.step}/refused/${name}`, step.refused_s[name]);
      }
    }
    for (const [name, total] of this.steps) {
      if (seen.has(name)) continue;
      total.waiting = total.rate = 0;
      this.set(`step/${name}/entered`, 0);
      this.set(`step/${name}/passed`, 0);
    }
    this.set("lost", lost / span);
  }

  // now is the instant of the scenario that has been reached. An action takes effect at the whole millisecond that follows, and
  // a fault that was ended at once lasts another one.
  get now() { return (this.last?.scenario_s ?? 0) + 0.002; }

  // mark adds an event of the timeline. A fault that has ended replaces its beginning.
  mark(mark) {
    const same = this.marks.findIndex((m) => m.scenario_s === mark.scenario_s && m.kind === mark.kind && m.text === mark.text);
    if (same >= 0) this.marks[same] = mark;
    else this.marks.push(mark);
    this.marks.sort((a, b) => a.scenario_s - b.scenario_s);
  }

  // foretell keeps what a model foretells.
  foretell(forecast) { this.forecast = forecast; }

  // foretold returns a prediction of a figure at the ends of rows: of, as in with or without, and which, as in low.
  foretold(of, figure, which, x) {
    const prediction = this.forecast?.[of], values = prediction?.figures[figure]?.[which];
    if (!values) return x.map(() => null);
    return x.map((end) => {
      const value = values[Math.max(0, Math.ceil(this.realAt(end) / prediction.width_s - 1e-6) - 1)];
      return value === undefined || value > 1e30 ? null : value;
    });
  }

  // realAt returns the real seconds at the end of a row, given its end on the scenario's clock.
  realAt(seconds) { return this.real[Math.min(this.rowAt(seconds), this.length - 1)]; }

  // before returns the instant of the scenario a number of real seconds before the last row.
  before(seconds) {
    let row = this.length - 1;
    const from = this.real[row] - seconds;
    if (from < 0) return Math.min(this.run.begins_s, this.at[0]);
    while (row > 0 && this.real[row - 1] >= from) row--;
    return this.at[row] - (this.real[row] - from);
  }

  // rowAt returns the first row that ends at or after an instant.
  rowAt(seconds) {
    let low = 0, high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at[middle] < seconds) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // cut returns the named columns between two instants, in at most the given number of points. Of the rows of one point, the
  // mean is taken, or the greatest value.
  cut(names, from, to, points) {
    const first = Math.max(0, this.rowAt(from) - 1), last = Math.min(this.length, this.rowAt(to) + 1);
    const width = Math.max(1, Math.ceil((last - first) / points));
    const start = first - first % width; // the same rows always share a point
    const x = [];
    for (let row = start; row < last; row += width) x.push(this.at[Math.min(row + width, this.length) - 1]);
    const data = [x];
    for (const { name, greatest } of names) {
      const values = this.columns.get(name)?.values, ys = [];
      for (let row = start; row < last; row += width) ys.push(values ? join(values, row, Math.min(row + width, this.length), greatest) : null);
      data.push(ys);
    }
    return data;
  }
}

function join(values, from, to, greatest) {
  let sum = 0, known = 0, most = -Infinity;
  for (let row = from; row < to; row++) {
    const value = values[row];
    if (value !== value || value === undefined) continue;
    sum += value;
    known++;
    if (value > most) most = value;
  }
  if (known === 0) return null;
  return greatest ? most : sum / known;
}
