// Polls the figures of each ticker: on start, then once a minute while the page is visible.

import { ask } from "./ask.js";
import { tickersFields } from "./received.js";

export class TickersPoll {
  #options;
  #askedAt = -Infinity;
  #asking = false;
  #failures = 0;
  #timer;
  known = null; // the fields of the last response that was usable

  /** Calls `changed()` after each poll. */
  constructor({ url, timings, changed, random = Math.random }) {
    this.#options = { url, timings, changed, random };
  }

  start() {
    document.addEventListener("visibilitychange", () => this.#plan());
    this.#poll();
  }

  get isFailing() {
    return this.#failures > 0;
  }

  #plan() {
    clearTimeout(this.#timer);
    if (this.#asking || document.hidden) return;
    const { refreshMs, pollMs, longestRetryMs } = this.#options.timings;
    const retryMs = Math.min(longestRetryMs, pollMs * 2 ** this.#failures);
    const ms = (this.#failures ? retryMs : refreshMs) * (0.9 + 0.2 * this.#options.random());
    this.#timer = setTimeout(() => this.#poll(), Math.max(0, this.#askedAt + ms - Date.now()));
  }

  async #poll() {
    this.#asking = true;
    this.#askedAt = Date.now();
    const read = await ask(this.#options.url, tickersFields);
    this.#asking = false;
    this.#failures = read ? 0 : this.#failures + 1;
    if (read) this.known = read;
    this.#plan();
    this.#options.changed();
  }
}
