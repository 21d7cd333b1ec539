// The Web Lock whose holder leads: waiting for it, holding it, taking it from a tab that hangs.
// https://w3c.github.io/web-locks/

/** Calls `acquired()` when this tab holds the lock, `stolen()` when another tab has taken it. */
export class LeaderLock {
  #lockName;
  #callbacks;
  #turn = null; // aborts the waiting; null while this tab does not want the lock
  #release = () => {};

  /** `unavailable()` is called when the browser grants no locks at all. */
  constructor(lockName, { acquired, stolen, unavailable }) {
    this.#lockName = lockName;
    this.#callbacks = { acquired, stolen, unavailable };
  }

  /** Whether this tab holds the lock or waits for it. */
  get wanted() {
    return this.#turn !== null;
  }

  /** Waits for this tab's turn or, with `steal`, takes the lock at once. */
  async request({ steal = false, supported = true } = {}) {
    this.#turn?.abort();
    this.#turn = new AbortController();
    const { signal } = this.#turn;
    if (!supported) return this.#callbacks.unavailable();
    try {
      await navigator.locks.request(this.#lockName, steal ? { steal } : { signal }, () => {
        return signal.aborted || this.#hold();
      });
    } catch (error) {
      if (signal.aborted) return; // this tab left before its turn came
      if (error.name === "AbortError") this.#callbacks.stolen();
      else this.#callbacks.unavailable();
    }
  }

  /** Gives the lock back, or stops waiting for it. */
  leave() {
    this.#turn?.abort();
    this.#turn = null;
    this.#release();
  }

  /** The browser keeps the lock for this tab until the returned promise resolves. */
  #hold() {
    return new Promise((release) => {
      this.#release = release;
      this.#callbacks.acquired();
    });
  }
}
