// Keeps texts in this tab until it is closed, over reloads, too. Where storage is blocked, nothing.

export const SESSION_KEY = "lambda-sse.session";

/** Returns what this tab keeps under a key; null: nothing. */
export function stored(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Keeps a text in this tab; null: keeps nothing under this key. */
export function store(key, text) {
  try {
    if (text === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, text);
  } catch {
    // Storage is blocked: everything lives as long as the page.
  }
}
