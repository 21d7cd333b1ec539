// Shows the value of one minute: a crosshair, and a box beside it.

import { SENTIMENTS, caveat, meanScore, number, scoreText } from "./minute_words.js";
import { itemsIn } from "./minutes.js";
import { add, exactly, set, write } from "./elements.js";

const PADDING = 9; // px around the texts of the box
const KEY = 15; // px for the mark before a text
const AWAY = 10; // px between crosshair and box
const LINE = 1.45; // height of a line, in sizes of the font

export class Crosshair {
  #shown = "";

  constructor(svg) {
    this.group = add(svg, "g", { class: "reading", visibility: "hidden" });
    this.line = add(this.group, "line", { class: "cross" });
    this.dot = add(this.group, "circle", { class: "cross-dot", r: 3.5 });
    this.box = add(this.group, "rect", { class: "box", rx: 6 });
    this.marks = add(this.group, "g");
    this.texts = add(this.group, "g");
  }

  hide() {
    this.#shown = "";
    set(this.group, { visibility: "hidden" });
  }

  /** `text`: measures texts. `index`: the column's. `isCurrent`: the minute still grows. */
  show({ place, text, time, column, index, isCurrent, sentiment }) {
    const shown = JSON.stringify([place, time, column, index, isCurrent, sentiment, text.size]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const x = (place.x(index) + place.x(index + 1)) / 2;
    const mean = column && !sentiment ? meanScore(column) : null;
    set(this.line, { x1: x, x2: x, y1: place.top, y2: place.bottom });
    set(this.dot, {
      cx: x,
      cy: place.y(mean ?? 0),
      visibility: mean === null ? "hidden" : null,
    });
    this.#drawBox(place, text, x, rows(time, column, { isCurrent, sentiment }));
    set(this.group, { visibility: null });
  }

  #drawBox(place, text, x, lines) {
    const widths = lines.map((each) => text.widthOf(each.text) + (each.mark ? KEY : 0));
    const width = Math.ceil(Math.max(...widths) * 1.06) + 2 * PADDING;
    const line = text.size * LINE;
    const height = Math.ceil(lines.length * line) + 2 * PADDING;
    const fitsRight = x + AWAY + width <= place.width;
    const fitsLeft = x - AWAY - width >= 0;
    const toRight = place.rtl ? !fitsLeft : fitsRight;
    const left = Math.max(0, toRight ? x + AWAY : x - AWAY - width);
    const above = Math.max(0, Math.min(place.top + 4, place.height - height));
    const textX = place.rtl ? left + width - PADDING : left + PADDING;
    const after = place.rtl ? -KEY : KEY;
    const middle = (index) => above + PADDING + (index + 0.5) * line;
    set(this.box, { x: left, y: above, width, height });
    exactly(this.texts, "text", lines.length).forEach((element, index) => {
      const { mark, text: words, isHead } = lines[index];
      const anchor = place.rtl ? "end" : "start";
      set(element, { x: textX + (mark ? after : 0), y: middle(index), "text-anchor": anchor });
      set(element, { class: isHead ? "head" : null });
      write(element, words);
    });
    const marked = lines.map(({ mark }, index) => ({ mark, y: middle(index) }))
      .filter(({ mark }) => mark);
    exactly(this.marks, "rect", marked.length).forEach((element, index) => {
      const { mark, y } = marked[index];
      const size = mark === "mean-key" ? { width: 11, height: 3 } : { width: 11, height: 10 };
      const markX = place.rtl ? textX - size.width : textX;
      set(element, { class: mark, x: markX, y: Math.round(y - size.height / 2), ...size });
    });
  }
}

/** Returns the lines of the box. */
function rows(time, column, { isCurrent, sentiment }) {
  if (column === null) return [{ text: time, isHead: true }, { text: "not known" }];
  const caution = caveat(column, isCurrent);
  const items = itemsIn(column);
  const wanted = sentiment ? [sentiment] : SENTIMENTS;
  const all = [{ text: `${number(items)} ${items === 1 ? "item" : "items"}` }];
  const mean = meanScore(column);
  const score = [{ text: `mean score ${scoreText(mean)}`, mark: "mean-key" }];
  return [
    { text: caution ? `${time}, ${caution}` : time, isHead: true },
    ...(sentiment ? [] : all),
    ...wanted.map((each) => ({ text: `${number(column[each])} ${each}`, mark: each })),
    ...(sentiment || mean === null ? [] : score),
  ];
}
