// Which events do the bytes received so far hold?
// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

const LINE_END = /\r\n|\n|\r/;
const DIGITS = /^[0-9]+$/;

/** Parses one response body, however it is cut. An event without its blank line is dropped. */
export class EventStreamParser {
  #text = new TextDecoder(); // drops one leading BOM, replaces what is not UTF-8
  #line = "";
  #endedInCr = false;
  #data = [];
  #type = "";
  #id;
  #retryInBlock = false;

  /** `lastEventId`: the event to resume after; it stands until the stream sets another. */
  constructor(lastEventId = "") {
    this.#id = lastEventId;
    this.lastEventId = lastEventId;
    this.retryMs = null;
    this.retryIsNewest = false; // the last event's block has a `retry`, or one came after it
  }

  /** Returns the events `{type, data, id}` that these bytes complete. */
  push(bytes) {
    let text = this.#text.decode(bytes, { stream: true });
    if (text === "") return [];
    if (this.#endedInCr && text[0] === "\n") text = text.slice(1);
    this.#endedInCr = text.endsWith("\r");
    const lines = text.split(LINE_END);
    lines[0] = this.#line + lines[0];
    this.#line = lines.pop();
    const events = [];
    for (const line of lines) {
      if (line === "") this.#dispatch(events);
      else this.#field(line);
    }
    return events;
  }

  #field(line) {
    const colon = line.indexOf(":"); // 0: a comment, which is ignored as an unknown field
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value[0] === " ") value = value.slice(1);
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#type = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    else if (field === "retry" && DIGITS.test(value)) {
      this.retryMs = Math.min(Number(value), Number.MAX_SAFE_INTEGER);
      this.#retryInBlock = true;
      this.retryIsNewest = true;
    }
  }

  #dispatch(events) {
    this.lastEventId = this.#id;
    if (this.#data.length) {
      events.push({ type: this.#type || "message", data: this.#data.join("\n"), id: this.#id });
      this.retryIsNewest = this.#retryInBlock;
    }
    this.#retryInBlock = false;
    this.#data = [];
    this.#type = "";
  }
}
