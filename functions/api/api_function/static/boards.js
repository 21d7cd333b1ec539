// The boards of the watched configurations, side by side. A reload keeps them: the tab's storage
// holds their ids, in order, and nothing else.

import { ConfigurationView } from "./configuration_view.js";
import { store, stored } from "./tab_storage.js";

const KEY = "lambda-sse.watched";
// A browser opens six connections to one HTTP/1.1 host: the page's own stream, one for each board,
// and one that is left for calls.
const MOST = 4;

export class Boards {
  #order = storedIds(); // all that are watched, those that are not open yet included
  #views = new Map(); // by configuration id

  /** Calls `ended(configuration, httpStatus)` and `stopWatching(configuration)` of each board. */
  constructor(place, callbacks) {
    this.place = place;
    this.callbacks = callbacks;
  }

  get ids() {
    return [...this.#order];
  }

  /** Says whether this configuration is watched. */
  has({ config_id: id }) {
    return this.#order.includes(id);
  }

  /** Watches a configuration. Says false if there are as many boards as there may be. */
  open(configuration, { token, timings }) {
    const { config_id: id } = configuration;
    if (this.#views.has(id)) return true;
    if (!this.#order.includes(id)) {
      if (this.#order.length >= MOST) return false;
      this.#keep([...this.#order, id]);
    }
    const view = new ConfigurationView(configuration, { token, timings, ...this.callbacks });
    const later = this.#order.slice(this.#order.indexOf(id) + 1);
    const next = later.map((each) => this.#views.get(each)).find(Boolean);
    this.#views.set(id, view);
    this.place.insertBefore(view.root, next?.root ?? null);
    view.start();
    return true;
  }

  /** Shows a configuration as it is now, if it is watched. */
  show(configuration) {
    this.#views.get(configuration.config_id)?.show(configuration);
  }

  close(configId) {
    this.#views.get(configId)?.close();
    this.#views.delete(configId);
    this.#keep(this.#order.filter((each) => each !== configId));
  }

  closeAll() {
    for (const id of this.ids) this.close(id);
  }

  redraw() {
    for (const view of this.#views.values()) view.redraw();
  }

  #keep(ids) {
    this.#order = ids;
    store(KEY, ids.length ? JSON.stringify(ids) : null);
  }
}

/** What storage holds may be anything: only a few different texts count. */
function storedIds() {
  try {
    const ids = JSON.parse(stored(KEY));
    const texts = Array.isArray(ids) ? ids.filter((each) => typeof each === "string") : [];
    return [...new Set(texts)].slice(0, MOST);
  } catch {
    return [];
  }
}
