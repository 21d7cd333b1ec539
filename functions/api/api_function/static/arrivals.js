// Which items have come since, how many, and do they come too fast to be pointed out one by one?

const FRESH_MS = 2_400; // for so long a row is marked as new
const FAST = 3; // items a second
const SPAN_MS = 2_000; // the time over which the rate is taken
const POLLED = 20; // items that a poll names at most
const MOST = 10; // items remembered: more than FAST in SPAN_MS

export class Arrivals {
  #known = new Set(); // the ids of the newest items
  #begun = false;
  #came = []; // ids and moments of the last ones, oldest first
  count = 0; // items that have come since `restart`
  isLeast = false; // there may have been more

  /** Notes which of `items` are new. The first items ever are not. */
  note(items, now) {
    if (!items.length) return; // after a reset: what comes again is not new
    const known = items.findIndex(({ item_id }) => this.#known.has(item_id));
    const fresh = known < 0 ? items : items.slice(0, known); // below, a poll has added older ones
    if (this.#begun) {
      this.count += fresh.length;
      if (known < 0 && items.length >= POLLED) this.isLeast = true;
      const came = [...this.#came, ...fresh.map(({ item_id }) => ({ id: item_id, at: now }))];
      this.#came = came.slice(-MOST);
    }
    this.#begun = true;
    this.#known = new Set(items.map(({ item_id }) => item_id));
  }

  /** Counts from zero. */
  restart() {
    this.count = 0;
    this.isLeast = false;
  }

  /** Forgets everything, as for another list. */
  forget() {
    this.#begun = false;
    this.#known.clear();
    this.#came = [];
    this.restart();
  }

  /** Says whether this item has just come. While many come, none is pointed out. */
  isFresh(id, now) {
    const since = (ms) => this.#came.filter(({ at }) => now - at <= ms);
    if (since(SPAN_MS).length > (FAST * SPAN_MS) / 1000) return false;
    return since(FRESH_MS).some((each) => each.id === id);
  }
}
