// How long to wait before the next attempt, and what does the page know meanwhile?

/** Full jitter: waits a random part of a ceiling, which doubles with each failure. */
export class Backoff {
  #failures = 0; // since the last healthy stream
  #retryMs = 0; // the server's last `retry`, remembered as EventSource does

  constructor(timings, random) {
    this.timings = timings;
    this.random = random;
  }

  /** Returns the milliseconds to wait after an ending (what `follow` of stream.js resolves to). */
  after({ announced, empty, livedMs, retryMs, retryAfterMs }) {
    const { healthyMs, firstRetryMs, longestFirstRetryMs } = this.timings;
    const { longestRetryMs, longestServerDelayMs } = this.timings;
    this.#retryMs = Math.min(retryMs ?? this.#retryMs, longestServerDelayMs);
    if (livedMs >= healthyMs) this.#failures = 0;
    if (announced && livedMs >= firstRetryMs) return this.#retryMs; // the server drew it at random
    const first = Math.min(Math.max(this.#retryMs, firstRetryMs), longestFirstRetryMs);
    const jitterMs = this.random() * Math.min(longestRetryMs, first * 2 ** this.#failures);
    this.#failures += 1;
    if (empty && retryMs >= firstRetryMs) return this.#retryMs; // drawn for an outage
    if (retryAfterMs === null) return jitterMs;
    return Math.min(retryAfterMs, longestServerDelayMs) + Math.min(jitterMs, first);
  }
}

/** Returns the fact that the page waits after this ending, until `retryAt`. */
export function waitingFact(ending, retryAt, { firstRetryMs, renewalMs }) {
  const { announced, empty, livedMs, silent, status: httpStatus, detail } = ending;
  const isRenewal = announced && livedMs >= firstRetryMs;
  return {
    type: "waiting",
    patientUntil: isRenewal ? Date.now() + renewalMs : null,
    silent,
    empty,
    status: httpStatus,
    detail,
    online: navigator.onLine,
    retryAt,
  };
}

/**
 * Returns the delay that a `Retry-After` asks for, in milliseconds; null without one.
 * https://httpwg.org/specs/rfc9110.html#field.retry-after
 */
export function retryAfterMs(header, now) {
  if (!header) return null;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}
