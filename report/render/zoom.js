// Draws the seconds of the run as charts that zoom: drag to zoom in, double-click or 0 to see all, arrow keys
// to move, + and - to zoom. Without JavaScript the figures of the page show the same data.
(function () {
  "use strict";
  var data = JSON.parse(document.getElementById("seconds").textContent);
  var section = document.getElementById("closer"), pick = document.getElementById("closer-step");
  section.hidden = false;
  data.steps.forEach(function (step, i) {
    var option = document.createElement("option");
    option.value = i;
    option.textContent = step.step;
    pick.appendChild(option);
  });
  pick.value = data.first;
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  var charts = [], all = [data.t[0], data.t[data.t.length - 1]];

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }
  function line(label, stroke, dash) {
    return { label: label, stroke: stroke, width: 1.5, dash: dash, spanGaps: false, points: { show: false } };
  }
  function clock(seconds) {
    if (seconds < 120) return Math.round(seconds * 100) / 100 + " s";
    if (seconds < 7200) return Math.round(seconds / 6) / 10 + " min";
    return Math.round(seconds / 36) / 100 + " h";
  }
  function time(seconds) {
    if (seconds == null) return "–";
    if (seconds < 0.001) return Math.round(seconds * 1e6) + " µs";
    if (seconds < 1) return Math.round(seconds * 1e4) / 10 + " ms";
    return Math.round(seconds * 100) / 100 + " s";
  }
  function draw(into, title, lines, columns, values, log) {
    var axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
    var options = {
      title: title, width: into.clientWidth, height: 260, cursor: { sync: { key: "ombak" }, drag: { x: true, y: false } },
      scales: { x: { time: false }, y: log ? { distr: 3 } : { range: function (u, low, high) { return [0, high > 0 ? high * 1.05 : 1]; } } },
      series: [{ label: "time", value: function (u, v) { return v == null ? "–" : clock(v); } }].concat(lines),
      axes: [
        Object.assign({ values: function (u, ticks) { return ticks.map(clock); }, space: 80 }, axis),
        Object.assign({ size: 70, values: function (u, ticks) { return ticks.map(function (v) { return v == null ? "" : values(v); }); } }, axis)
      ]
    };
    lines.forEach(function (l) { l.value = function (u, v) { return v == null ? "–" : values(v); }; });
    var chart = new uPlot(options, [data.t].concat(columns), into);
    into.uplot = chart;
    charts.push(chart);
  }
  function number(v) { return Math.round(v * 10) / 10 + ""; }
  function show() {
    var step = data.steps[pick.value];
    charts.forEach(function (c) { c.destroy(); });
    charts = [];
    draw(document.getElementById("closer-people"), "People per second at " + step.step,
      [line("entered", colour("--ink"), [5, 3]), line("passed", colour("--good")), line("rejected, failed, timed out or left", colour("--fail"))],
      [step.entered, step.passed, step.lost], number, false);
    draw(document.getElementById("closer-times"), "Response time at " + step.step + " (log scale)",
      [line("p50", "#56b4e9"), line("p95", colour("--accent")), line("p99", colour("--fail"))], [step.p50, step.p95, step.p99], time, true);
  }
  function range(from, to) {
    charts.forEach(function (c) { c.setScale("x", { min: from, max: to }); });
  }
  section.addEventListener("keydown", function (event) {
    if (event.target === pick || !charts.length) return;
    var x = charts[0].scales.x, length = x.max - x.min, middle = (x.max + x.min) / 2;
    if (event.key === "ArrowLeft") range(x.min - length / 4, x.max - length / 4);
    else if (event.key === "ArrowRight") range(x.min + length / 4, x.max + length / 4);
    else if (event.key === "+" || event.key === "=") range(middle - length / 4, middle + length / 4);
    else if (event.key === "-") range(middle - length, middle + length);
    else if (event.key === "0") range(all[0], all[1]);
    else return;
    event.preventDefault();
  });
  document.getElementById("closer-all").addEventListener("click", function () { range(all[0], all[1]); });
  pick.addEventListener("change", show);
  dark.addEventListener("change", show);
  new ResizeObserver(function () {
    charts.forEach(function (c) { c.setSize({ width: c.root.parentNode.clientWidth, height: 260 }); });
  }).observe(section);
  show();
})();
