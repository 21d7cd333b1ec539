// The board of one configuration: its own stream, live beside the global one.

import { Board, calmly } from "./board.js";
import { write } from "./elements.js";
import { LiveView } from "./live_view.js";
import { configurationUrl } from "./session.js";
import { view } from "./view.js";

const TEMPLATE = document.getElementById("configuration-view-template");

export class ConfigurationView {
  #live = null;

  /**
   * Shows itself in `root`, from `start()` until `close()`. Calls
   * `ended(configuration, httpStatus)` when the stream was refused for good, and
   * `stopWatching(configuration)` when the visitor wants no more of it.
   */
  constructor(configuration, { token, timings, ended, stopWatching }) {
    this.root = TEMPLATE.content.firstElementChild.cloneNode(true);
    this.token = token;
    this.timings = timings;
    this.ended = ended;
    const board = new Board(this.root);
    this.list = board.list;
    this.none = this.root.querySelector(".empty");
    this.words = this.none.textContent;
    const { silenceMs, freshMs } = timings;
    this.redraw = calmly(() => {
      if (!this.#live) return;
      const shown = view(this.#live.state, Date.now(), silenceMs, { freshMs });
      write(this.none, this.#live.state.hasPolled ? this.words : "Not known yet.");
      board.draw({ ...shown, choice: this.configuration.tickers.join() });
    });
    const onClick = (selector, act) =>
      this.root.querySelector(selector).addEventListener("click", act);
    onClick(".retry", () => this.#live.tryNow());
    onClick(".close", () => stopWatching(this.configuration));
    this.#name(configuration);
  }

  start() {
    const { config_id: id, tickers } = this.configuration;
    // The fragment is not sent. Tabs that know other tickers of the configuration share nothing.
    const url = `${configurationUrl(id)}/stream#${tickers.join("+")}`;
    const { token, timings } = this;
    const changed = (isUrgent) => this.#changed(live, isUrgent);
    const live = new LiveView({ url, pollUrl: metricsUrl(tickers), token, timings, changed });
    this.#live = live;
    live.start();
    this.redraw();
  }

  /** Shows the configuration as it is now. With other tickers, it starts again. */
  show(configuration) {
    const before = this.configuration.tickers.join();
    this.#name(configuration);
    if (configuration.tickers.join() === before) return;
    this.#stop();
    this.start();
  }

  close() {
    this.#stop();
    this.root.remove();
  }

  #stop() {
    const live = this.#live;
    this.#live = null;
    live?.leave();
  }

  /** Names the board and all that it consists of: there may be several. */
  #name(configuration) {
    const { config_id: id, name: called, tickers } = configuration;
    const part = (selector) => this.root.querySelector(selector);
    this.configuration = configuration;
    part("h3").id = `board-${id}`;
    this.root.setAttribute("aria-labelledby", `board-${id}`);
    for (const each of this.root.querySelectorAll(".name")) each.textContent = called;
    part(".tickers").textContent = tickers.join(" ");
    part(".close").ariaLabel = `Stop watching ${called}`;
    part(".retry").ariaLabel = `Try now: ${called}`;
    part(".hold").ariaLabel = `Hold the items of ${called}`;
    part(".items").ariaLabel = `Newest items of ${called}`;
    part(".shares").ariaLabel = `Shares of positive, neutral and negative items of ${called}`;
  }

  #changed(live, isUrgent) {
    if (live !== this.#live) return;
    this.list.note(live.state.items, Date.now() + live.state.skewMs);
    this.redraw(isUrgent);
    if (live.state.status !== "ended") return;
    queueMicrotask(() => {
      if (live === this.#live) this.ended(this.configuration, live.state.refusal.status);
    });
  }
}

/** Returns where the figures and the newest items of these tickers are. */
function metricsUrl(tickers) {
  const query = new URLSearchParams(tickers.map((ticker) => ["ticker", ticker]));
  return `api/v2/metrics?${query}`;
}
