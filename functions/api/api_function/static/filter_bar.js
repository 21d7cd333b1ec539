// The line that says what the page shows, and the buttons that are pressed for it.

import { write } from "./elements.js";
import { filterWords } from "./filter.js";
import { clockWords } from "./windows.js";

export class FilterBar {
  #places;

  /** `clear()`: the visitor wants to see all items again. */
  constructor(root, clear) {
    const place = (selector) => root.querySelector(selector);
    this.#places = {
      words: place(".showing"),
      trouble: place(".filter-trouble"),
      clear: place(".clear-filter"),
      next: place(".share"),
      json: place("footer a[href^='api/v2/metrics']"),
    };
    this.#places.clear.addEventListener("click", clear);
  }

  /** `failing`: when the figures of a ticker that cannot be had now were true; else undefined. */
  draw(filter, failing) {
    const { words, trouble, clear, next, json } = this.#places;
    const isAll = !filter.ticker && !filter.sentiment;
    write(words, filterWords(filter)); // an output, so that it is announced
    write(trouble, failing === undefined ? "" : troubleWords(filter.ticker, failing));
    if (isAll && clear === document.activeElement) next.focus();
    clear.hidden = isAll;
    const href = filter.ticker ? `api/v2/metrics?ticker=${filter.ticker}` : "api/v2/metrics";
    if (json.getAttribute("href") !== href) json.setAttribute("href", href);
    for (const button of document.querySelectorAll(".pick[aria-pressed]")) {
      const { ticker, sentiment } = button.dataset;
      const pressed = ticker ? ticker === filter.ticker : sentiment === filter.sentiment;
      if (button.ariaPressed !== String(pressed)) button.ariaPressed = String(pressed);
    }
  }
}

function troubleWords(ticker, at) {
  const since = at === null ? "none yet" : `the last ones are of ${clockWords(at, Date.now())}`;
  return `No figures of ${ticker} can be had now; ${since}`;
}
