// Several tabs, one stream: whoever holds the lock leads and tells the others; when it goes or hangs, another one leads.
// https://w3c.github.io/web-locks/ Where there are no locks (storage blocked, a page that is not secure), every tab leads.

/**
 * `lead()`: this tab has to open the stream now; `follow()`: no longer. `hear(fact)`: the leader says so.
 * `snapshot()`: what another tab has to know; `adopt(snapshot)`: another tab knows this. `wake()`: try now.
 */
export class Sharing {
  #name;
  #roles;
  #timings;
  #me = Math.random().toString(36).slice(2);
  #channel = null;
  #place = null; // in the queue for the lock, or at its head
  #release = () => {};
  #term = 0; // since when the newest leader leads, as far as is known; what an older one says is out of date
  #silence; // timer: the leader has said nothing for long
  #answer = null; // timer: it owes an answer

  leading = false;

  constructor(name, timings, roles) {
    this.#name = name;
    this.#roles = roles;
    this.#timings = timings;
  }

  join() {
    if (this.#place) return;
    this.#channel = navigator.locks ? openChannel(this.#name, (message) => this.#hear(message)) : null;
    this.#request();
    if (!this.leading) this.#ask("hello");
  }

  leave() {
    this.#place?.abort();
    this.#place = null;
    this.#channel?.close();
    this.#channel = null;
    this.leading = false;
    this.#listen(null);
    this.#release();
  }

  /** To all other tabs; only the leader has anything to tell. */
  tell(fact) {
    if (this.leading) this.#post({ kind: "fact", fact });
  }

  askToWake() {
    if (this.leading) this.#roles.wake();
    else if (this.#place) this.#ask("wake");
  }

  /** The leader answers, or it hangs and this tab takes its place. */
  #ask(kind) {
    this.#post({ kind });
    this.#answer ??= setTimeout(() => this.#request(true), this.#timings.answerMs);
  }

  /** The leader is there. Nothing from it for long, and it is asked whether it still is. */
  #listen(ms = this.#timings.silenceMs) {
    clearTimeout(this.#answer);
    clearTimeout(this.#silence);
    this.#answer = null;
    if (ms !== null) this.#silence = setTimeout(() => this.#ask("hello"), ms);
  }

  /** Lead when it is our turn, or, with `steal`, now. */
  async #request(steal = false) {
    this.#place?.abort();
    const { signal } = (this.#place = new AbortController());
    if (!this.#channel) return this.#lead();
    const hold = () => signal.aborted || new Promise((release) => this.#lead(release)); // until release, or the end
    try {
      await navigator.locks.request(this.#name, steal ? { steal } : { signal }, hold);
    } catch (error) {
      if (signal.aborted) return; // left before it was our turn
      if (error.name === "AbortError") return this.#robbed();
      this.#channel.close(); // no locks to be had: alone
      this.#channel = null;
      this.#lead();
    }
  }

  #lead(release = () => {}) {
    this.#release = release;
    this.#listen(null);
    this.leading = true;
    this.#term = Math.max(Date.now(), this.#term + 1);
    this.#show();
    this.#roles.lead();
  }

  /** Another tab found that this one hangs, and leads now. */
  #robbed() {
    this.leading = false;
    this.#roles.follow();
    this.#request();
    this.#listen();
    this.#post({ kind: "hello" });
  }

  #hear({ kind, from, to = this.#me, leading, term, fact, snapshot }) {
    if (kind === "hello" || kind === "wake") this.#show(from);
    if (kind === "wake" && this.leading) this.#roles.wake();
    if (this.leading || to !== this.#me) return;
    if (leading ? term < this.#term : this.#term > 0) return;
    if (kind === "snapshot") this.#roles.adopt(snapshot);
    if (!leading) return;
    this.#term = term;
    this.#listen();
    if (kind === "fact") this.#roles.hear(fact);
  }

  /** What this tab knows, leading or not: the one that asks may be about to lead. */
  #show(to) {
    this.#post({ kind: "snapshot", to, snapshot: this.#roles.snapshot() });
  }

  #post(message) {
    this.#channel?.postMessage({ from: this.#me, leading: this.leading, term: this.#term, ...message });
  }
}

function openChannel(name, heard) {
  try {
    return Object.assign(new BroadcastChannel(name), { onmessage: ({ data }) => heard(data) });
  } catch {
    return null;
  }
}
