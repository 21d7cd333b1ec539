// A tab's live view of one stream: the stream, shared with other tabs, and the resulting state.

import { Sharing } from "./sharing.js";
import { Source } from "./source.js";
import { INITIAL, reduce } from "./state.js";

/**
 * Follows a stream from `start()` until `leave()`, and pauses while the page is hidden or gone.
 * Calls `changed(isUrgent, fact)` after each fact. It is urgent if the status has changed.
 */
export class LiveView {
  state = INITIAL;
  #source;
  #sharing;
  #hiddenTimer;
  #listening = null;

  constructor({ url, pollUrl = null, token = null, timings, changed }) {
    this.timings = timings;
    this.changed = changed;
    const emit = (fact) => {
      this.#dispatch(fact);
      this.#sharing.tell(fact);
    };
    this.#source = new Source({ url, pollUrl, token, timings, emit });
    this.#sharing = new Sharing(new URL(url, document.baseURI).href, timings, {
      lead: () => this.#source.start(this.state),
      follow: () => this.#source.stop(),
      hear: (fact) => this.#dispatch(fact),
      snapshot: () => this.state,
      adopt: (state) => this.#dispatch({ type: "adopted", state }),
      wake: () => this.#source.wake(),
    });
  }

  start() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const on = (target, type, listener) => target.addEventListener(type, listener, { signal });
    on(window, "pagehide", () => this.#pause(true));
    on(window, "pageshow", () => this.#sharing.join());
    on(window, "online", () => this.#source.networkChanged());
    on(window, "offline", () => this.#source.networkChanged());
    on(document, "visibilitychange", () => this.#visibilityChanged());
    this.#sharing.join();
    this.#visibilityChanged();
  }

  /** Leaves for good. */
  leave() {
    this.#listening?.abort();
    this.#listening = null;
    this.#leave();
  }

  tryNow() {
    this.#sharing.askToWake();
  }

  #visibilityChanged() {
    clearTimeout(this.#hiddenTimer);
    if (document.hidden) this.#hiddenTimer = setTimeout(() => this.#pause(), this.timings.hiddenMs);
    else this.#sharing.join();
  }

  #pause(pageGoes) {
    this.#leave(pageGoes);
    this.#dispatch({ type: "paused" });
  }

  #leave(pageGoes) {
    clearTimeout(this.#hiddenTimer);
    this.#source.stop(pageGoes);
    this.#sharing.leave();
  }

  #dispatch(fact) {
    const before = this.state.status;
    this.state = reduce(this.state, fact);
    this.changed(this.state.status !== before, fact);
  }
}
