// Reads Server-Sent Events from the body of a fetch: EventSource can send no POST and no headers.
// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

export async function* eventsOf(body, silenceMs) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let event = emptyEvent();
  try {
    for (;;) {
      const { done, value } = await within(silenceMs, reader.read());
      if (done) return; // an event without the empty line after it is incomplete
      const lines = (text + value).split(/\r\n|\n|\r(?!$)/); // a \r at the end may precede a \n
      text = lines.pop();
      for (const line of lines) {
        if (line) take(line, event);
        else {
          if (event.lines.length) yield { type: event.type, data: dataOf(event) };
          event = emptyEvent();
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

const emptyEvent = () => ({ type: "message", lines: [] });

function take(line, event) {
  const colon = line.indexOf(":");
  const name = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
  if (name === "data") event.lines.push(value);
  if (name === "event") event.type = value;
}

function dataOf(event) {
  try {
    return JSON.parse(event.lines.join("\n")) ?? {};
  } catch {
    return {};
  }
}

// Even a heartbeat counts as a sign of life: without any, the connection is taken for lost.
async function within(ms, reading) {
  let timer;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("silence")), ms);
  });
  try {
    return await Promise.race([reading, silence]);
  } finally {
    clearTimeout(timer);
  }
}
