// An anonymous session of this tab, and the calls that need one. The token is in a header, never in a URL.

const KEY = "lambda-sse.session";
const ANSWER_WITHIN_MS = 10_000;

/** The service refused; `message` is its `detail`. */
export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export class Session {
  #token = kept();

  get token() {
    return this.#token;
  }

  async signIn() {
    const { token } = await this.#call("POST", "api/v2/auth/anonymous");
    this.#keep(token);
  }

  /** Revokes the token; what was open with it ends. */
  async signOut() {
    await this.#call("DELETE", "api/v2/auth/anonymous");
    this.forget();
  }

  forget() {
    this.#keep(null);
  }

  async configurations() {
    return (await this.#call("GET", "api/v2/configurations")).configurations;
  }

  /** Creates a configuration, or changes the one with `configId`. */
  save(draft, configId) {
    return configId
      ? this.#call("PUT", configurationUrl(configId), draft)
      : this.#call("POST", "api/v2/configurations", draft);
  }

  delete(configId) {
    return this.#call("DELETE", configurationUrl(configId));
  }

  #keep(token) {
    this.#token = token;
    try {
      if (token) sessionStorage.setItem(KEY, token);
      else sessionStorage.removeItem(KEY);
    } catch {
      // storage is blocked: the session lives as long as the page
    }
  }

  /** Raises Refused. */
  async #call(method, url, body) {
    const headers = this.#token ? { Authorization: `Bearer ${this.#token}` } : {};
    if (body) headers["Content-Type"] = "application/json";
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const response = await fetch(url, { method, headers, body: body && JSON.stringify(body), signal }).catch(() => {
      throw new Refused(0, "The service does not answer; try again in a moment");
    });
    const answer = response.status === 204 ? null : await response.json().catch(() => null);
    if (!response.ok) throw new Refused(response.status, String(answer?.detail ?? `Error ${response.status}`));
    return answer;
  }
}

function kept() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export function configurationUrl(configId) {
  return `api/v2/configurations/${encodeURIComponent(configId)}`;
}
