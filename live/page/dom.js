// Small helpers. Texts always become text nodes, so nothing in a scenario can become markup.

export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "class") made.className = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) if (child !== null && child !== undefined) made.append(child);
  return made;
}

export const byId = (id) => document.getElementById(id);

// put sets a text only if it differs, so that nothing is laid out again in vain.
export function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function clock(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  const sign = seconds < 0 ? "−" : "";
  const whole = Math.floor(Math.abs(seconds) + 1e-6);
  const h = Math.floor(whole / 3600), m = Math.floor(whole / 60) % 60, s = whole % 60;
  const two = (n) => String(n).padStart(2, "0");
  return sign + (h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`);
}

let opens = null, shift = 0; // time of day of the opening, in ms, and its zone's distance from UTC

// opening sets the time of day at which the scenario opens, as in 2020-04-11T19:00:00+07:00; it may be unknown.
export function opening(text) {
  const zone = /([+-])(\d\d):(\d\d)$/.exec(text ?? "");
  opens = text ? Date.parse(text) : null;
  shift = zone ? (zone[1] === "-" ? -1 : 1) * (Number(zone[2]) * 60 + Number(zone[3])) * 60000 : 0;
}

// timeOfDay returns the time of day at an instant of the scenario, with the day if it is another than that of the opening.
export function timeOfDay(seconds) {
  if (opens === null || !Number.isFinite(seconds)) return "";
  const text = new Date(opens + shift + Math.floor(seconds + 1e-6) * 1000).toISOString();
  const day = new Date(opens + shift).toISOString().slice(0, 10);
  return (text.slice(0, 10) === day ? "" : text.slice(0, 10) + " ") + text.slice(11, 19);
}

export function count(value) {
  if (!Number.isFinite(value)) return "–";
  return Math.round(value).toLocaleString("en-US");
}

export function rate(value) {
  if (!Number.isFinite(value)) return "–";
  if (value >= 100 || value === 0) return count(value);
  return value.toPrecision(2).replace(/\.0$/, "");
}

export function time(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds === 0) return "0";
  if (seconds < 0.001) return `${Number((seconds * 1e6).toPrecision(3))} µs`;
  if (seconds < 1) return `${Number((seconds * 1e3).toPrecision(3))} ms`;
  if (seconds < 100) return `${Number(seconds.toPrecision(3))} s`;
  return clock(seconds);
}

export function percent(share) {
  if (!Number.isFinite(share)) return "–";
  if (share === 0 || share >= 0.1) return `${Math.round(share * 100)} %`;
  return `${Number((share * 100).toPrecision(2))} %`;
}

export function bytes(value) {
  if (!Number.isFinite(value) || value <= 0) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let place = 0;
  while (value >= 1024 && place < units.length - 1) { value /= 1024; place++; }
  return `${Number(value.toPrecision(3))} ${units[place]}`;
}

// say tells screen readers what happened.
export function say(text) {
  put(byId("news"), text);
}
