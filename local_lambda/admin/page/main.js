// Puts the page together: what the emulator tells is kept by part and drawn.

import { element } from "./drawing.js";
import { age } from "./format.js";
import { drawFunctions } from "./functions.js";
import { offerFunctions, watchInvokeForm } from "./invoking.js";
import { follow } from "./live.js";
import {
  drawFaults, drawFindings, drawInvocations, drawRequests, watchFaultForm,
} from "./traffic.js";

const NO_FAULTS = { blocks: [], delays: [], throttles: [] };
const told = { functions: [], environments: [], faults: NO_FAULTS };
const DRAWN = {
  functions: () => { offerFunctions(told.functions); drawAllFunctions(); },
  environments: drawAllFunctions,
  faults: () => { drawFaults(told.faults); drawAllFunctions(); },
  requests: () => drawRequests(told.requests),
  invocations: () => drawInvocations(told.invocations),
  findings: () => drawFindings(told.findings),
};

function drawAllFunctions() {
  drawFunctions(told.functions, told.environments, told.faults);
}

function drawAges() {
  const now = Date.now() / 1000;
  for (const node of document.querySelectorAll("[data-since]")) {
    if (node.dataset.since) node.textContent = age(now - Number(node.dataset.since));
  }
}

function showLink(state) {
  element("link").dataset.state = state;
  element("link").textContent = state === "live" ? "live" : "lost; trying again";
}

watchInvokeForm();
watchFaultForm();
setInterval(drawAges, 1000);
follow((part, value) => {
  told[part] = value;
  DRAWN[part]();
  drawAges();
}, showLink);
