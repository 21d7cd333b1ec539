// The live view of one ticker: its figures are polled, its items come by the global stream.
//
// A poll is due at once, again when an item of the ticker has come or the service is polled anyway,
// 5 s after the last one at the earliest, and every minute. While the page is hidden, none is. The
// stream's state is the global one.
// While polls fail, the figures are frozen.

import { ask } from "./ask.js";
import { pollFields } from "./received.js";
import { INITIAL, reduce } from "./state.js";

export class FilteredView {
  #options;
  #state;
  #failures = 0;
  #askedAt = -Infinity;
  #stopped = null; // aborts what is under way, whose response would be too late
  #asking = false;
  #wanted = false; // something has happened since the last poll was sent
  #isBehind = false; // the stream was away, and nobody knows what came meanwhile
  #isBack = false; // it is there again, so that the next poll tells
  #timer;

  /** `known`: the global state, whose items of this ticker are shown at once. */
  constructor(ticker, known, { url, timings, changed, random = Math.random }) {
    this.ticker = ticker;
    this.#options = { url: `${url}?ticker=${ticker}`, timings, changed, random };
    const items = known.items.filter((item) => item.ticker === ticker);
    this.#state = { ...INITIAL, items };
  }

  start() {
    this.#stopped = new AbortController();
    const { signal } = this.#stopped;
    const shown = () => document.hidden || this.#poll();
    document.addEventListener("visibilitychange", shown, { signal });
    this.#poll();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#stopped.abort();
  }

  /** Whether the last poll failed. */
  get isFailing() {
    return this.#failures > 0;
  }

  /** When the figures were true, in epoch milliseconds; null: there are none yet. */
  get trueAt() {
    const ms = Date.parse(this.#state.metrics?.timestamp);
    return Number.isFinite(ms) ? ms : null;
  }

  /** Takes a fact of the global view. */
  hear(fact) {
    const { type, event: eventType, data } = fact;
    if (eventType === "reset") {
      this.#state = reduce(this.#state, fact);
      this.#askedAt = -Infinity;
    }
    if (eventType === "new_item" && data.ticker === this.ticker) {
      this.#state = reduce(this.#state, fact);
      this.#want();
    }
    this.#follow(type);
    const isPolled = type === "polled" && fact.fallback;
    if (isPolled || type === "adopted" || eventType === "reset") this.#want();
  }

  /** Returns the global state with this ticker's figures, minutes and items in it. */
  within(known) {
    const { metrics, minutes, items, hasPolled, knownAt } = this.#state;
    const topics = metrics?.by_tag.filter(([tag]) => tag !== this.ticker);
    const frozen = this.isFailing || this.#isBehind;
    return {
      ...known,
      metrics: metrics && { ...metrics, by_tag: topics },
      minutes,
      items,
      hasPolled,
      knownAt: frozen ? knownAt : known.knownAt,
      frozen,
    };
  }

  #follow(type) {
    if (type === "waiting" || type === "paused" || type === "adopted") {
      this.#isBehind = true;
      this.#isBack = false;
    } else if (type === "event" && this.#isBehind && !this.#isBack) {
      this.#isBack = true;
      this.#want();
    }
  }

  #want() {
    this.#wanted = true;
    this.#plan();
  }

  #plan() {
    const { filterPollMs, refreshMs } = this.#options.timings;
    clearTimeout(this.#timer);
    if (this.#asking || document.hidden) return;
    const usual = this.#wanted ? filterPollMs : refreshMs * (0.8 + 0.2 * this.#options.random());
    const ms = this.#failures ? this.#afterFailureMs() : usual;
    this.#timer = setTimeout(() => this.#poll(), Math.max(0, this.#askedAt + ms - Date.now()));
  }

  #afterFailureMs() {
    const { filterPollMs, longestRetryMs } = this.#options.timings;
    const ms = Math.min(longestRetryMs, filterPollMs * 2 ** (this.#failures - 1));
    return Math.max(filterPollMs, ms) * (0.8 + 0.4 * this.#options.random());
  }

  async #poll() {
    if (this.#asking) return;
    this.#asking = true;
    this.#wanted = false;
    this.#askedAt = Date.now();
    const { signal } = this.#stopped;
    const isBack = this.#isBack;
    const data = await ask(this.#options.url, pollFields, signal);
    if (signal.aborted) return;
    this.#asking = false;
    this.#failures = data ? 0 : this.#failures + 1;
    if (data) this.#take(data);
    if (data && isBack && this.#isBack) this.#isBehind = false;
    this.#plan();
    this.#options.changed();
  }

  #take(data) {
    const fact = { type: "polled", data, fallback: true, askedAt: this.#askedAt, at: Date.now() };
    this.#state = reduce({ ...this.#state, status: "polling" }, fact); // so that figures count
  }
}
