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
  const whole = Math.floor(Math.abs(seconds));
  const h = Math.floor(whole / 3600), m = Math.floor(whole / 60) % 60, s = whole % 60;
  const two = (n) => String(n).padStart(2, "0");
  return sign + (h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`);
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
