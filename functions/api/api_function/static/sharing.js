// Which of several tabs opens the stream, and how do the others learn what it brings?
//
// All tabs that show the same stream compete for one Web Lock. The tab that holds it leads: it
// opens the stream and sends every fact to the others over a BroadcastChannel. The others follow.
// When the leader closes or pauses, it gives the lock back (the browser does that for a tab that
// dies), and the next tab in the queue leads. It continues from the last fact that it has heard.
//
// A frozen tab keeps its lock. So a follower asks the leader when it joins, when "Try now" is
// pressed, and when it has heard nothing for `silenceMs`. Without a message of a leader within
// `leaderReplyMs`, it steals the lock and leads. When the other tab runs again, it stops its stream
// and follows. Until then both believe that they lead, so each message carries its sender's term
// (when that leader began), and messages of older terms are ignored.
//
//   hello     Who leads, and what is known? Every tab replies with a snapshot.
//   wake      As hello, and the leader makes its next attempt now.
//   snapshot  The sender's state. A follower's counts only for a tab that has heard no leader yet.
//   fact      A fact that the leader's stream or poll has brought.
//
// Without locks or a channel (storage blocked, an insecure page), every tab leads for itself.

import { LeaderLock } from "./leader_lock.js";

/**
 * Calls back: `lead()` opens the stream, `follow()` stops it, `wake()` attempts now, `hear(fact)`
 * takes a fact, `snapshot()` returns this tab's state, `adopt(snapshot)` takes another tab's.
 */
export class Sharing {
  leading = false;
  #channelName;
  #callbacks;
  #timings;
  #me = Math.random().toString(36).slice(2);
  #lock;
  #channel = null;
  #term = 0; // the newest leader's, as far as heard; 0: no leader was heard
  #silenceTimer; // the leader has sent nothing for long
  #replyTimer = null; // the leader was asked and has not replied

  constructor(channelName, timings, callbacks) {
    this.#channelName = channelName;
    this.#callbacks = callbacks;
    this.#timings = timings;
    this.#lock = new LeaderLock(channelName, {
      acquired: () => this.#lead(),
      stolen: () => this.#replaced(),
      unavailable: () => this.#leadAlone(),
    });
  }

  join() {
    if (this.#lock.wanted) return;
    this.#channel = openChannel(this.#channelName, (message) => this.#hear(message));
    this.#requestLock();
    if (!this.leading) this.#ask("hello");
  }

  leave() {
    this.#channel?.close();
    this.#channel = null;
    this.leading = false;
    this.#stopTimers();
    this.#lock.leave();
  }

  /** Sends a fact to all other tabs, if this one leads. */
  tell(fact) {
    if (this.leading) this.#post({ kind: "fact", fact });
  }

  askToWake() {
    if (this.leading) this.#callbacks.wake();
    else if (this.#lock.wanted) this.#ask("wake");
  }

  #requestLock(steal = false) {
    this.#lock.request({ steal, supported: this.#channel !== null });
  }

  #ask(kind) {
    this.#post({ kind });
    this.#replyTimer ??= setTimeout(() => this.#requestLock(true), this.#timings.leaderReplyMs);
  }

  #leaderHeard() {
    this.#stopTimers();
    this.#silenceTimer = setTimeout(() => this.#ask("hello"), this.#timings.silenceMs);
  }

  #stopTimers() {
    clearTimeout(this.#replyTimer);
    clearTimeout(this.#silenceTimer);
    this.#replyTimer = null;
  }

  #lead() {
    this.#stopTimers();
    this.leading = true;
    this.#term = Math.max(Date.now(), this.#term + 1);
    this.#sendSnapshot();
    this.#callbacks.lead();
  }

  #leadAlone() {
    this.#channel?.close();
    this.#channel = null;
    this.#lead();
  }

  /** Another tab has stolen the lock and leads now. */
  #replaced() {
    this.leading = false;
    this.#callbacks.follow();
    this.#requestLock();
    this.#leaderHeard();
    this.#post({ kind: "hello" });
  }

  #hear({ kind, from, to = this.#me, leading, term, fact, snapshot }) {
    if (kind === "hello" || kind === "wake") this.#sendSnapshot(from);
    if (kind === "wake" && this.leading) this.#callbacks.wake();
    if (this.leading || to !== this.#me) return;
    if (leading ? term < this.#term : this.#term > 0) return;
    if (kind === "snapshot") this.#callbacks.adopt(snapshot);
    if (!leading) return;
    this.#term = term;
    this.#leaderHeard();
    if (kind === "fact") this.#callbacks.hear(fact);
  }

  #sendSnapshot(to) {
    this.#post({ kind: "snapshot", to, snapshot: this.#callbacks.snapshot() });
  }

  #post(message) {
    const sender = { from: this.#me, leading: this.leading, term: this.#term };
    this.#channel?.postMessage({ ...sender, ...message });
  }
}

function openChannel(channelName, heard) {
  if (!navigator.locks) return null;
  try {
    const channel = new BroadcastChannel(channelName);
    channel.onmessage = ({ data }) => heard(data);
    return channel;
  } catch {
    return null;
  }
}
