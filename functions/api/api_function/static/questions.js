// The visitor's questions to the whole page: which ticker, which sentiment, and may I take it away?

import { Filter } from "./filter.js";
import { FilterBar } from "./filter_bar.js";
import { NO_MINUTES } from "./minutes.js";
import { TickersCard } from "./tickers.js";
import { TickersPoll } from "./tickers_poll.js";

const NOT_LOADED = "This could not be loaded; try again.";

export class Questions {
  #options;
  #filter;
  #ticker = null; // the one to show
  #filtered = null; // its view, once it is loaded
  #isLost = false; // it could not be loaded
  #known; // the global state
  #bar;
  #card;
  #none; // the place of the words for an empty list
  #polled;
  #drawn = null; // the view that the page shows
  #exported; // places for what was saved or shared

  /** `known`: the global state. Calls `changed()` when the page is to be drawn anew. */
  constructor(root, known, { timings, changed, listed }) {
    this.#known = known;
    this.#options = { url: "api/v2/metrics", timings, changed };
    this.#filter = new Filter(() => this.#filterChanged());
    this.#bar = new FilterBar(root, () => this.#filter.choose({ ticker: null, sentiment: null }));
    this.#card = new TickersCard(root, changed);
    this.#none = root.querySelector(".newest .empty");
    this.#exported = { link: root.querySelector(".link"), said: root.querySelector(".said") };
    this.#polled = new TickersPoll({ url: "api/v2/tickers", timings, changed });
    this.#exportWhenWanted(root, () => ({
      items: listed(),
      minutes: this.#drawn.minutes,
      now: this.#drawn.now,
      filter: this.#filter.chosen,
      address: this.#filter.address,
    }));
  }

  /** What saves and shares is loaded with the first press of its buttons. */
  #exportWhenWanted(root, shown) {
    const buttons = { ".items-csv": "saveItems", ".minutes-csv": "saveMinutes", ".share": "share" };
    let exporting = null;
    for (const [selector, action] of Object.entries(buttons)) {
      root.querySelector(selector).addEventListener("click", async () => {
        exporting ??= await import("./export.js")
          .then(({ Export }) => new Export(root, shown))
          .catch(() => null);
        if (exporting) exporting[action]();
        else root.querySelector(".said").textContent = NOT_LOADED;
      });
    }
  }

  start() {
    this.#polled.start();
    this.#filterChanged();
  }

  /** Takes a fact of the global view and the state that it has led to. */
  hear(fact, known) {
    this.#known = known;
    this.#filtered?.hear(fact);
  }

  /** The sentiment to show; null: all. */
  get sentiment() {
    return this.#filter.chosen.sentiment;
  }

  /** The ticker to show; null: all. */
  get ticker() {
    return this.#filter.chosen.ticker;
  }

  /** The state to show: the global one, or that of the ticker. */
  get state() {
    const known = this.#known;
    if (this.#ticker) return this.#filtered?.within(known) ?? nothingOf(this.#ticker, known);
    const told = this.#polled.known;
    if (!known.metrics || !told?.tickers.length) return known;
    return { ...known, metrics: { ...known.metrics, by_tag: told.topics } };
  }

  /** The items to list. */
  get items() {
    const { items } = this.#ticker ? this.state : this.#known;
    return this.sentiment ? items.filter(({ sentiment }) => sentiment === this.sentiment) : items;
  }

  /** Names what is listed, so that a list knows when it is another one. */
  get choice() {
    const { ticker, sentiment } = this.#filter.chosen;
    return `${ticker} ${sentiment}`;
  }

  draw(view) {
    const filter = this.#filter.chosen;
    const isFailing = this.#isLost || this.#filtered?.isFailing;
    const timestamp = this.#ticker
      ? this.state.metrics?.timestamp
      : (this.#polled.known ?? this.#known.metrics)?.timestamp;
    this.#drawn = view;
    this.#none.textContent = this.state.hasPolled ? noneWords(filter) : "Not known yet.";
    this.#bar.draw(filter, isFailing ? (this.#filtered?.trueAt ?? null) : undefined);
    const topics = { count: view.topics.bars.length, timestamp };
    this.#card.draw(this.#polled, { filter, now: view.now, topics });
  }

  #filterChanged() {
    const { ticker } = this.#filter.chosen;
    this.#exported.link.hidden = true; // it leads to another page now
    this.#exported.said.textContent = "";
    if (ticker !== this.#ticker) this.#showTicker(ticker);
    this.#options.changed(true);
  }

  async #showTicker(ticker) {
    this.#ticker = ticker;
    this.#filtered?.stop();
    this.#filtered = null;
    this.#isLost = false;
    if (!ticker) return;
    const loaded = await import("./filtered_view.js").catch(() => null);
    if (ticker !== this.#ticker || this.#filtered) return; // the visitor has chosen again
    this.#isLost = !loaded;
    this.#filtered = loaded && new loaded.FilteredView(ticker, this.#known, this.#options);
    this.#filtered?.start();
    this.#options.changed(true);
  }
}

/** The items of a ticker that are known, before anything else of it is. */
function nothingOf(ticker, known) {
  const items = known.items.filter((item) => item.ticker === ticker);
  return { ...known, metrics: null, minutes: NO_MINUTES, items, hasPolled: false };
}


function noneWords({ ticker, sentiment }) {
  if (!ticker && !sentiment) return "No items yet. They appear here as they are analysed.";
  const items = [sentiment, "items", ticker && `of ${ticker}`].filter(Boolean).join(" ");
  return `There are no ${items} among the newest ones.`;
}
