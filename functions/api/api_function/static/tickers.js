// The card of tickers, each with its split, its last hour and the change, and the title of topics.

import { drawShares } from "./charts.js";
import { write } from "./elements.js";
import { hourWords, tickerRows, windowWords } from "./ticker_words.js";

const ROW = document.getElementById("ticker-template");
const FEW = 10; // rows, until the visitor wants all
const HEIGHT = 16; // of a sparkline's view box, which is as wide as there are minutes

export class TickersCard {
  #places;
  #rows = [];
  #isWhole = false;
  #redraw;

  /** `redraw()`: the visitor wants to see more or fewer rows. */
  constructor(root, redraw) {
    const place = (selector) => root.querySelector(selector);
    this.#redraw = redraw;
    this.#places = {
      rows: place(".ticker-rows"),
      hour: place(".ticker-hour"),
      words: place(".tickers-words"),
      trouble: place(".tickers-trouble"),
      none: place(".no-tickers"),
      more: place(".more-tickers"),
      topicsWords: place(".topics-words"),
      noTopics: place(".no-topics"),
    };
    this.#places.more.addEventListener("click", () => {
      this.#isWhole = !this.#isWhole;
      this.#redraw();
    });
  }

  /** `polled`: a TickersPoll. `topics`: how many are shown, and the `timestamp` of their counts. */
  draw(polled, { filter, now, topics }) {
    const { known, isFailing } = polled;
    const { words, trouble, none, more, topicsWords, noTopics } = this.#places;
    const since = hourWords(known?.timestamp);
    const all = tickerRows(known?.tickers ?? [], filter.sentiment, since);
    write(this.#places.hour, since);
    const rows = this.#isWhole ? all : all.slice(0, FEW);
    this.#drawRows(rows);
    write(words, known ? tickersWords(known, filter.sentiment, now) : "");
    write(trouble, isFailing ? troubleWords(known) : "");
    write(none, known ? "No items in these hours yet." : isFailing ? "" : "Loading");
    none.hidden = all.length > 0;
    more.hidden = all.length <= FEW && more !== document.activeElement;
    write(more, this.#isWhole ? `Show ${FEW} tickers` : `Show all ${all.length} tickers`);
    write(topicsWords, topicWords(topics, filter, now));
    noTopics.hidden = topics.count > 0 || !topics.timestamp;
  }

  #drawRows(rows) {
    while (this.#rows.length > rows.length) this.#remove(this.#rows.pop());
    while (this.#rows.length < rows.length) this.#rows.push(this.#newRow());
    this.#keepFocus(rows);
    rows.forEach((row, index) => show(this.#rows[index], row));
  }

  /** Moves the row that has the focus to its ticker's new place, so that the focus stays on it. */
  #keepFocus(rows) {
    const from = this.#rows.findIndex(({ pick }) => pick === document.activeElement);
    const to = rows.findIndex(({ ticker }) => ticker === this.#rows[from]?.pick.dataset.ticker);
    if (to >= 0 && to !== from) this.#rows[to].pick.focus({ preventScroll: true });
  }

  #remove({ element, pick }) {
    if (pick === document.activeElement) this.#rows.at(-1)?.pick.focus();
    element.remove();
  }

  #newRow() {
    this.#places.rows.append(ROW.content.cloneNode(true));
    const element = this.#places.rows.lastElementChild;
    const cell = (selector) => element.querySelector(selector);
    const [pick, ticker, count] = [cell(".pick"), cell(".ticker"), cell(".count")];
    const [split, spark, line] = [cell(".split"), cell(".spark"), cell(".spark path")];
    const [change, against] = [cell(".change b"), cell(".against")];
    const parts = [...element.querySelectorAll(".part")];
    return { element, pick, ticker, count, split, parts, spark, line, change, against };
  }
}

function show(places, row) {
  if (places.pick.dataset.ticker !== row.ticker) places.pick.dataset.ticker = row.ticker;
  write(places.ticker, row.ticker);
  write(places.count, row.count);
  row.parts.forEach((text, index) => write(places.parts[index], text));
  drawShares(places.split, row.shares);
  label(places.split, row.split);
  set(places.line, "d", sparkline(row.minutes));
  label(places.spark, row.spark);
  write(places.change, row.change.text);
  write(places.against, row.change.rest);
}

/** Returns a column for each minute with items. A minute that is not known is a stroke below. */
function sparkline(minutes) {
  const most = Math.max(1, ...minutes.map((count) => count ?? 0));
  const column = (count, index) => {
    if (count === null) return `M${index + 0.5} ${HEIGHT}v1`;
    const height = Math.round((count / most) * HEIGHT * 10) / 10;
    return count > 0 ? `M${index + 0.5} ${HEIGHT}v-${height}` : "";
  };
  return minutes.map(column).join("");
}

function tickersWords({ timestamp }, sentiment, now) {
  const which = sentiment ? `${sentiment} items ` : "items ";
  const hours = sentiment ? "; last hour: all sentiments" : "";
  return `${which}${windowWords(timestamp, now)}${hours}`;
}

function topicWords({ timestamp }, { ticker, sentiment }, now) {
  const which = [ticker && `of ${ticker}`, sentiment && "all sentiments"].filter(Boolean);
  return [...which, windowWords(timestamp, now)].filter(Boolean).join(", ");
}

function troubleWords(known) {
  return known ? "They cannot be had now: these are the last ones" : "They cannot be had now";
}

function label(element, text) {
  set(element, "aria-label", text);
}

function set(element, attribute, value) {
  if (element.getAttribute(attribute) !== value) element.setAttribute(attribute, value);
}
