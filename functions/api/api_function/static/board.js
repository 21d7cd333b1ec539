// Draws a view into a part of the page. A part shows whatever it has a place for, and every text
// becomes a text node.

import { bar, describe, drawSeries, drawShares } from "./charts.js";
import { itemsIn } from "./minutes.js";
import { Strip } from "./strip.js";

const ITEM = document.getElementById("item-template");
const TAG = document.getElementById("tag-template");
const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const SCORE = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const REDRAW_MS = 250;
const NO_RETRY = ["live", "paused", "ended"]; // the states without a "Try now" button

export class Board {
  #rows = new Map(); // the drawn items by id
  #bars = [];
  #begun = false;

  /** `root` carries `data-state`; places are marked by class or `data-field`. */
  constructor(root) {
    const place = (selector) => root.querySelector(selector);
    this.root = root;
    this.fields = [...root.querySelectorAll("[data-field]")];
    this.places = {
      status: place(".status"),
      detail: place(".detail"),
      retry: place(".retry"),
      shares: place(".shares"),
      tags: place(".tags"),
      more: place(".more-tags"),
      items: place(".items"),
      empty: place(".empty"),
      series: place(".series"),
      seriesTop: place(".series-top"),
      seriesWords: place(".series-words"),
      stripWords: place(".strip-words"),
      freshness: place(".freshness"),
      unknown: place(".unknown"),
    };
    this.strip = place(".strip") && new Strip(place(".strip"));
  }

  draw(view) {
    const { places, root } = this;
    if (root.dataset.state !== view.status) root.dataset.state = view.status;
    write(places.status, view.label); // a live region: written only when it changes
    write(places.detail, view.detail);
    if (places.retry) showRetry(places.retry, !NO_RETRY.includes(view.status));
    for (const cell of this.fields) write(cell, view.fields[cell.dataset.field] ?? "–");
    drawShares(places.shares, view.shares);
    if (places.freshness) this.#drawFreshness(view.freshness);
    write(places.unknown, view.unknown ?? "");
    if (places.tags) this.#drawTags(view.topics.bars);
    write(places.more, view.topics.more > 0 ? `and ${view.topics.more} more` : "");
    if (places.series) this.#drawSeries(view.minutes.columns);
    if (this.strip) {
      this.strip.draw(view.items, view.now);
      write(places.stripWords, view.fields.strip_words);
    }
    this.#drawItems(view.items);
    places.empty.hidden = view.items.length > 0;
  }

  #drawFreshness({ text, late }) {
    write(this.places.freshness, text);
    this.places.freshness.dataset.late = String(late);
  }

  #drawSeries(columns) {
    const { series: svg, seriesTop, seriesWords } = this.places;
    const counts = columns.map((column) => column && itemsIn(column));
    const drawn = drawSeries(svg, { counts, average: 0 });
    write(seriesTop, String(drawn.top));
    const label = describe(drawn);
    if (svg.getAttribute("aria-label") !== label) svg.setAttribute("aria-label", label);
    write(seriesWords, label);
  }

  #drawTags(bars) {
    while (this.#bars.length > bars.length) this.#bars.pop().remove();
    while (this.#bars.length < bars.length) {
      this.places.tags.append(TAG.content.cloneNode(true));
      this.#bars.push(this.places.tags.lastElementChild);
    }
    bars.forEach((drawn, index) => {
      const row = this.#bars[index];
      write(row.querySelector(".name"), drawn.name);
      write(row.querySelector(".count"), drawn.text);
      bar(row.querySelector("svg"), drawn.width);
    });
  }

  #drawItems(items) {
    const list = this.places.items;
    const wanted = new Set(items.map(({ item_id }) => item_id));
    for (const [id, row] of this.#rows) {
      if (wanted.has(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
    let next = list.firstElementChild;
    for (const item of items) {
      const row = this.#rows.get(item.item_id) ?? this.#newRow(item);
      if (row === next) next = next.nextElementSibling;
      else list.insertBefore(row, next);
    }
    if (items.length) this.#begun = true;
  }

  #newRow(item) {
    const row = ITEM.content.firstElementChild.cloneNode(true);
    const cell = (selector) => row.querySelector(selector);
    const at = new Date(item.timestamp);
    const valid = Number.isFinite(at.getTime());
    const otherTags = item.tags.filter((tag) => tag !== item.ticker);
    row.dataset.item = item.item_id;
    row.dataset.sentiment = item.sentiment;
    row.classList.toggle("fresh", this.#begun);
    write(cell(".ticker"), item.ticker);
    write(cell(".sentiment"), item.sentiment);
    write(cell(".score"), item.score !== null ? SCORE.format(item.score) : "–");
    write(cell(".tag-names"), otherTags.join(" · "));
    write(cell("time"), valid ? CLOCK.format(at) : "–");
    if (valid) cell("time").dateTime = at.toISOString();
    this.#rows.set(item.item_id, row);
    return row;
  }
}

/**
 * Returns a function that has `draw` called in the next animation frame, four times a second at
 * most unless it is urgent, and not at all while the page is hidden.
 */
export function calmly(draw) {
  let timer = null;
  let frame = null;
  let drawnAt = -Infinity;
  const drawNow = () => {
    frame = null;
    drawnAt = performance.now();
    draw();
  };
  const inNextFrame = () => {
    clearTimeout(timer);
    timer = null;
    frame ??= requestAnimationFrame(drawNow);
  };
  return (isUrgent = false) => {
    const pause = drawnAt + REDRAW_MS - performance.now();
    if (isUrgent || pause <= 0) inNextFrame();
    else timer ??= setTimeout(inNextFrame, pause);
  };
}

/** A button that has the focus stays, so that the focus is not lost. */
function showRetry(button, wanted) {
  button.hidden = !wanted && button !== document.activeElement;
}

function write(element, text) {
  if (element && element.textContent !== String(text)) element.textContent = text;
}
