// Draws the columns of an hour and the line of the mean score. All geometry comes from one `place`
// (scales.js), so labels, gridlines and columns agree.

import { Axes } from "./axes.js";
import { SENTIMENTS, meanScore } from "./minute_words.js";
import { itemsIn } from "./minutes.js";
import { add, exactly, set, write } from "./elements.js";

export class ColumnsDrawing {
  #drawn = new Map(); // by part: the text of its geometry

  /** `svg` is empty, and as large as CSS makes it. */
  constructor(svg) {
    this.gaps = add(svg, "g", { class: "gaps" });
    this.axes = new Axes(svg);
    this.columns = add(svg, "g", { class: "bars" });
    this.halo = add(svg, "path", { class: "mean halo" });
    this.mean = add(svg, "path", { class: "mean" });
    this.dots = add(svg, "path", { class: "mean dots" });
    this.words = add(svg, "text", { class: "nothing", "text-anchor": "middle" });
  }

  /** `words`: what an hour without columns says. `ticks`: the minutes with a label. */
  draw({ place, axis, ticks, zone, minutes, sentiment, words }) {
    const { first, columns } = minutes;
    const layout = JSON.stringify([place, axis, sentiment]);
    const once = (part, of, draw) => {
      const text = layout + JSON.stringify(of);
      if (this.#drawn.get(part) === text) return;
      this.#drawn.set(part, text);
      draw();
    };
    once("axes", [ticks, first, zone], () => {
      this.axes.draw({ place, axis, ticks, first, zone, sentiment });
    });
    once("columns", columns, () => {
      this.#drawGaps(place, columns);
      this.#drawColumns(place, axis, columns, sentiment);
      this.#drawMean(place, sentiment ? [] : columns);
    });
    once("words", words, () => {
      set(this.words, {
        x: Math.round((place.start + place.end) / 2),
        y: Math.round((place.top + place.bottom) / 2),
      });
      write(this.words, words);
    });
  }

  #drawGaps(place, columns) {
    const gaps = [];
    columns.forEach((column, index) => {
      if (column !== null && !column.part) return;
      const kind = column === null ? "gap" : "gap part";
      const before = gaps.at(-1);
      if (before?.to === index && before.kind === kind) before.to += 1;
      else gaps.push({ kind, from: index, to: index + 1 });
    });
    exactly(this.gaps, "rect", gaps.length).forEach((rect, index) => {
      const { kind, from, to } = gaps[index];
      const across = span(place.x(from), place.x(to));
      set(rect, { class: kind, ...across, y: place.top, height: place.bottom - place.top });
    });
  }

  #drawColumns(place, axis, columns, sentiment) {
    const groups = exactly(this.columns, "g", columns.length);
    const gap = place.slot > 7 ? 2 : 1;
    columns.forEach((column, index) => {
      const rects = exactly(groups[index], "rect", column ? SENTIMENTS.length : 0);
      const { x, width } = span(place.x(index), place.x(index + 1));
      let below = 0;
      rects.forEach((rect, kind) => {
        const tone = SENTIMENTS[kind];
        const count = !sentiment || sentiment === tone ? column[tone] : 0;
        const y = place.y((below + count) / axis.most);
        const height = Math.max(count > 0 ? 1 : 0, place.y(below / axis.most) - y);
        below += count;
        set(rect, { class: tone, x: x + gap / 2, width: Math.max(1, width - gap), y, height });
      });
    });
  }

  #drawMean(place, columns) {
    let d = "";
    let dots = ""; // means without neighbours: round caps make a dot of a point
    let joined = false;
    columns.forEach((column, index) => {
      const mean = column && meanScore(column);
      if (mean !== null) {
        const x = (place.x(index) + place.x(index + 1)) / 2;
        d += `${joined ? "L" : "M"}${x} ${place.y(mean)}`;
        const next = columns[index + 1];
        if (!joined && !(next && itemsIn(next))) dots += `M${x} ${place.y(mean)}h0`;
      }
      joined = mean !== null;
    });
    set(this.mean, { d });
    set(this.halo, { d });
    set(this.dots, { d: dots });
  }
}

function span(from, to) {
  return { x: Math.min(from, to), width: Math.abs(to - from) };
}
