// Invokes a function with the payload of the form, and reads its reply line by line.

import { problemOf } from "./calls.js";
import { element, hideIf } from "./drawing.js";
import { EXAMPLES } from "./examples.js";
import { Result } from "./result.js";

const MEMORY = "local-lambda payload of ";
let reading = null;

export function offerFunctions(functions) {
  const select = element("invoke-function");
  const names = functions.map((each) => each.logical_id);
  if ([...select.options].map((option) => option.value).join("\n") === names.join("\n")) return;
  const chosen = select.value;
  select.replaceChildren(...names.map((each) => new Option(each, each)));
  if (names.includes(chosen)) select.value = chosen;
  recall();
}

export function watchInvokeForm() {
  const example = element("invoke-example");
  example.append(new Option("…", ""), ...Object.keys(EXAMPLES).map((each) => new Option(each)));
  example.onchange = () => {
    if (example.value) element("invoke-payload").value = text(EXAMPLES[example.value]);
    example.value = "";
    element("invoke-problem").textContent = "";
  };
  element("invoke-function").onchange = recall;
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

const text = (value) => JSON.stringify(value, null, 2);

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
    if (reading === own) shown.ended(own.signal.aborted ? "no longer read" : String(error.message));
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
