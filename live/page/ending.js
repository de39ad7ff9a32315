// The verdict, and the way to the report.
import { el, byId, say } from "./dom.js";

const words = { pass: "Passed", fail: "Failed", inconclusive: "Inconclusive", invalid: "Invalid" };

export function hide() { byId("ending").hidden = true; }

export function show(ending, store) {
  const panel = byId("ending");
  const warned = (ending.thresholds ?? []).filter((t) => t.verdict === "fail" && t.severity === "warn").length;
  const verdict = (words[ending.verdict] ?? "Ended") + (warned ? ` with ${warned} warning${warned > 1 ? "s" : ""}` : "");
  panel.className = `panel ${ending.verdict ?? ""}`;
  panel.replaceChildren(el("h2", { id: "ending-title" }, verdict), el("p", {}, ending.sentence));
  if (ending.reasons?.length) panel.append(el("ul", {}, ending.reasons.map((reason) => el("li", {}, reason))));
  if (ending.thresholds?.length) panel.append(el("ul", { class: "judged" }, ending.thresholds.map((t) =>
    el("li", { class: t.verdict === "fail" && t.severity === "warn" ? "warn" : t.verdict }, el("code", {}, t.source), ` ${outcome(t)}`, t.reason ? ` – ${t.reason}` : ""))));
  if (ending.report) {
    panel.append(el("p", { class: "links" }, el("a", { href: "/report/report.html", target: "_blank", rel: "noopener" }, "Read the report"),
      (ending.files ?? []).map((file) => [" · ", el("a", { href: `/report/${file}`, target: "_blank", rel: "noopener" }, file)])));
  }
  if (ending.next) panel.append(el("p", {}, ending.next));
  if (store.run.acts && !ending.next) panel.append(el("button", { type: "button", onclick: (event) => close(event.target) }, "Close the room"));
  panel.hidden = false;
  say(`The run has ended: ${verdict}. ${ending.sentence}`);
}

// outcome says how a threshold ended. One that only warns decides nothing about the verdict.
function outcome(threshold) {
  if (threshold.verdict === "fail" && threshold.severity === "warn") return "did not hold, which is a warning only";
  return { pass: "held", fail: "did not hold" }[threshold.verdict] ?? threshold.verdict;
}

async function close(button) {
  button.disabled = true;
  await fetch("/v1/end", { method: "POST" });
  button.textContent = "Closed";
  document.dispatchEvent(new Event("closed"));
}
