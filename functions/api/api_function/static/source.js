// Turns the network into facts: follows the stream, comes back after every end, polls while that fails.

import { Backoff } from "./backoff.js";
import { Goodbyes, randomKey } from "./goodbye.js";
import { Poller } from "./poller.js";
import { event } from "./received.js";
import { follow } from "./stream.js";

const FINAL = new Set([204, 401, 403, 404]); // nothing to come back to, where a stream belongs to somebody

/**
 * `emit` gets the facts that state.js reduces. `pollUrl`: where the same can be asked for; null if nowhere.
 * `token`: for a stream that belongs to somebody; only such a stream can be over for good.
 */
export class Source {
  #options;
  #run = null; // the AbortController of what is going on
  #attempt = null;
  #connection = null; // what the service knows the stream by
  #goodbyes = new Goodbyes();
  #unheard = 0; // attempts in a row that brought no event
  #wake = () => {};
  #hurry = false;

  constructor({ url, pollUrl = null, token = null, timings, emit, random = Math.random }) {
    this.#options = { url, token, timings, emit };
    this.backoff = new Backoff(timings, random);
    this.poller = pollUrl && new Poller({ url: pollUrl, timings, emit, random });
  }

  /** Go on from this state. A connection in it is one that another tab has left without a word. */
  start({ lastEventId, answered, connection }) {
    if (this.#run) return;
    this.#run = new AbortController();
    this.lastEventId = lastEventId;
    this.#goodbyes.say(connection);
    if (!answered) this.poller?.want();
    this.#follow(this.#run.signal);
  }

  /** Leave, and tell the service, so that the slot is free. `page`: that goes away, too. */
  stop(page = false) {
    if (!this.#run) return;
    this.#run.abort();
    this.#run = null;
    this.wake();
    this.poller?.leave();
    this.#goodbyes.say(this.#connection, page);
    this.#connection = null;
    this.#emit({ type: "left" });
  }

  /** Try now instead of later. */
  wake() {
    this.#wake();
  }

  /** The network has changed: what is open may be dead without knowing. */
  networkChanged() {
    this.#hurry = true;
    this.#attempt?.abort();
    this.wake();
  }

  async #follow(run) {
    while (!run.aborted) {
      const ending = await this.#once(run);
      if (run.aborted) return;
      if (this.#options.token && FINAL.has(ending.status)) {
        this.#run = null;
        return this.#emit({ type: "ended", status: ending.status, detail: ending.detail });
      }
      this.#unheard = ending.heard ? 0 : this.#unheard + 1;
      if (this.#unheard >= this.#options.timings.failuresBeforePolling || ending.retryAfterMs !== null) {
        this.poller?.start();
      }
      const delayMs = this.backoff.after(ending);
      await this.#wait(this.#hurry ? 0 : delayMs, ending);
    }
  }

  async #once(run) {
    const { url, token, timings } = this.#options;
    const key = (this.#connection = randomKey());
    this.#attempt = new AbortController();
    this.#hurry = false;
    this.#emit({ type: "attempting", connection: key });
    const headers = { "X-Connection-Key": key, ...(token && { Authorization: `Bearer ${token}` }) };
    const signal = AbortSignal.any([run, this.#attempt.signal]);
    const ending = await follow(
      { url, headers, lastEventId: this.lastEventId, timings, signal },
      { opened: (id) => this.#opened(id ?? key), received: (events) => this.#received(events) },
    );
    if (run.aborted) return ending; // what is open now is another run's
    if (!ending.announced && ending.status === null) this.#goodbyes.say(this.#connection); // cut: the service cannot know
    this.#connection = null;
    this.lastEventId = ending.lastEventId;
    return ending;
  }

  #opened(connection) {
    this.#connection = connection;
    this.#emit({ type: "opened", connection });
    this.#goodbyes.repeat();
  }

  #received(events) {
    this.poller?.stop();
    for (const { type, data, id } of events) {
      this.lastEventId = id;
      const fields = event(type, data);
      if (fields) this.#emit({ type: "event", event: type, data: fields, id });
      if (type === "reset") this.poller?.want();
    }
  }

  #wait(ms, { announced, livedMs, silent, status, detail }) {
    const { firstRetryMs, renewalMs } = this.#options.timings;
    const now = Date.now();
    const patientUntil = announced && livedMs >= firstRetryMs ? now + renewalMs : null;
    this.#emit({ type: "waiting", patientUntil, silent, status, detail, online: navigator.onLine, retryAt: now + ms });
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => (clearTimeout(timer), resolve());
    });
  }

  #emit(fact) {
    this.#options.emit({ ...fact, at: Date.now() });
  }
}
