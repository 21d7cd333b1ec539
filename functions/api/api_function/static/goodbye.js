// Tells the service which of this page's streams are no longer followed. It cannot see that itself,
// and each stream holds a slot.

const MOST = 20; // goodbyes kept; the slots of older ones have expired by themselves

/** Returns the key that names a stream until the service has given it an id: 128 random bits. */
export function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const base64 = btoa(String.fromCharCode(...bytes));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** A connection id is the one that the service gave, or the key that went with the request. */
export class Goodbyes {
  #unconfirmed = new Set(); // when a stream is cut, a goodbye mostly cannot get through either

  /**
   * Says goodbye now and, until the service has confirmed it, with each `repeat`.
   * `pageGoes`: the page ends, so that only a beacon arrives.
   */
  say(connectionId, pageGoes = false) {
    if (!connectionId) return;
    this.#remember(connectionId);
    if (pageGoes) for (const each of this.#unconfirmed) navigator.sendBeacon(closeUrl(each));
    else this.#post(connectionId);
  }

  repeat() {
    for (const each of this.#unconfirmed) this.#post(each);
  }

  #remember(connectionId) {
    this.#unconfirmed.delete(connectionId);
    this.#unconfirmed.add(connectionId);
    const [oldest] = this.#unconfirmed;
    if (this.#unconfirmed.size > MOST) this.#unconfirmed.delete(oldest);
  }

  async #post(connectionId) {
    try {
      const response = await fetch(closeUrl(connectionId), { method: "POST", keepalive: true });
      if (response.ok || response.status === 404) this.#unconfirmed.delete(connectionId);
    } catch {
      // The service is unreachable: the goodbye is repeated.
    }
  }
}

function closeUrl(connectionId) {
  return `api/v2/stream/connections/${encodeURIComponent(connectionId)}/close`;
}
