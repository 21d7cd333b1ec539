// Several tabs, one stream: whoever holds the lock leads and tells the others; when it goes, the next one leads.
// https://w3c.github.io/web-locks/ Where there are no locks (a page that is not secure), every tab leads itself.

/**
 * `lead()`: this tab has to open the stream now. `hear(fact)`: the leader says so. `snapshot()`: what a tab that joins
 * has to know; `adopt(snapshot)`: this tab has joined. `wake()`: another tab asks the leader to try now.
 */
export class Sharing {
  #name;
  #roles;
  #me = Math.random().toString(36).slice(2);
  #channel = null;
  #left = null;
  #release = () => {};

  leading = false;

  constructor(name, roles) {
    this.#name = name;
    this.#roles = roles;
  }

  join() {
    if (this.#left) return;
    this.#left = new AbortController();
    if (!navigator.locks || !globalThis.BroadcastChannel) return this.#lead();
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    this.#post({ kind: "hello", from: this.#me });
    const signal = this.#left.signal;
    const hold = () => signal.aborted || new Promise((release) => this.#lead(release)); // until release, or the end
    navigator.locks.request(this.#name, { signal }, hold).catch(() => {}); // left before it was our turn
  }

  leave() {
    this.#left?.abort();
    this.#left = null;
    this.#channel?.close();
    this.#channel = null;
    this.leading = false;
    this.#release();
  }

  /** To all other tabs; only the leader has anything to tell. */
  tell(fact) {
    this.#post({ kind: "fact", fact });
  }

  askToWake() {
    if (this.leading) this.#roles.wake();
    else this.#post({ kind: "wake" });
  }

  #lead(release = () => {}) {
    this.#release = release;
    this.leading = true;
    this.#roles.lead();
  }

  #hear({ kind, fact, from, to, snapshot }) {
    if (kind === "fact" && !this.leading) this.#roles.hear(fact);
    if (kind === "snapshot" && to === this.#me) this.#roles.adopt(snapshot);
    if (kind === "hello" && this.leading) this.#post({ kind: "snapshot", to: from, snapshot: this.#roles.snapshot() });
    if (kind === "wake" && this.leading) this.#roles.wake();
  }

  #post(message) {
    this.#channel?.postMessage(message);
  }
}
