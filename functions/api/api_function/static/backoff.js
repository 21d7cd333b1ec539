// How long to wait before the next attempt? Pure but for the `random` that is handed in.

/** Full jitter: a random part of a ceiling that doubles with each failure, and is reset by a healthy stream only. */
export class Backoff {
  #failures = 0;
  #retryMs = 0; // the server's own word, kept as EventSource keeps it

  constructor(timings, random) {
    this.timings = timings;
    this.random = random;
  }

  /** Milliseconds to wait after `ending` (what `follow` of stream.js resolves to). */
  after({ announced, livedMs, retryMs, retryAfterMs }) {
    const { healthyMs, firstRetryMs, longestFirstRetryMs, longestRetryMs, longestToldMs } = this.timings;
    this.#retryMs = Math.min(retryMs ?? this.#retryMs, longestToldMs);
    if (livedMs >= healthyMs) this.#failures = 0;
    if (announced && livedMs >= firstRetryMs) return this.#retryMs; // the server has drawn it at random
    const first = Math.min(Math.max(this.#retryMs, firstRetryMs), longestFirstRetryMs);
    const jitterMs = this.random() * Math.min(longestRetryMs, first * 2 ** this.#failures);
    this.#failures += 1;
    return retryAfterMs === null ? jitterMs : Math.min(retryAfterMs, longestToldMs) + Math.min(jitterMs, first);
  }
}

/** What a `Retry-After` says, in milliseconds; null without one. https://httpwg.org/specs/rfc9110.html#field.retry-after */
export function retryAfterMs(header, now) {
  if (!header) return null;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}
