// Which items are new to this tab? An item may come by stream, by poll, and by stream again; it
// counts once.

const MOST = 5_000; // ids remembered: far more than a poll response and a replay have in common

export class Seen {
  #ids = new Set();

  /** Returns `fact` with `fresh`: those of its items that have never come before. */
  mark(fact) {
    return { ...fact, fresh: itemsOf(fact).filter(({ item_id }) => this.#isNew(item_id)) };
  }

  #isNew(id) {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > MOST) this.#forgetOldest();
    return true;
  }

  #forgetOldest() {
    const [oldest] = this.#ids;
    this.#ids.delete(oldest);
  }
}

function itemsOf(fact) {
  if (fact.type === "polled") return fact.data.recent_items;
  if (fact.type === "adopted") return fact.state.items;
  return fact.event === "new_item" ? [fact.data] : [];
}
