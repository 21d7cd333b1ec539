// Shows one reply: its prelude, each piece as it comes, its end and its log.

import { element } from "./drawing.js";
import { duration, indented, size } from "./format.js";

const SHOWN_CHARACTERS = 200_000;
const SHOWN_PIECES = 2_000;

export class Result {
  constructor() {
    this.isOver = false;
    this.characters = 0;
    this.pieces = 0;
    this.bytes = 0;
    element("result-body").replaceChildren();
    element("result-log").querySelector("pre").replaceChildren();
    for (const id of ["result-prelude", "result-log"]) element(id).hidden = true;
    element("result").hidden = false;
    this.say("running");
  }

  say(sentence, state = "busy") {
    element("result-state").textContent = sentence;
    element("result-state").dataset.state = state;
  }

  take(fields) {
    if (fields.prelude) this.showPrelude(fields.prelude);
    if (fields.malformed) this.append(`malformed prelude: ${fields.malformed}\n`, "bad");
    if (fields.piece !== undefined) this.showPiece(fields);
    if (fields.log !== undefined) this.showLog(fields.log);
    if (fields.end) this.showEnd(fields);
  }

  showPrelude(prelude) {
    const place = element("result-prelude");
    place.hidden = false;
    place.querySelector("summary").textContent = `Status ${prelude.status}`;
    const headers = prelude.headers.map(([header, value]) => `${header}: ${value}`);
    const cookies = prelude.cookies.map((cookie) => `set-cookie: ${cookie}`);
    place.querySelector("pre").textContent = [...headers, ...cookies].join("\n");
  }

  showPiece(fields) {
    this.pieces += 1;
    this.bytes += fields.size_bytes;
    const isFull = this.pieces > SHOWN_PIECES || this.characters > SHOWN_CHARACTERS;
    if (!isFull) {
      const rest = SHOWN_CHARACTERS - this.characters;
      const title = `after ${duration(fields.at_ms)}, ${size(fields.size_bytes)}`;
      this.append(fields.piece.slice(0, rest), "piece", title);
      this.characters += fields.piece.length;
    }
    this.say(`${this.counts()} so far, last after ${duration(fields.at_ms)}`);
  }

  showLog(line) {
    const place = element("result-log");
    place.hidden = false;
    place.querySelector("pre").append(`${line}\n`);
  }

  append(characters, kind, title = "") {
    const span = document.createElement("span");
    span.className = kind;
    span.title = title;
    span.textContent = characters;
    const place = element("result-body");
    const isAtEnd = place.scrollHeight - place.scrollTop - place.clientHeight < 40;
    const isFirst = !place.firstChild;
    place.append(span);
    if (isAtEnd && !isFirst) place.scrollTop = place.scrollHeight;
  }

  // One whole JSON value is laid out; its numbers and texts stay as the function wrote them.
  indent() {
    const only = element("result-body").firstElementChild;
    try {
      JSON.parse(only.textContent);
      only.textContent = indented(only.textContent);
    } catch { /* it is no JSON, or not all of it is shown */ }
  }

  counts() {
    const isMore = this.pieces > SHOWN_PIECES || this.characters > SHOWN_CHARACTERS;
    const shown = isMore ? " (not all are shown)" : "";
    return `${this.pieces} piece${this.pieces === 1 ? "" : "s"}, ${size(this.bytes)}${shown}`;
  }

  showEnd(fields) {
    if (fields.end === "complete" && this.pieces === 1) this.indent();
    if (fields.error) this.append(pretty(fields.error), "bad");
    const errorType = fields.error ? "" : fields.error_type;
    const parts = [fields.end, errorType, this.pieces ? this.counts() : ""];
    const record = fields.record;
    if (record) parts.push(duration(record.duration_ms), `billed ${record.billed_ms} ms`);
    this.ended(parts.filter(Boolean).join(" · "), fields.end !== "complete");
  }

  ended(sentence, isBad = false) {
    this.isOver = true;
    this.say(sentence, isBad ? "error" : "success");
  }
}

function pretty(error) {
  try {
    const { errorType, errorMessage, stackTrace } = JSON.parse(error);
    return [`${errorType}: ${errorMessage}`, ...(stackTrace || [])].join("\n");
  } catch {
    return error;
  }
}
