// Polls the current metrics and newest items: until one response has come, or again and again while
// no stream can be had.

import { ask } from "./ask.js";
import { pollFields } from "./received.js";

export class Poller {
  #fallback = false; // the page depends on the polls, so that a failed one is a fact, too
  #wanted = false; // one response is wanted, whatever the stream does
  #failures = 0;
  #run = null; // a new object for each series of polls
  #polledTotal = null; // as the last response told it
  #stream = null; // when a stream began, and how many items there were: `{at, total}`
  #timer;

  constructor({ url, timings, emit, random }) {
    Object.assign(this, { url, timings, emit, random });
  }

  /** Polls until there is one response to a request from now on. */
  want() {
    this.#wanted = true;
    this.#begin();
  }

  /**
   * A stream has begun after so many items. It brings only later ones, so the newest of these must
   * have been polled: a response that was asked for earlier may lack some, and then tells another
   * total.
   */
  streamBegan(total) {
    this.#stream = { at: Date.now(), total };
    if (this.#polledTotal !== null && this.#polledTotal !== total) this.want();
  }

  /** Polls until `stop`. */
  start() {
    if (this.#fallback) return;
    this.#fallback = true;
    this.#begin();
  }

  /** Stops polling, because the stream works; a response that is wanted is still polled for. */
  stop() {
    this.#fallback = false;
    if (!this.#wanted) this.leave();
  }

  /** Stops polling, and ignores the response to a poll that is under way. */
  leave() {
    clearTimeout(this.#timer);
    this.#fallback = false;
    this.#wanted = false;
    this.#run = null;
  }

  #begin() {
    clearTimeout(this.#timer);
    this.#failures = 0;
    this.#run = {};
    this.#poll(this.#run);
  }

  async #poll(run) {
    const askedAt = Date.now();
    const data = await ask(this.url, pollFields);
    if (run !== this.#run) return;
    const at = Date.now();
    if (data) this.emit({ type: "polled", data, fallback: this.#fallback, askedAt, at });
    else if (this.#fallback) this.emit({ type: "pollFailed", at });
    const isEarly = Boolean(data) && this.#isEarly(data.total, askedAt);
    if (data) this.#polledTotal = data.total;
    if (data && !isEarly) this.#wanted = false;
    this.#failures = data ? 0 : this.#failures + 1;
    if (!this.#wanted && !this.#fallback) this.#run = null;
    else this.#timer = setTimeout(() => this.#poll(run), isEarly ? 0 : this.#delayMs());
  }

  #isEarly(total, askedAt) {
    return this.#stream !== null && askedAt < this.#stream.at && total !== this.#stream.total;
  }

  #delayMs() {
    const { pollMs, longestRetryMs } = this.timings;
    const ms = Math.max(pollMs, Math.min(longestRetryMs, pollMs * 2 ** this.#failures));
    return ms * (0.8 + 0.4 * this.random());
  }
}
