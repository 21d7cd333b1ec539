// Draws the functions with their routes and environments.

import { post } from "./calls.js";
import { element, fill, hideIf, list } from "./drawing.js";

const FRONTS = { rest: "REST API", http: "HTTP API", alb: "load balancer" };

export function drawFunctions(functions, environments, faults) {
  element("functions-count").textContent = functions.length || "";
  hideIf(element("functions-empty"), functions.length > 0);
  const throttles = new Map(faults.throttles.map((each) => [each.function, each.limit]));
  const draw = (node, each) => {
    const own = environments.filter((other) => other.logical_id === each.logical_id);
    const place = node.querySelector(".environments");
    drawCard(node, each, throttles.get(each.logical_id));
    drawRoutes(node.querySelector(".routes"), each);
    list(place, "environment-row", own, environmentKey, drawEnvironment);
  };
  list(element("functions"), "function-card", functions, (each) => each.logical_id, draw);
}

function drawCard(node, each, limit) {
  const facts = [each.runtime, each.handler, `${each.memory_mb} MB`, `${each.timeout_s} s`];
  if (each.name !== each.logical_id) facts.unshift(each.name);
  const isThrottled = limit !== undefined;
  fill(node, {
    logical_id: each.logical_id,
    facts: facts.filter(Boolean).join(" · "),
    badge: limit ? `throttled: ${limit} at once` : "throttled",
  });
  hideIf(node.querySelector(".badge"), !isThrottled);
  const button = node.querySelector("[data-action=throttle]");
  button.setAttribute("aria-pressed", String(isThrottled));
  button.onclick = () => throttle(each.logical_id, !isThrottled);
  button.setAttribute("aria-label", `Throttle ${each.logical_id}`);
  const choose = node.querySelector("[data-action=choose]");
  choose.setAttribute("aria-label", `Invoke ${each.logical_id}`);
  choose.onclick = () => {
    element("invoke-function").value = each.logical_id;
    element("invoke-function").dispatchEvent(new Event("change"));
    element("invoke-payload").focus();
    element("invoke-title").scrollIntoView({ block: "nearest" });
  };
}

function throttle(logicalId, isOn) {
  const done = isOn ? "the next requests get 429." : "no longer throttled.";
  post("/throttle", { function: logicalId, on: isOn }, `${logicalId}: ${done}`);
}

function drawRoutes(place, each) {
  const entries = each.routes.map((route) => ({
    method: route.method,
    text: route.path,
    url: route.url,
    tag: [`${FRONTS[route.front]} ${route.of}`, route.streams && "streams"],
  }));
  if (each.url) {
    const tag = ["Function URL", each.streams && "streams"];
    entries.unshift({ method: "URL", text: each.url, url: each.url, tag });
  }
  const key = (entry) => `${entry.method} ${entry.text} ${entry.tag}`;
  list(place, "route-row", entries, key, (node, entry) => {
    fill(node, { method: entry.method, tag: entry.tag.filter(Boolean).join(", ") });
    const link = node.querySelector("a");
    if (link.textContent !== entry.text) link.textContent = entry.text;
    if (entry.url && /^https?:/.test(entry.url)) link.href = entry.url;
    else link.removeAttribute("href");
  });
}

const environmentKey = (each) => `${each.pid} ${each.created_at_s}`;

function drawEnvironment(node, each) {
  const state = each.frozen ? "frozen" : each.state;
  const detail = [`${each.invocations} invocation${each.invocations === 1 ? "" : "s"}`];
  if (each.active) detail.push(`${each.active} running`);
  fill(node, { state, pid: each.pid ?? "", detail: `${detail.join(", ")} ·` });
  node.dataset.state = state;
  node.querySelector("[data-since]").dataset.since = each.created_at_s;
  const kill = node.querySelector("button");
  kill.setAttribute("aria-label", `Kill ${each.logical_id} ${each.pid}`);
  kill.disabled = each.pid === null;
  kill.onclick = () => post(`/environments/${each.pid}/kill`, {}, `${each.pid} is killed.`);
}
