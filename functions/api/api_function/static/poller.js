// Asks for the current metrics and newest items: until there is an answer, or again and again while no stream can be had.

import { answer } from "./received.js";

const ANSWER_WITHIN_MS = 10_000;

export class Poller {
  #fallback = false; // the page lives on the answers, and no answer is a fact too
  #owed = false;
  #failures = 0;
  #run = null; // a new object for each
  #timer;

  constructor({ url, timings, emit, random }) {
    Object.assign(this, { url, timings, emit, random });
  }

  /** Ask until there is one answer to a question from now on. */
  want() {
    this.#owed = true;
    this.#begin();
  }

  /** Poll until `stop`. */
  start() {
    if (this.#fallback) return;
    this.#fallback = true;
    this.#begin();
  }

  /** A stream is there. What is wanted is still asked for. */
  stop() {
    this.#fallback = false;
    if (!this.#owed) this.leave();
  }

  /** Whatever is on its way comes to nothing. */
  leave() {
    clearTimeout(this.#timer);
    this.#fallback = this.#owed = false;
    this.#run = null;
  }

  #begin() {
    clearTimeout(this.#timer);
    this.#failures = 0;
    this.#ask((this.#run = {}));
  }

  async #ask(run) {
    const askedAt = Date.now();
    const data = await this.#answer();
    if (run !== this.#run) return;
    if (data) this.emit({ type: "polled", data, fallback: this.#fallback, askedAt, at: Date.now() });
    else if (this.#fallback) this.emit({ type: "unanswered", at: Date.now() });
    this.#owed &&= !data;
    this.#failures = data ? 0 : this.#failures + 1;
    if (this.#owed || this.#fallback) this.#timer = setTimeout(() => this.#ask(run), this.#delayMs());
    else this.#run = null;
  }

  #delayMs() {
    const { pollMs, longestRetryMs } = this.timings;
    const ms = Math.max(pollMs, Math.min(longestRetryMs, pollMs * 2 ** this.#failures));
    return ms * (0.8 + 0.4 * this.random());
  }

  async #answer() {
    try {
      const response = await fetch(this.url, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
      return response.ok ? answer(await response.json()) : null;
    } catch {
      return null;
    }
  }
}
