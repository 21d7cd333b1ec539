// Tells the service which of our streams nobody follows any more: it cannot see that itself, and each holds a slot.

export class Goodbyes {
  #unsaid = new Set(); // a stream is mostly cut when nothing else gets through either

  /** Says it now, or with the next `say`. */
  add(connectionId) {
    if (!connectionId) return;
    this.#unsaid.add(connectionId);
    this.say();
  }

  say() {
    for (const id of this.#unsaid) {
      const said = fetch(urlOf(id), { method: "POST", keepalive: true });
      said.then(({ ok }) => ok && this.#unsaid.delete(id)).catch(() => {});
    }
  }

  /** The page goes away: what is sent now arrives all the same. */
  sayLeaving(connectionId) {
    if (connectionId) this.#unsaid.add(connectionId);
    for (const id of this.#unsaid) navigator.sendBeacon(urlOf(id));
    this.#unsaid.clear();
  }
}

function urlOf(connectionId) {
  return `api/v2/stream/connections/${encodeURIComponent(connectionId)}/close`;
}
