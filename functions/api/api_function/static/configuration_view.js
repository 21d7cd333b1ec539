// The view of one configuration: its own stream, live beside the global one.

import { Board, calmly } from "./board.js";
import { LiveView } from "./live_view.js";
import { configurationUrl } from "./session.js";
import { view } from "./view.js";

const TEMPLATE = document.getElementById("configuration-view-template");

export class ConfigurationView {
  /**
   * Shows itself in `place`. Calls `ended(httpStatus)` when the stream was refused for good, and
   * `stopWatching()` when the visitor wants no more of it.
   */
  constructor(place, configuration, { token, timings, ended, stopWatching }) {
    place.replaceChildren(TEMPLATE.content.cloneNode(true));
    this.place = place;
    this.root = place.firstElementChild;
    this.timings = timings;
    this.ended = ended;
    const board = new Board(this.root);
    this.redraw = calmly(() => {
      if (this.live) board.draw(view(this.live.state, Date.now(), timings.silenceMs));
    });
    const url = `${configurationUrl(configuration.config_id)}/stream`;
    const changed = (isUrgent) => this.#changed(isUrgent);
    this.live = new LiveView({ url, token, timings, changed });
    this.root.querySelector(".retry").addEventListener("click", () => this.live.tryNow());
    this.root.querySelector(".close").addEventListener("click", stopWatching);
    this.show(configuration);
    this.live.start();
    this.redraw();
  }

  /** Shows the configuration as it is now. */
  show(configuration) {
    this.configId = configuration.config_id;
    this.root.querySelector(".name").textContent = configuration.name;
    this.root.querySelector(".tickers").textContent = configuration.tickers.join(" ");
  }

  close() {
    this.live.leave();
    this.live = null;
    this.place.replaceChildren();
  }

  #changed(isUrgent) {
    this.redraw(isUrgent);
    const { state } = this.live;
    if (state.status !== "ended") return;
    queueMicrotask(() => {
      if (this.live) this.ended(state.refusal.status);
    });
  }
}
