// An anonymous session of this tab, and the calls that need one. The token goes into a header,
// never into a URL.

import { retryAfterMs } from "./backoff.js";
import { SESSION_KEY, store, stored } from "./tab_storage.js";

const TIMEOUT_MS = 10_000;

/**
 * The service refused a call, with this HTTP status; 0: it did not respond. `detail` is for
 * programs: panel_words.js has the words for visitors. `retryAfterMs` is null without a delay.
 */
export class Refused extends Error {
  constructor(httpStatus, detail, delayMs = null) {
    super(detail);
    this.status = httpStatus;
    this.detail = detail;
    this.retryAfterMs = delayMs;
  }
}

export class Session {
  #token = stored(SESSION_KEY);

  get token() {
    return this.#token;
  }

  async signIn() {
    const { token } = Object(await this.#call("POST", "api/v2/auth/anonymous"));
    if (typeof token !== "string" || !token) throw nonsense();
    this.#keep(token);
  }

  /** Revokes the token, which also ends the streams that were opened with it. */
  async signOut() {
    await this.#call("DELETE", "api/v2/auth/anonymous");
    this.forget();
  }

  forget() {
    this.#keep(null);
  }

  async configurations() {
    const { configurations } = Object(await this.#call("GET", "api/v2/configurations"));
    if (!Array.isArray(configurations)) throw nonsense();
    return configurations.map(configurationIn).filter(Boolean);
  }

  /** Creates a configuration, or changes the one with `configId`. Resolves to what it is now. */
  async save(draft, configId) {
    const body = configId
      ? await this.#call("PUT", configurationUrl(configId), draft)
      : await this.#call("POST", "api/v2/configurations", draft);
    const saved = configurationIn(body);
    if (!saved) throw nonsense();
    return saved;
  }

  delete(configId) {
    return this.#call("DELETE", configurationUrl(configId));
  }

  #keep(token) {
    this.#token = token;
    store(SESSION_KEY, token);
  }

  /** Resolves to the body of the response. Throws Refused. */
  async #call(method, url, body) {
    const headers = this.#token ? { Authorization: `Bearer ${this.#token}` } : {};
    if (body) headers["Content-Type"] = "application/json";
    const response = await fetch(url, {
      method,
      headers,
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch(() => {
      throw new Refused(0, "no response");
    });
    const content = response.status === 204 ? null : await response.json().catch(() => null);
    if (response.ok) return content;
    const delayMs = retryAfterMs(response.headers.get("Retry-After"), Date.now());
    throw new Refused(response.status, String(content?.detail ?? ""), delayMs);
  }
}

/** Returns the fields of a configuration that are used; null if one of them is not usable. */
function configurationIn(body) {
  const { config_id: id, name: called, tickers } = Object(body);
  const isText = (value) => typeof value === "string";
  const isUsable = isText(id) && id && isText(called) && Array.isArray(tickers);
  return isUsable && tickers.every(isText) ? { config_id: id, name: called, tickers } : null;
}

/** Returns the error for a response of success that cannot be used. */
function nonsense() {
  return new Refused(500, "unusable response");
}

export function configurationUrl(configId) {
  return `api/v2/configurations/${encodeURIComponent(configId)}`;
}
