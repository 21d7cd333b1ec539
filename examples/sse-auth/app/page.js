// Two ways to a stream that wants to know who asks. EventSource sends cookies and no headers of
// one's own; it comes back by itself. fetch sends a bearer token, and is read here by hand.

const form = document.querySelector("form");
const state = document.querySelector("#state");
const list = document.querySelector("#events");
const out = document.querySelector("#logout");
const SHOWN = 20;
let stop = () => {};

const post = (path, fields = {}) =>
  fetch(path, {
    method: "POST",
    credentials: "include",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(fields),
  });

function show(id, data) {
  const line = document.createElement("li");
  line.value = Number(id);
  line.textContent = `${data.price} for ${data.for}`;
  list.prepend(line);
  while (list.children.length > SHOWN) list.lastChild.remove();
}

function say(text, loggedIn) {
  state.textContent = text;
  out.disabled = !loggedIn;
}

function withCookie() {
  const source = new EventSource("events", { withCredentials: true });
  source.addEventListener("open", () => say("Connected with the cookie.", true));
  source.addEventListener("price", (event) => show(event.lastEventId, JSON.parse(event.data)));
  source.addEventListener("error", () => {
    // After a refusal (401, 403) it is closed for good; after a lost connection it tries again.
    const over = source.readyState === EventSource.CLOSED;
    say(over ? "Not logged in." : "Connecting again …", !over);
  });
  return () => source.close();
}

function withToken(token) {
  const leaving = new AbortController();
  follow(token, leaving.signal).catch((error) => {
    if (!leaving.signal.aborted) say(`Ended: ${error.message}`, false);
  });
  return () => leaving.abort();
}

async function follow(token, signal) {
  let last = "";
  while (!signal.aborted) {
    const headers = { Authorization: `Bearer ${token}`, Accept: "text/event-stream" };
    if (last) headers["Last-Event-ID"] = last;
    const response = await fetch("events", { headers, signal, cache: "no-store" });
    if (!response.ok) throw new Error(`status ${response.status}`);
    say("Connected with the token.", true);
    for await (const event of eventsOf(response.body)) {
      if (event.id) last = event.id;
      if (event.event === "price") show(event.id, JSON.parse(event.data));
    }
    say("Connecting again …", true);
    await new Promise((wake) => setTimeout(wake, 1000));
  }
}

// As much of the format as this server uses:
// https://html.spec.whatwg.org/multipage/server-sent-events.html
async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (text + value).split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const event = {};
      for (const line of block.split("\n")) {
        const [, name, field] = /^([^:]*):? ?(.*)$/.exec(line);
        if (name) event[name] = name in event ? `${event[name]}\n${field}` : field;
      }
      if ("data" in event) yield event;
    }
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { user, password } = Object.fromEntries(new FormData(form));
  const bearer = event.submitter?.value === "bearer";
  const response = await post(bearer ? "token" : "login", { user, password });
  if (!response.ok) return say("Wrong user or password.", false);
  form.reset();
  stop();
  stop = bearer ? withToken((await response.json()).token) : withCookie();
});

out.addEventListener("click", async () => {
  stop();
  await post("logout");
  say("Not logged in.", false);
});

document.querySelector("fieldset").disabled = false;
stop = withCookie(); // a cookie of an earlier visit may be there
