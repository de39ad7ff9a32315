// What can be done to the run. Each action says what it will do before it does it.
import { el, byId, put, say } from "./dom.js";

let run = null, box = null, offers = [], ended = false, dialog = null, renew = null;

export async function begin(next) {
  run = next;
  ended = false;
  const panel = byId("actions");
  box?.remove();
  box = el("div", { class: "offers" });
  panel.append(box);
  offers = await read();
  if (!run.acts) { box.append(el("p", { class: "quiet" }, "You entered by the link that may only look.")); return; }
  if (offers.length === 0) box.append(el("p", { class: "quiet" }, "Nothing can be done to this run."));
  for (const [i, offer] of offers.entries()) {
    const button = el("button", { type: "button", disabled: Boolean(offer.why_not), "data-do": takesPolicy(offer) ? "policy" : offer.do, title: offer.why_not, onclick: () => open(i) }, offer.title);
    box.append(button);
  }
  const not = offers.filter((offer) => offer.why_not);
  if (run.clock?.why_not) not.push({ title: "Pause the clock", why_not: run.clock.why_not });
  if (not.length) box.append(el("details", {}, el("summary", {}, "What cannot be done here"), el("ul", {}, not.map((offer) => el("li", {}, `${offer.title}: ${offer.why_not}`)))));
  box.append(el("p", { id: "done", role: "status" }));
}

// read returns what can be done, with the present values.
async function read() {
  try {
    const answer = await fetch("/v1/offers");
    return answer.ok ? (await answer.json()).offers : [];
  } catch {
    return [];
  }
}

// refresh shows the present values after somebody has acted, or a schedule.
export async function refresh() {
  const now = await read();
  if (!run || now.length !== offers.length) return; // of another run, which begins
  offers = now;
  renew?.();
}

// changed says which settings of a part, or of policies in front of it, are others than before the run.
export function changed(name) {
  const says = [];
  for (const offer of offers) {
    for (const setting of offer.with ?? []) {
      for (const [place, was] of Object.entries(setting.was ?? {})) {
        if (place === name) says.push(`changed: ${setting.title} ${setting.now?.[place] ?? "none"}, was ${was}`);
        else if (place.slice(place.indexOf(":") + 1) === name && place.includes(":")) says.push(`changed: policy's ${setting.title} ${setting.now?.[place] ?? "none"}, was ${was}`);
      }
    }
  }
  return says;
}

const takesPolicy = (offer) => Boolean(offer.with?.some((setting) => setting.name === "policy"));

// wait shows Start while the run waits for it.
export function wait(waits) {
  byId("start")?.remove();
  if (!waits || !run?.acts) return;
  byId("actions").querySelector("h2").after(el("button", { id: "start", type: "button", class: "main", onclick: start }, "Start"));
}

async function start(event) {
  event.target.disabled = true;
  await post("/v1/start", {});
}

// foretold says what the model foretells, and what the last action changes.
export function foretold(forecast) {
  let node = byId("twin");
  if (!node) byId("actions").append(node = el("p", { id: "twin", role: "status", class: "quiet" }));
  put(node, forecast.says ?? "");
}

export function over() {
  ended = true;
  dialog?.close();
  if (box && run?.acts) for (const button of box.querySelectorAll("button")) button.disabled = true;
}

// back returns what takes back an action that stands, given all entries of the timeline: {label, act}. It is null if nothing does.
export function back(mark, marks, now) {
  const over = mark.scenario_for_s > 0 && now >= mark.scenario_s + mark.scenario_for_s;
  if (!run?.acts || ended || over || mark.planned) return null;
  const later = marks.slice(marks.indexOf(mark) + 1).filter((other) => other.scenario_s <= now);
  const again = (deed) => later.some((other) => other.do === deed && (other.on ?? mark.on) === mark.on && (other.what ?? mark.what) === mark.what);
  switch (mark.do) {
    case "fault": return again("end-fault") ? null : offered("End now", "end-fault", { on: !mark.on || mark.on.includes(",") ? "" : mark.on, "with.fault": mark.what });
    case "hold": return later.some((other) => other.do === "resume" || other.do === "hold") ? null : offered("End now", "resume", {});
    case "arrivals": return Number(mark.what) === 1 || later.some((other) => other.do === "arrivals") ? null : offered("Set back", "arrivals", { "with.factor": "1" });
    case "set": return again("set") ? null : setBack(mark.on);
  }
  return null;
}

// setBack sets a part to what it was before the run. Of a policy that is not known, nor of what had no value.
function setBack(part) {
  const was = offers.find((offer) => offer.do === "set" && !takesPolicy(offer))?.with.filter((setting) => setting.was?.[part] && setting.was[part] !== "none") ?? [];
  return was.length ? offered("Set back", "set", Object.fromEntries([["on", part], ...was.map((setting) => [`with.${setting.name}`, setting.was[part]])])) : null;
}

