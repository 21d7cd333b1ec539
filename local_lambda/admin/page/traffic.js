// Draws open requests, the last invocations, faults and findings.

import { notice, post } from "./calls.js";
import { element, fill, hideIf, list } from "./drawing.js";
import { clock, duration, size } from "./format.js";

export function drawRequests(requests) {
  element("requests-count").textContent = requests.length || "";
  hideIf(element("requests-empty"), requests.length > 0);
  list(element("requests"), "request-row", requests, (each) => each.number, (node, each) => {
    const sent = each.streaming ? `${size(each.sent_bytes)} sent` : "no response yet";
    const detail = [each.function, sent].filter(Boolean).join(" · ");
    fill(node, { method: each.method, path: each.path, detail: `${detail} ·` });
    node.querySelector("[data-since]").dataset.since = each.since_s;
    const cut = node.querySelector("button");
    cut.setAttribute("aria-label", `Cut ${each.method} ${each.path}`);
    cut.onclick = () => post("/cut", { number: each.number }, cutNotice);
  });
}

const cutNotice = (result) => `${result.cut} open request${result.cut === 1 ? "" : "s"} cut.`;

export function drawInvocations(invocations) {
  const body = element("invocations").tBodies[0];
  hideIf(element("invocations"), invocations.length === 0);
  hideIf(element("invocations-empty"), invocations.length > 0);
  list(body, "invocation-row", invocations, (each) => each.request_id, (node, each) => {
    const used = each.max_memory_mb == null ? "" : `${each.max_memory_mb} / `;
    fill(node, {
      time: clock(each.started_at_s),
      function: each.function,
      request_id: each.request_id,
      status: each.error_type ? `${each.status}: ${each.error_type}` : each.status,
      duration: duration(each.duration_ms),
      billed: `${each.billed_ms} ms`,
      init: each.init_ms == null ? "" : duration(each.init_ms),
      memory: `${used}${each.memory_mb} MB`,
      request: size(each.request_bytes),
      response: size(each.response_bytes),
    });
    node.dataset.state = each.status;
  });
}

export function drawFaults(faults) {
  const entries = [
    ...faults.blocks.map((each) => ({
      where: each.path_prefix,
      effect: each.status === null ? "the connection is reset" : `status ${each.status}`,
      lift: () => post("/unblock", { path_prefix: each.path_prefix }, "The block is lifted."),
    })),
    ...faults.delays.map((each) => ({
      where: each.path_prefix,
      effect: `waits ${duration(each.ms)}`,
      lift: () => post("/delay", { path_prefix: each.path_prefix, ms: 0 }, "The delay is lifted."),
    })),
    ...faults.throttles.map((each) => ({
      where: each.function,
      effect: each.limit ? `throttled: ${each.limit} at once` : "throttled",
      lift: () => post("/throttle", { function: each.function, on: false }, "It is lifted."),
    })),
  ];
  element("faults-count").textContent = entries.length || "";
  const keyOf = (each) => `${each.where} ${each.effect}`;
  list(element("faults"), "fault-row", entries, keyOf, drawFault);
}

function drawFault(node, each) {
  fill(node, { where: each.where, effect: each.effect });
  const lift = node.querySelector("button");
  lift.setAttribute("aria-label", `Lift ${each.effect} of ${each.where}`);
  lift.onclick = each.lift;
}

export function drawFindings(findings) {
  const sentences = [...new Set(findings.map((each) => each.sentence))];
  element("findings-count").textContent = sentences.length;
  hideIf(element("findings-section"), sentences.length === 0);
  list(element("findings"), "finding-row", sentences, (each) => each, (node, sentence) => {
    if (node.textContent !== sentence) node.textContent = sentence;
  });
}

export function watchFaultForm() {
  const effect = element("fault-effect");
  const show = () => {
    hideIf(element("fault-status-label"), effect.value !== "status");
    hideIf(element("fault-ms-label"), effect.value !== "delay");
  };
  effect.onchange = show;
  show();
  element("fault").onsubmit = (submission) => {
    submission.preventDefault();
    inject(effect.value, element("fault-path").value);
  };
}

function inject(effect, prefix) {
  if (!prefix.startsWith("/")) {
    notice("A path begins with /.", true);
    return;
  }
  const where = { path_prefix: prefix };
  const ms = Number(element("fault-ms").value);
  const calls = {
    status: ["/block", { ...where, status: Number(element("fault-status").value) }, "Blocked."],
    drop: ["/block", { ...where, drop: true }, "Requests are dropped."],
    delay: ["/delay", { ...where, ms }, "Requests wait."],
    cut: ["/cut", where, cutNotice],
  };
  post(...calls[effect]);
}
