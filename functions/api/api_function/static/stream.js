// One request for a stream, from its first byte to its last: what comes, and how it ended.

import { retryAfterMs } from "./backoff.js";
import { EventStreamParser } from "./event_stream.js";

/**
 * Follows one stream. Never rejects; resolves to an ending:
 * `heard`: any event came. `empty`: an event stream came, and ended without an event.
 * `announced`: the server announced the end by a last `retry`.
 * `silent`: the watchdog ended it. `status`, `detail`: how the service refused it; else null, "".
 * `livedMs`: how long it lived; 0 without an event. `retryMs`, `lastEventId`: the newest that came.
 * `retryAfterMs`: the delay that a refusal asked for; else null.
 */
export async function follow(request, { opened, received, quiet }) {
  const { url, headers, lastEventId, timings, signal } = request;
  const startedAt = performance.now();
  const watchdog = new Watchdog(timings.openMs);
  const parser = new EventStreamParser(lastEventId);
  const ending = { heard: false, empty: false, announced: false };
  Object.assign(ending, { status: null, detail: "", retryAfterMs: null });
  try {
    const response = await fetch(url, {
      headers: { Accept: "text/event-stream", ...headers, ...position(lastEventId) },
      cache: "no-store",
      signal: AbortSignal.any([signal, watchdog.signal]),
    });
    if (!isEventStream(response)) {
      Object.assign(ending, await refusal(response));
    } else {
      opened(response.headers.get("X-Connection-Id"));
      watchdog.rearm(timings.silenceMs);
      let heardAt = performance.now();
      await read(response.body.getReader(), parser, (events) => {
        const now = performance.now();
        // Comments do not prove that the data is up to date.
        if (!events.length) return now - heardAt > timings.quietMs && quiet();
        heardAt = now;
        ending.heard = true;
        watchdog.rearm(timings.silenceMs);
        received(events);
      });
      ending.empty = !ending.heard;
      ending.announced = ending.heard && parser.retryIsNewest;
    }
  } catch {
    // The stream was cut, unreachable, left or silent: the fields of `ending` say which.
  }
  watchdog.disarm();
  const livedMs = ending.heard ? performance.now() - startedAt : 0;
  return {
    ...ending,
    livedMs,
    silent: watchdog.signal.aborted,
    retryMs: parser.retryMs,
    lastEventId: parser.lastEventId,
  };
}

/** Returns the header that resumes, as UTF-8: fetch takes one character for each byte. */
function position(lastEventId) {
  if (!lastEventId) return {};
  return { "Last-Event-ID": String.fromCharCode(...new TextEncoder().encode(lastEventId)) };
}

/** Calls `push` with the events of each chunk, which may be none. */
async function read(reader, parser, push) {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    push(parser.push(value));
  }
}

function isEventStream(response) {
  const type = response.headers.get("Content-Type") ?? "";
  return response.status === 200 && type.split(";")[0].trim().toLowerCase() === "text/event-stream";
}

async function refusal(response) {
  const body = await response.json().catch(() => null);
  return {
    status: response.status,
    detail: typeof body?.detail === "string" ? body.detail : "",
    retryAfterMs: retryAfterMs(response.headers.get("Retry-After"), Date.now()),
  };
}

/** Aborts its signal when it is not rearmed in time. */
class Watchdog {
  #abort = new AbortController();
  #timer;

  constructor(ms) {
    this.rearm(ms);
  }

  get signal() {
    return this.#abort.signal;
  }

  rearm(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#abort.abort(), ms);
  }

  disarm() {
    clearTimeout(this.#timer);
  }
}