function offered(label, deed, values) {
  const i = offers.findIndex((offer) => offer.do === deed && !offer.why_not && !takesPolicy(offer));
  return i < 0 ? null : { label, act: () => open(i, values) };
}

// open asks for what an offer takes. Values are filled in.
function open(i, values = {}) {
  const offer = offers[i];
  const fields = new Map();
  const form = el("form", { method: "dialog", novalidate: true });
  const label = (text, field, name) => { fields.set(name, field); return el("label", {}, el("span", {}, text), field); };
  form.append(el("h2", { id: "dialog-title" }, offer.title));
  if (offer.on?.length) form.append(label("on", el("select", { name: "on", required: true }, offer.do === "set" ? [] : el("option", { value: "" }, "all that it applies to"), offer.on.map((name) => el("option", { value: name }, name))), "on"));
  if (offer.note) form.append(el("p", { class: "quiet" }, offer.note));
  for (const setting of offer.with ?? []) form.append(label(setting.title, input(setting), `with.${setting.name}`));
  if (offer.for_s || offer.unlimited) form.append(label(offer.unlimited ? "for (empty: to the end)" : "for", el("input", { name: "for", value: offer.for_s ? `${offer.for_s}s` : "", placeholder: "60s", autocomplete: "off" }), "for"));
  form.append(label("your name", el("input", { name: "by", value: sessionStorage.getItem("by") ?? "", maxlength: "64", autocomplete: "name" }), "by"));
  const preview = el("p", { class: "preview", role: "status" }), trouble = el("p", { class: "bad", role: "alert" });
  const go = el("button", { type: "submit", class: "main" }, "Do it");
  form.append(preview, trouble, el("div", { class: "buttons" }, el("button", { type: "button", onclick: () => dialog.close() }, "Cancel"), go));
  dialog = el("dialog", { "aria-labelledby": "dialog-title" }, form);
  dialog.addEventListener("close", () => { dialog.remove(); dialog = renew = null; });
  for (const [name, value] of Object.entries(values)) {
    if (!fields.has(name)) fields.set(name, { value }); // there is nothing to choose
    fields.get(name).value = value;
  }
  const order = () => orderOf(offer, fields);
  let asked = 0, touched = false; // nobody is told of a mistake in what they have not begun to fill in
  const ask = async () => {
    const mine = ++asked;
    narrow(offers[i], fields);
    const answer = await post("/v1/preview", order());
    if (mine !== asked) return;
    put(preview, answer.text ?? "");
    put(trouble, touched ? answer.error ?? "" : "");
    go.disabled = Boolean(answer.error);
  };
  form.addEventListener("input", () => { touched = true; ask(); });
  const id = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`; // the same one if it is sent again
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    sessionStorage.setItem("by", fields.get("by").value);
    go.disabled = true;
    const answer = await post("/v1/actions", { id, ...order() });
    if (answer.error) { put(trouble, answer.error); go.disabled = false; return; }
    dialog?.close();
    put(byId("done"), `Done: ${answer.text}. The timeline says when.`);
    say(answer.text);
  });
  document.body.append(dialog);
  dialog.showModal();
  renew = ask;
  ask();
  refresh();
}

function input(setting) {
  if (!setting.choices?.length) return el("input", { name: setting.name, placeholder: setting.hint ?? "", value: "", autocomplete: "off" });
  return el("select", { name: setting.name }, setting.choices.map((choice) => el("option", { value: choice.value }, choice.title ? `${choice.value}: ${choice.title}` : choice.value)));
}

// narrow shows the present values of the chosen part, and hides the choices that do not apply to it.
function narrow(offer, fields) {
  const part = fields.get("on")?.value ?? "";
  for (const setting of offer.with ?? []) {
    const field = fields.get(`with.${setting.name}`);
    if (setting.now && setting.choices) field.options[0].text = setting.now[part] ? `as it is: ${setting.now[part]}` : "as it is";
    else if (setting.now) field.placeholder = setting.now[part] ? `now ${setting.now[part]}` : setting.hint ?? "";
    const policy = fields.get("with.policy")?.value ?? "";
    if (setting.of) field.disabled = field.parentElement.hidden = !setting.of.includes(policy);
    if (!setting.choices) continue;
    let first = null;
    for (const [i, choice] of setting.choices.entries()) {
      const applies = !part || !choice.on || choice.on.includes(part);
      field.options[i].hidden = field.options[i].disabled = !applies;
      if (applies && first === null) first = i;
    }
    if (field.selectedOptions[0]?.disabled && first !== null) field.selectedIndex = first;
  }
}

function orderOf(offer, fields) {
  const order = { do: offer.do, with: {} };
  for (const [name, field] of fields) {
    const value = field.value.trim();
    if (value === "" || field.disabled) continue;
    if (name.startsWith("with.")) order.with[name.slice(5)] = value;
    else order[name] = value;
  }
  return order;
}

export async function post(path, body) {
  try {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    return await answer.json();
  } catch {
    return { error: "The run does not answer; try again." };
  }
}
