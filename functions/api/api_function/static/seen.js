// Which items are new to this tab? An item may come by stream, by poll, and by stream again; it counts once.

const MOST = 5_000; // ids remembered: far more than what an answer to a poll and a replay have in common

export class Seen {
  #ids = new Set();

  /** `fact` with `fresh`: those of its items that have never come before. */
  mark(fact) {
    return { ...fact, fresh: itemsOf(fact).filter(({ item_id }) => this.#isNew(item_id)) };
  }

  #isNew(id) {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > MOST) this.#ids.delete(this.#ids.values().next().value); // the oldest
    return true;
  }
}

function itemsOf({ type, event, data, state }) {
  if (type === "polled") return data.recent_items;
  if (type === "adopted") return state.items;
  return event === "new_item" ? [data] : [];
}
