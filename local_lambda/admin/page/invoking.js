// Invokes a function with the payload of the form, and reads its reply line by line.

import { problemOf } from "./calls.js";
import { element, hideIf } from "./drawing.js";
import { Result } from "./result.js";

const MEMORY = "local-lambda payload of ";
let reading = null;
let examples = [];

export function offerFunctions(functions) {
  const select = element("invoke-function");
  const names = functions.map((each) => each.logical_id);
  if ([...select.options].map((option) => option.value).join("\n") === names.join("\n")) return;
  const chosen = select.value;
  select.replaceChildren(...names.map((each) => new Option(each, each)));
  if (names.includes(chosen)) select.value = chosen;
  recall();
  loadExamples();
}

export function watchInvokeForm() {
  element("invoke-example").onchange = takeExample;
  element("invoke-function").onchange = choose;
  element("invoke-stop").onclick = () => reading?.abort();
  element("invoke").onsubmit = (submission) => {
    submission.preventDefault();
    invoke(element("invoke-function").value, element("invoke-payload").value);
  };
  element("invoke-payload").onkeydown = (pressed) => {
    if (pressed.key === "Enter" && (pressed.ctrlKey || pressed.metaKey)) {
      element("invoke").requestSubmit();
    }
  };
}

async function loadExamples() {
  try {
    const response = await fetch("/examples");
    examples = response.ok ? await response.json() : [];
  } catch {
    examples = [];
  }
  offerExamples();
}

// Offers first the routes and events of the chosen function, then what any function may get.
function offerExamples() {
  const chosen = element("invoke-function").value;
  const group = (label, own) => {
    const place = document.createElement("optgroup");
    place.label = label;
    place.append(...examples.flatMap((each, index) => (
      each.function === own ? [new Option(each.name, index)] : [])));
    return place;
  };
  const groups = [group(chosen, chosen), group("any function", "")];
  const filled = groups.filter((each) => each.children.length > 0);
  element("invoke-example").replaceChildren(new Option("…", ""), ...filled);
}

function takeExample() {
  const taken = examples[Number(element("invoke-example").value || NaN)];
  if (taken) element("invoke-payload").value = JSON.stringify(taken.payload, null, 2);
  element("invoke-example").value = "";
  element("invoke-problem").textContent = "";
}

function choose() {
  recall();
  offerExamples();
}

// Payloads stay in this browser: a page that is loaded again offers what was sent last.
function recall() {
  try {
    const kept = localStorage.getItem(MEMORY + element("invoke-function").value);
    if (kept !== null) element("invoke-payload").value = kept;
  } catch { /* storage is forbidden */ }
}

function remember(functionName, payload) {
  try {
    localStorage.setItem(MEMORY + functionName, payload);
  } catch { /* storage is full or forbidden */ }
}

async function invoke(functionName, payload) {
  const problem = element("invoke-problem");
  problem.textContent = "";
  try {
    JSON.parse(payload || "{}");
  } catch (error) {
    problem.textContent = `The payload is not JSON: ${error.message}`;
    return;
  }
  remember(functionName, payload);
  reading?.abort();
  const own = new AbortController();
  reading = own;
  const shown = new Result();
  hideIf(element("invoke-stop"), false);
  try {
    await read(`/invoke/${encodeURIComponent(functionName)}`, payload, own, shown);
  } catch (error) {
    const reason = error instanceof TypeError ? "the emulator cannot be reached" : error.message;
    if (reading !== own) return;
    if (own.signal.aborted) shown.ended("no longer read; the function goes on");
    else shown.ended(reason, true);
  } finally {
    if (reading === own) hideIf(element("invoke-stop"), true);
  }
}

async function read(path, payload, own, shown) {
  const headers = { "Content-Type": "application/json" };
  const { signal } = own;
  const response = await fetch(path, { method: "POST", headers, body: payload || "{}", signal });
  if (!response.ok) {
    shown.ended(await problemOf(response), true);
    return;
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) shown.take(JSON.parse(line));
  }
  if (!shown.isOver) shown.ended("the emulator has closed the connection", true);
}
