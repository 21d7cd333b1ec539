// The chat page. The conversation lives here: each request carries all of it.
import { eventsOf } from "./events.js";

const SILENCE_MS = window.chatSilenceMs ?? 45_000; // the function sends something every 15 s
const TOKEN = "chat-token";

const find = (id) => document.getElementById(id);
const composer = find("composer");
const question = find("question");
const door = find("door");
const turns = []; // { asked, answer, row }
let running = null; // the AbortController of the answer that streams

// A failure that the page can explain. `retry`: asking again may help.
class Failure extends Error {
  constructor(message, { retry = true, locked = false } = {}) {
    super(message);
    this.retry = retry;
    this.locked = locked;
  }
}

function conversation(turn) {
  const earlier = turns.slice(0, turns.indexOf(turn)).filter((each) => each.answer.trim());
  const messages = earlier.flatMap((each) => [
    { role: "user", text: each.asked },
    { role: "assistant", text: each.answer },
  ]);
  return [...messages, { role: "user", text: turn.asked }];
}

async function* answerTo(turn, controller) {
  const response = await fetch("chat", {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Authorization: `Bearer ${sessionStorage.getItem(TOKEN) ?? ""}`,
    },
    body: JSON.stringify({ messages: conversation(turn) }),
    signal: controller.signal,
  });
  if (!response.ok) throw await refusal(response);
  yield* eventsOf(response.body, SILENCE_MS);
}

async function refusal(response) {
  const { message } = await response.json().catch(() => ({}));
  const { status } = response;
  return new Failure(message ?? `The server responded with status ${status}.`, {
    retry: status === 401 || status === 429 || status >= 500,
    locked: status === 401,
  });
}

// Shows the answer as it comes. Returns a note on why the model stopped, which is mostly empty.
async function show(turn, controller) {
  const text = document.createTextNode("");
  turn.row.querySelector(".text").replaceChildren(text);
  let note = null;
  for await (const { type, data } of answerTo(turn, controller)) {
    const follows = atEnd();
    if (type === "word") {
      turn.answer += data.text;
      text.appendData(data.text);
    } else if (type === "stop") {
      note = data.note ?? "";
    } else if (type === "error") {
      throw new Failure(data.message ?? "The answer broke off.", { retry: data.retry !== false });
    } else if (type === "end" && data.reason === "deadline") {
      throw new Failure("The answer took too long and was cut off.");
    }
    if (follows) scrollToEnd();
  }
  // A stream that breaks off may look like one that has ended.
  if (note === null) throw new Failure("The answer broke off.");
  return note;
}

async function ask(turn) {
  const controller = new AbortController();
  running = controller;
  turn.answer = "";
  begin(turn);
  let note = "";
  let failure = null;
  try {
    note = await show(turn, controller);
  } catch (error) {
    if (controller.signal.aborted) note = "Stopped.";
    else failure = error instanceof Failure ? error : new Failure("The connection was lost.");
    controller.abort(); // frees the connection
  }
  running = null;
  finish(turn, note, failure);
}

function begin(turn) {
  turn.row.querySelector(".answer").setAttribute("aria-busy", "true");
  turn.row.querySelector(".ending").hidden = true;
  // Only the last answer can be asked for again.
  for (const other of turns) other.row.querySelector(".retry").hidden = other !== turn;
  composing(false);
  find("status").textContent = "The model is answering.";
  scrollToEnd();
}

function finish(turn, note, failure) {
  const follows = atEnd();
  const ending = turn.row.querySelector(".ending");
  turn.row.querySelector(".answer").setAttribute("aria-busy", "false");
  turn.row.querySelector(".note").textContent = failure?.message ?? note;
  turn.row.querySelector(".retry").hidden = failure?.retry === false;
  ending.classList.toggle("wrong", failure !== null);
  ending.hidden = false;
  composing(true);
  // Screen readers hear a whole answer once, and not each word of it.
  find("status").textContent = [turn.answer, failure?.message ?? note].filter(Boolean).join(" ");
  if (failure?.locked) unlock(failure.message);
  if (follows) scrollToEnd();
}

function composing(idle) {
  const focused = document.activeElement;
  find("send").hidden = !idle;
  find("stop").hidden = idle;
  find("new").disabled = !idle;
  if (focused === find("stop") || focused === find("send") || focused?.closest?.(".ending"))
    question.focus();
}

function add(asked) {
  const row = find("turn").content.cloneNode(true).firstElementChild;
  row.querySelector(".question p").textContent = asked;
  const turn = { asked, answer: "", row };
  row.querySelector(".retry").addEventListener("click", () => running ?? ask(turn));
  turns.push(turn);
  find("turns").append(row);
  find("empty").hidden = true;
  return turn;
}

function unlock(note) {
  sessionStorage.removeItem(TOKEN);
  door.hidden = false;
  composer.hidden = true;
  if (note) find("door-note").textContent = note;
  find("token").focus();
}

const page = document.documentElement;
const atEnd = () => page.scrollHeight - page.scrollTop - page.clientHeight < 60;
const scrollToEnd = () => page.scrollTo({ top: page.scrollHeight });
let followsEnd = true; // a reader who scrolls up is left there

addEventListener("scroll", () => (followsEnd = atEnd()));
addEventListener("resize", () => followsEnd && scrollToEnd()); // such as by a phone's keyboard

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const asked = question.value.trim();
  if (running || !asked) return;
  question.value = "";
  ask(add(asked));
});

question.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  composer.requestSubmit();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") running?.abort();
});

find("stop").addEventListener("click", () => running?.abort());

find("new").addEventListener("click", () => {
  turns.length = 0;
  find("turns").replaceChildren();
  find("empty").hidden = false;
  question.focus();
});

door.addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN, find("token").value.trim());
  find("token").value = "";
  door.hidden = true;
  composer.hidden = false;
  question.focus();
  const last = turns.at(-1);
  if (last && !last.answer) ask(last);
});

// A token may come in the address, behind a #, which browsers do not send to servers.
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  sessionStorage.setItem(TOKEN, given);
  history.replaceState(null, "", location.pathname);
}
if (sessionStorage.getItem(TOKEN)) question.focus();
else unlock();
