// Which items does the page show? The filter of a ticker and a sentiment stands in the address.

const OURS = ["ticker", "sentiment"];
const SENTIMENTS = ["positive", "neutral", "negative"];
const TICKER = /^[A-Za-z]{1,5}$/;

/** Returns `{ticker, sentiment}` of an address's query; null for each that makes no sense. */
export function filterOf(query) {
  const parameters = new URLSearchParams(query);
  const ticker = (parameters.get("ticker") ?? "").trim();
  const sentiment = (parameters.get("sentiment") ?? "").trim().toLowerCase();
  return {
    ticker: TICKER.test(ticker) ? ticker.toUpperCase() : null,
    sentiment: SENTIMENTS.includes(sentiment) ? sentiment : null,
  };
}

/** Returns the query with this filter. Other parameters stay as they are written. */
export function queryOf(query, filter) {
  const parts = query.replace(/^\?/, "").split("&").filter(Boolean);
  const isOurs = (part) => OURS.some((key) => new URLSearchParams(part).has(key));
  const ours = OURS.filter((key) => filter[key]).map((key) => `${key}=${filter[key]}`);
  const all = [...parts.filter((part) => !isOurs(part)), ...ours];
  return all.length ? `?${all.join("&")}` : "";
}

/** Says what is shown: "Showing NVDA, negative". */
export function filterWords({ ticker, sentiment }) {
  return `Showing ${[ticker, sentiment].filter(Boolean).join(", ") || "all items"}`;
}

/** The filter of this page. Calls `changed()` when the visitor chooses, or goes back or forward. */
export class Filter {
  #changed;

  constructor(changed) {
    this.#changed = changed;
    this.chosen = filterOf(location.search);
    addEventListener("popstate", () => this.#take(filterOf(location.search)));
    document.addEventListener("click", ({ target }) => {
      const pick = target.closest?.(".pick");
      if (pick && !pick.disabled) this.#pick(pick);
    });
  }

  /** The address of what is shown, to be shared. */
  get address() {
    return this.#address(this.chosen).href;
  }

  /** Changes the named parts of the filter. */
  choose(parts) {
    const filter = { ...this.chosen, ...parts };
    if (OURS.every((key) => filter[key] === this.chosen[key])) return;
    history.pushState(null, "", this.#address(filter));
    this.#take(filter);
  }

  /** A button that can be pressed is a switch; any other sets what it names. */
  #pick({ dataset, ariaPressed }) {
    const key = dataset.ticker ? "ticker" : "sentiment";
    this.choose({ [key]: ariaPressed === "true" ? null : dataset[key] });
  }

  #take(filter) {
    this.chosen = filter;
    this.#changed();
  }

  #address(filter) {
    const address = new URL(location.href);
    address.search = queryOf(address.search, filter);
    return address;
  }
}
