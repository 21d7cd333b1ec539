// Asks for the current metrics and newest items: once to begin with, and again and again while no stream can be had.

import { answer } from "./received.js";

const ANSWER_WITHIN_MS = 10_000;

export class Poller {
  #run = null; // a new object for each run
  #timer;

  constructor({ url, timings, emit, random }) {
    Object.assign(this, { url, timings, emit, random });
  }

  /** Poll until `stop`. */
  start() {
    if (!this.#run) this.#again((this.#run = {}));
  }

  stop() {
    clearTimeout(this.#timer);
    this.#run = null;
  }

  /** One question. Within a run its answer is what the page lives on, and no answer is a fact too. */
  async ask(run = null) {
    const askedAt = Date.now();
    const data = await this.#answer();
    if (run !== null && run !== this.#run) return; // a stream was faster
    const fallback = run !== null;
    if (data) this.emit({ type: "polled", data, fallback, askedAt, at: Date.now() });
    else if (fallback) this.emit({ type: "unanswered", at: Date.now() });
  }

  async #answer() {
    try {
      const response = await fetch(this.url, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
      return response.ok ? answer(await response.json()) : null;
    } catch {
      return null;
    }
  }

  async #again(run) {
    await this.ask(run);
    if (run !== this.#run) return;
    this.#timer = setTimeout(() => this.#again(run), this.timings.pollMs * (0.8 + 0.4 * this.random()));
  }
}
