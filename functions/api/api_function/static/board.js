// Draws a view into a part of the page. A part shows whatever it has a place for, and every text
// becomes a text node.

import { Columns, bar, drawShares } from "./charts.js";
import { ItemList } from "./item_list.js";
import { Strip } from "./strip.js";

const TAG = document.getElementById("tag-template");
const REDRAW_MS = 250;
const NO_RETRY = ["live", "paused", "ended"]; // the states without a "Try now" button

export class Board {
  #bars = [];

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
      stripWords: place(".strip-words"),
      freshness: place(".freshness"),
      unknown: place(".unknown"),
    };
    this.list = new ItemList(root);
    this.columns = place(".columns") && new Columns(place(".columns"));
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
    write(places.more, moreWords(view.topics));
    this.columns?.draw(view.minutes, { sentiment: view.sentiment });
    if (this.strip) {
      this.strip.draw(view.items, view.now, view);
      write(places.stripWords, view.fields.strip_words);
    }
    this.list.draw(view.items, view.now, view.choice);
  }

  #drawFreshness({ text, late }) {
    write(this.places.freshness, text);
    this.places.freshness.dataset.late = String(late);
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

/** The sum of tags that are not named counts as one. */
function moreWords({ more, isLeast }) {
  if (more === 0) return "";
  return isLeast ? `and ${more} or more others` : `and ${more} more`;
}
