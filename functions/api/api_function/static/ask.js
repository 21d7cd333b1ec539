// One request for JSON that is read with a reader of received.js.

const TIMEOUT_MS = 10_000;

/**
 * Resolves to what `read` makes of the body; null if there is no usable response within 10 s.
 * `stopped`: a signal that ends the wait.
 */
export async function ask(url, read, stopped = null) {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const signal = stopped ? AbortSignal.any([stopped, timeout]) : timeout;
    const response = await fetch(url, { cache: "no-store", signal });
    return response.ok ? read(await response.json()) : null;
  } catch {
    return null;
  }
}
