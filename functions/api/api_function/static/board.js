// Draws a view into the part of the page that shows it. Whatever the part has a place for is filled; text is only text.

import { bar, describe, drawSeries, drawShares } from "./charts.js";
import { Strip } from "./strip.js";

const ITEM = document.getElementById("item-template");
const TAG = document.getElementById("tag-template");
const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const SCORE = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export class Board {
  #rows = new Map(); // the drawn items by id
  #bars = [];
  #begun = false;

  /** `root` carries `data-state`; places are marked by class or `data-field`. */
  constructor(root) {
    const find = (selector) => root.querySelector(selector);
    this.root = root;
    this.fields = [...root.querySelectorAll("[data-field]")];
    this.places = { status: find(".status"), detail: find(".detail"), retry: find(".retry"), shares: find(".shares") };
    Object.assign(this.places, { tags: find(".tags"), more: find(".more-tags"), items: find(".items") });
    Object.assign(this.places, { series: find(".series"), top: find(".series-top"), empty: find(".empty") });
    this.strip = find(".strip") && new Strip(find(".strip"));
  }

  draw(view) {
    const { status, detail, retry, shares, tags, more, items, series, top, empty } = this.places;
    if (this.root.dataset.state !== view.status) this.root.dataset.state = view.status;
    write(status, view.words); // a live region: touched only when it changes
    write(detail, view.detail);
    const idle = ["live", "paused", "ended"].includes(view.status);
    if (retry) retry.hidden = idle && retry !== document.activeElement; // the focus is not taken from anybody
    for (const cell of this.fields) write(cell, view.fields[cell.dataset.field] ?? "–");
    drawShares(shares, view.shares);
    if (tags) this.#drawTags(tags, view.tags.bars);
    write(more, view.tags.more > 0 ? `and ${view.tags.more} more` : "");
    if (series) this.#drawSeries(series, top, view.series);
    if (this.strip) write(this.root.querySelector(".strip-words"), this.strip.draw(view.items, view.now));
    this.#drawItems(items, view.items);
    empty.hidden = view.items.length > 0;
  }

  #drawSeries(svg, top, series) {
    const drawn = drawSeries(svg, series);
    write(top, String(drawn.top));
    const label = describe(drawn);
    if (svg.getAttribute("aria-label") !== label) svg.setAttribute("aria-label", label);
    write(this.root.querySelector(".series-words"), label);
  }

  #drawTags(list, bars) {
    while (this.#bars.length > bars.length) this.#bars.pop().remove();
    while (this.#bars.length < bars.length) {
      list.append(TAG.content.cloneNode(true));
      this.#bars.push(list.lastElementChild);
    }
    bars.forEach(({ name, text, width }, index) => {
      const row = this.#bars[index];
      write(row.querySelector(".name"), name);
      write(row.querySelector(".count"), text);
      bar(row.querySelector("svg"), width);
    });
  }

  #drawItems(list, items) {
    const wanted = new Set(items.map(({ item_id }) => item_id));
    for (const [id, row] of this.#rows) {
      if (!wanted.has(id)) row.remove(), this.#rows.delete(id);
    }
    let next = list.firstElementChild;
    for (const item of items) {
      const row = this.#rows.get(item.item_id) ?? this.#row(item);
      if (row === next) next = next.nextElementSibling;
      else list.insertBefore(row, next);
    }
    if (items.length) this.#begun = true;
  }

  #row(item) {
    const row = ITEM.content.firstElementChild.cloneNode(true);
    const at = new Date(item.timestamp);
    const valid = Number.isFinite(at.getTime());
    row.dataset.item = item.item_id;
    row.dataset.sentiment = item.sentiment;
    row.classList.toggle("fresh", this.#begun);
    write(row.querySelector(".ticker"), item.ticker);
    write(row.querySelector(".sentiment"), item.sentiment);
    write(row.querySelector(".score"), item.score !== null ? SCORE.format(item.score) : "–");
    write(row.querySelector(".tag-names"), item.tags.filter((tag) => tag !== item.ticker).join(" · "));
    write(row.querySelector("time"), valid ? CLOCK.format(at) : "–");
    if (valid) row.querySelector("time").dateTime = at.toISOString();
    this.#rows.set(item.item_id, row);
    return row;
  }
}

/** `draw` at most once a frame, however often it is asked for; not at all while nobody sees the page. */
export function oncePerFrame(draw) {
  let frame = null;
  return () => {
    frame ??= requestAnimationFrame(() => {
      frame = null;
      draw();
    });
  };
}

function write(element, text) {
  if (element && element.textContent !== String(text)) element.textContent = text;
}
