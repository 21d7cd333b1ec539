// The page's charts: geometry becomes SVG attributes, in px. Texts beside them say the same.

import { clockTicks, ownZone, zoneWords } from "./clock_axis.js";
import { ColumnsDrawing } from "./columns_drawing.js";
import { emptyWords, hourWords } from "./minute_words.js";
import { MINUTES, itemsIn } from "./minutes.js";
import { Reading } from "./reading.js";
import { countAxis, countTexts, placed, scoreTexts } from "./scales.js";
import { Measured, whenLooksChange } from "./surroundings.js";
import { add, set, write } from "./elements.js";

const NOTHING = { first: 0, columns: Array(MINUTES).fill(null), until: null };
const ABOVE = 1.9; // lines of text over the plot: the titles of the axes
const BELOW = 1.9; // and under it: the clock times
const LEAST_PART = 1.35; // lines of text between two gridlines
const GUTTER = 10; // px between the longest label and the plot, and around it

/** Draws the three parts of one bar. `shares` sum to 1, or are all 0. */
export function drawShares(svg, shares) {
  let x = 0;
  shares.forEach((share, index) => {
    set(svg.children[index], { x: percent(x), width: percent(share) });
    x += share;
  });
}

/** Draws one bar of a list. */
export function bar(svg, width) {
  const rect = svg.firstElementChild ?? add(svg, "rect");
  set(rect, { width: percent(width), height: "100%", rx: 2 });
}

/**
 * The items of each minute of an hour as stacked columns, with the mean score as a line. `figure`
 * holds the places: `.series`, the slider around it, `.zone`, and a table in `details`.
 */
export class Columns {
  table = null;
  #minutes = null;
  #options = { sentiment: null, zone: ownZone() };

  constructor(figure) {
    const part = (selector) => figure.querySelector(selector);
    const svg = part(".series");
    this.figure = figure;
    this.zone = part(".zone");
    this.words = figure.closest(".card")?.querySelector(".series-words");
    part("details").addEventListener("toggle", () => this.#showTable(part("details")));
    this.drawing = new ColumnsDrawing(svg);
    this.text = new Measured(svg, () => this.#draw());
    this.reading = new Reading(part("[role=slider]"), svg, this.text);
    whenLooksChange(() => this.#draw());
  }

  /**
   * `minutes`: `{first, columns, until}` as view.js describes them; null before any is known.
   * `sentiment`: the only one to draw. `timeZone`: the visitor's own unless it is given.
   */
  draw(minutes, { sentiment = null, timeZone = null } = {}) {
    this.#minutes = minutes ?? null;
    this.#options = { sentiment, zone: timeZone ?? ownZone() };
    this.#draw();
  }

  #draw() {
    const minutes = this.#minutes;
    const options = this.#options;
    const { sentiment, zone } = options;
    const summary = hourWords(minutes ?? NOTHING, options);
    if (this.words) write(this.words, summary);
    set(this.figure, { "data-sentiment": sentiment ?? "all" });
    if (minutes) {
      write(this.zone, zoneWords(minutes.first, minutes.first + MINUTES - 1, zone));
      this.table?.draw({ minutes, zone, sentiment });
    }
    const place = this.text.width > 0 ? this.#drawChart() : null;
    this.reading.update({ minutes, place, options, summary });
  }

  /** The table is loaded when it is opened first. */
  async #showTable(details) {
    if (this.table) return;
    const loaded = await import("./chart_table.js").catch(() => null);
    if (!loaded || this.table) return;
    this.table = new loaded.ChartTable(details);
    this.#draw();
  }

  /** Returns where things are drawn. */
  #drawChart() {
    const { text } = this;
    const { sentiment, zone } = this.#options;
    const minutes = this.#minutes ?? NOTHING;
    const { first, columns } = minutes;
    const counts = columns.map((column) => (column ? itemsIn(column, sentiment) : 0));
    const [above, below] = [ABOVE * text.size, BELOW * text.size];
    const free = text.height - above - below;
    const axis = countAxis(Math.max(...counts), free, LEAST_PART * text.size);
    const place = placed({
      width: text.width,
      height: text.height,
      rtl: this.figure.matches(":dir(rtl)"),
      gutters: {
        start: text.widest(countTexts(axis)) + GUTTER,
        end: text.widest(scoreTexts(axis)) + GUTTER,
      },
      above,
      below,
      count: columns.length,
    });
    const labelWidth = text.widthOf("00:00");
    const hour = { first, count: columns.length, slot: place.slot, labelWidth, zone };
    const ticks = this.#minutes ? clockTicks(hour) : [];
    const words = emptyWords(columns, sentiment);
    this.drawing.draw({ place, axis, ticks, zone, minutes, sentiment, words });
    return place;
  }
}

function percent(share) {
  return `${Math.round(share * 10_000) / 100}%`;
}
