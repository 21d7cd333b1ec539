// One configuration's own stream, live beside the global one.

import { Board, oncePerFrame } from "./board.js";
import { LiveView } from "./live_view.js";
import { configurationUrl } from "./session.js";
import { view } from "./view.js";

const TEMPLATE = document.getElementById("configuration-view-template");

export class ConfigurationView {
  /** Shows itself in `place`. `over(status)`: the stream has ended for good, refused with this HTTP status. */
  constructor(place, configuration, { token, timings, over, close }) {
    place.replaceChildren(TEMPLATE.content.cloneNode(true));
    this.place = place;
    this.root = place.firstElementChild;
    this.timings = timings;
    this.over = over;
    const board = new Board(this.root);
    this.redraw = oncePerFrame(() => this.live && board.draw(view(this.live.state, Date.now(), timings.silenceMs)));
    const url = `${configurationUrl(configuration.config_id)}/stream`;
    this.live = new LiveView({ url, token, timings, changed: () => this.#changed() });
    this.root.querySelector(".retry").addEventListener("click", () => this.live.tryNow());
    this.root.querySelector(".close").addEventListener("click", close);
    this.show(configuration);
    this.live.start();
    this.redraw();
  }

  /** The configuration as it is now. */
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

  #changed() {
    this.redraw();
    const { status, refusal } = this.live.state;
    if (status === "ended") queueMicrotask(() => this.live && this.over(refusal.status));
  }
}
