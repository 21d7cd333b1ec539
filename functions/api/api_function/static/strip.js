// The strip of the last five minutes: each item is a mark at its time, as high as its score, shaped
// as its sentiment. One canvas, drawn when the board draws.

import { ownZone } from "./clock_axis.js";
import { coloursOf, markSprites } from "./marks.js";
import { SENTIMENTS } from "./minute_words.js";
import { SPAN_MS, stripLabels, stripPlace } from "./strip_axis.js";
import { gaps } from "./strip_gaps.js";
import { Measured, whenLooksChange } from "./surroundings.js";

const MOST = 400; // marks; further ones replace the oldest
const HATCH = 8; // px between the lines over times of which not all items are drawn
const RADIUS = 0.42; // of a mark, in sizes of the font
const LANDING_MS = 900; // how long a ring shows that an item has just come
const CALM_MS = 2000; // no rings if so long brings more items than 3 a second
const CALM_ITEMS = 6;

export class Strip {
  #items = new Map(); // by item id, oldest first
  #now = null;
  #wanted = { ticker: null, sentiment: null };
  #minutes = null; // the service's counts
  #begun = false;
  #landed = []; // when items have come, by the browser's clock
  #colours = null;
  #marks = null; // by sentiment
  #frame = null;

  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.zone = ownZone();
    const anew = () => {
      this.#colours = null;
      this.#marks = null;
      this.#draw();
    };
    this.text = new Measured(canvas, anew);
    whenLooksChange(anew);
  }

  /**
   * Adds the new items, removes those that are too old. `now`: ms, by the service's clock. Only
   * marks of that `ticker` and `sentiment` are drawn, if they are given. `minutes`, as view.js
   * describes them, tell where there are more items than marks.
   */
  draw(items, now, { ticker = null, sentiment = null, minutes = null } = {}) {
    this.#now = now;
    this.#minutes = minutes;
    this.#wanted = { ticker, sentiment };
    const oldest = now - SPAN_MS;
    for (const item of items.toReversed()) {
      const at = Math.min(now, Date.parse(item.timestamp));
      if (at > oldest && item.score !== null && !this.#items.has(item.item_id)) {
        this.#land(item, at);
      }
    }
    for (const [id, { at }] of this.#items) {
      if (at <= oldest || this.#items.size > MOST) this.#items.delete(id);
    }
    if (items.length) this.#begun = true;
    this.#draw();
  }

  #land({ item_id: id, ticker, sentiment: told, score: given }, at) {
    const sentiment = SENTIMENTS.includes(told) ? told : "neutral";
    const score = Math.min(1, Math.max(0, given));
    const landedAt = this.#begun ? performance.now() : -Infinity;
    if (this.#begun) this.#landed.push(landedAt);
    this.#items.set(id, { id, at, score, ticker, sentiment, landedAt });
  }

  /** The marks as drawn, oldest first: `{id, sentiment, at, score, x, y}`, x and y in px. */
  get dots() {
    if (this.#now === null) return [];
    const { x, y } = this.#place();
    const { ticker, sentiment: tone } = this.#wanted;
    const wanted = [...this.#items.values()].filter((item) => {
      return item.ticker === (ticker ?? item.ticker) && item.sentiment === (tone ?? item.sentiment);
    });
    return wanted.map(({ id, sentiment, at, score }) => {
      return { id, sentiment, at, score, x: x(at), y: y(score) };
    });
  }

  /** The times that are hatched, because items are missing: `{from, to}` in ms. */
  get gaps() {
    if (!this.#minutes) return [];
    const drawn = this.dots.map(({ at }) => at);
    const options = { sentiment: this.#wanted.sentiment, oldest: this.#now - SPAN_MS };
    return gaps(this.#minutes, drawn, { ...options, now: this.#now });
  }

  /** The labels as they are drawn, each at its gridline: `{text, x}` and `{text, y}`, in px. */
  get labels() {
    return stripLabels(this.text, this.#place(), this.#now, this.zone);
  }

  #place() {
    return stripPlace(this.text, this.canvas.matches(":dir(rtl)"), this.#now);
  }

  #draw() {
    const { width, height } = this.text;
    if (this.#now === null || width === 0) return;
    const ratio = devicePixelRatio;
    const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== across) this.canvas.width = across;
    if (this.canvas.height !== down) this.canvas.height = down;
    this.#colours ??= coloursOf(this.canvas);
    this.#marks ??= markSprites(this.#colours, this.text.size * RADIUS, ratio);
    const { context } = this;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    this.#drawGaps();
    this.#drawAxes();
    const isLanding = this.#drawItems();
    if (isLanding) {
      this.#frame ??= requestAnimationFrame(() => {
        this.#frame = null;
        this.#draw();
      });
    }
  }

  #drawGaps() {
    const { context } = this;
    const { x, upper, lower } = this.#place();
    const height = lower - upper;
    context.strokeStyle = this.#colours.line;
    context.lineWidth = 1.5;
    for (const { from, to } of this.gaps) {
      const [left, right] = [Math.min(x(from), x(to)), Math.max(x(from), x(to))];
      context.save();
      context.beginPath();
      context.rect(left, upper, right - left, height);
      context.clip();
      context.beginPath();
      for (let at = Math.floor((left - height) / HATCH) * HATCH; at < right; at += HATCH) {
        context.moveTo(at, lower);
        context.lineTo(at + height, upper);
      }
      context.stroke();
      context.restore();
    }
  }

  #drawAxes() {
    const { context } = this;
    const { rtl, start, end, upper, lower } = this.#place();
    const edge = start + (rtl ? 5 : -5);
    const besideAlign = rtl ? "left" : "right";
    context.font = this.text.font;
    context.textBaseline = "middle";
    for (const { text, x, y } of this.labels) {
      const isTime = x !== undefined;
      context.fillStyle = this.#colours.line;
      if (isTime) context.fillRect(x, upper, 1, lower - upper + 4);
      else context.fillRect(Math.min(start, end), y, Math.abs(end - start), 1);
      context.fillStyle = this.#colours.ink;
      context.textAlign = isTime ? "center" : besideAlign;
      context.fillText(text, x ?? edge, y ?? lower + this.text.size);
    }
  }

  /** Returns whether a ring is still to be drawn on. */
  #drawItems() {
    const { context } = this;
    const time = performance.now();
    this.#landed = this.#landed.filter((at) => at > time - CALM_MS);
    const isCalm = this.#landed.length > CALM_ITEMS || this.still.matches;
    let isLanding = false;
    for (const dot of this.dots) {
      const { canvas, size } = this.#marks[dot.sentiment];
      context.drawImage(canvas, dot.x - size / 2, dot.y - size / 2, size, size);
      const age = (time - this.#items.get(dot.id).landedAt) / LANDING_MS;
      if (isCalm || age >= 1) continue;
      isLanding = true;
      context.globalAlpha = 1 - age;
      context.strokeStyle = this.#colours[dot.sentiment];
      context.lineWidth = 1.5;
      context.beginPath();
      context.arc(dot.x, dot.y, this.text.size * (0.5 + age * 0.7), 0, 2 * Math.PI);
      context.stroke();
      context.globalAlpha = 1;
    }
    return isLanding;
  }
}
