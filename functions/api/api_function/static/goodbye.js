// Tells the service which of our streams nobody follows any more: it cannot see that itself, and each holds a slot.

const MOST = 20; // what could not be said for so long has run out anyway

/** What the client calls a stream until the service has named it: 128 random bits, 22 characters of base64url. */
export function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** A connection is the id that the service gave, or the key that went with the request. */
export class Goodbyes {
  #unsaid = new Set(); // a stream is mostly cut when nothing else gets through either

  /** Says it now and, until it is heard, with each `repeat`. `leaving`: the page goes away, what is sent must arrive. */
  say(connection, leaving = false) {
    if (!connection) return;
    this.#unsaid.delete(connection);
    this.#unsaid.add(connection);
    if (this.#unsaid.size > MOST) this.#unsaid.delete(this.#unsaid.values().next().value);
    if (leaving) for (const each of this.#unsaid) navigator.sendBeacon(urlOf(each));
    else this.#post(connection);
  }

  repeat() {
    for (const each of this.#unsaid) this.#post(each);
  }

  #post(connection) {
    const said = fetch(urlOf(connection), { method: "POST", keepalive: true });
    said.then(({ ok, status }) => (ok || status === 404) && this.#unsaid.delete(connection)).catch(() => {});
  }
}

function urlOf(connection) {
  return `api/v2/stream/connections/${encodeURIComponent(connection)}/close`;
}
