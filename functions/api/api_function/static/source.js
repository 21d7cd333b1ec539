// Turns the network into facts: follows the stream, reconnects after every end, and polls while no
// stream can be had.
//
// A run is a loop of attempts, each one request (stream.js) with its own connection key. On a
// visitor's own stream, a refusal that retrying cannot change ends the run. After any other end,
// the run waits as backoff.js says. It polls meanwhile after a `Retry-After`, or after
// `failuresBeforePolling` attempts in a row without an event; the first event ends the polling. A
// change of the network ends both the attempt and the wait.

import { Backoff, waitingFact } from "./backoff.js";
import { Goodbyes, randomKey } from "./goodbye.js";
import { Poller } from "./poller.js";
import { eventFields } from "./received.js";
import { follow } from "./stream.js";

const FINAL = new Set([204, 401, 403, 404]); // retrying a visitor's own stream cannot help

/**
 * Calls `emit(fact)` with the facts that state.js reduces. `pollUrl`: where to poll; null: nowhere.
 * `token`: for a visitor's own stream. Only such a stream can end for good.
 */
export class Source {
  #options;
  #run = null; // aborts the current run
  #attempt = null; // aborts the current attempt
  #connectionId = null; // by which the service knows the current attempt
  #goodbyes = new Goodbyes();
  #emptyAttempts = 0; // attempts in a row that brought no event
  #isNew = false; // the stream takes up after no event, and has not begun
  #wake = () => {};
  #hurry = false;

  constructor({ url, pollUrl = null, token = null, timings, emit, random = Math.random }) {
    this.#options = { url, token, timings, emit };
    this.backoff = new Backoff(timings, random);
    this.poller = pollUrl && new Poller({ url: pollUrl, timings, emit, random });
  }

  /** Continues from this state. Its connection, if any, was another tab's, which is gone. */
  start({ lastEventId, hasPolled, connectionId }) {
    if (this.#run) return;
    this.#run = new AbortController();
    this.lastEventId = lastEventId;
    this.#goodbyes.say(connectionId);
    if (!hasPolled) this.poller?.want();
    this.#follow(this.#run.signal);
  }

  /** Ends the run and tells the service, which frees the slot. `pageGoes`: the page ends, too. */
  stop(pageGoes = false) {
    if (!this.#run) return;
    this.#run.abort();
    this.#run = null;
    this.wake();
    this.poller?.leave();
    this.#goodbyes.say(this.#connectionId, pageGoes);
    this.#connectionId = null;
    this.#emit({ type: "left" });
  }

  /** Ends the wait for the next attempt. */
  wake() {
    this.#wake();
  }

  /** Reconnects, because an open connection may be dead without a sign. */
  networkChanged() {
    this.#hurry = true;
    this.#attempt?.abort();
    this.wake();
  }

  async #follow(run) {
    while (!run.aborted) {
      const ending = await this.#attemptOnce(run);
      if (run.aborted) return;
      if (this.#options.token && FINAL.has(ending.status)) {
        this.#run = null;
        return this.#emit({ type: "ended", status: ending.status, detail: ending.detail });
      }
      this.#emptyAttempts = ending.heard ? 0 : this.#emptyAttempts + 1;
      const failing = this.#emptyAttempts >= this.#options.timings.failuresBeforePolling;
      if (failing || ending.retryAfterMs !== null) this.poller?.start();
      const delayMs = this.backoff.after(ending);
      await this.#wait(this.#hurry ? 0 : delayMs, ending);
    }
  }

  async #attemptOnce(run) {
    const { url, token, timings } = this.#options;
    const key = randomKey();
    this.#connectionId = key;
    this.#attempt = new AbortController();
    this.#isNew = !this.lastEventId;
    this.#hurry = false;
    this.#emit({ type: "attempting", connectionId: key });
    const headers = { "X-Connection-Key": key, ...(token && { Authorization: `Bearer ${token}` }) };
    const signal = AbortSignal.any([run, this.#attempt.signal]);
    const ending = await follow(
      { url, headers, lastEventId: this.lastEventId, timings, signal },
      {
        opened: (id) => this.#opened(id ?? key),
        received: (events) => this.#received(events),
        quiet: () => this.#emit({ type: "quiet" }),
      },
    );
    if (run.aborted) return ending; // the current connection belongs to another run
    const { announced, empty, status: httpStatus } = ending;
    if (!announced && !empty && httpStatus === null) this.#goodbyes.say(this.#connectionId); // cut
    this.#connectionId = null;
    this.lastEventId = ending.lastEventId;
    return ending;
  }

  #opened(connectionId) {
    this.#connectionId = connectionId;
    this.#emit({ type: "opened", connectionId });
    this.#goodbyes.repeat();
  }

  #received(events) {
    this.poller?.stop();
    for (const { type, data, id } of events) {
      this.lastEventId = id;
      const fields = eventFields(type, data);
      if (fields) this.#emit({ type: "event", event: type, data: fields, id });
      if (type === "metrics" && fields && this.#isNew) {
        this.#isNew = false;
        this.poller?.streamBegan(fields.total);
      }
      if (type === "reset") this.poller?.want();
    }
  }

  #wait(ms, ending) {
    this.#emit(waitingFact(ending, Date.now() + ms, this.#options.timings));
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #emit(fact) {
    this.#options.emit({ ...fact, at: Date.now() });
  }
}
