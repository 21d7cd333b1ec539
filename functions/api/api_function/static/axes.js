// Draws the gridlines and labels of a chart: counts where the hour starts, scores where it ends,
// clock times below.

import { clockOf } from "./clock_axis.js";
import { countTexts, scoreTexts } from "./scales.js";
import { add, exactly, set, write } from "./elements.js";

const LABEL_GAP = 7; // px between a label and the plot

export class Axes {
  constructor(svg) {
    this.grid = add(svg, "g", { class: "grid" });
    this.labels = add(svg, "g", { class: "labels" });
  }

  draw({ place, axis, ticks, first, zone, sentiment }) {
    const [left, right] = [place.start, place.end].toSorted((a, b) => a - b);
    const counts = countTexts(axis);
    const scores = scoreTexts(axis);
    const lines = [];
    const labels = titles(place, sentiment);
    for (let index = 0; index <= axis.parts; index += 1) {
      const y = place.y(index / axis.parts);
      lines.push({ class: index ? "line" : "line base", x1: left, x2: right, y1: y, y2: y });
      labels.push(beside(place, "count", y, counts[index]));
      if (!sentiment) labels.push(beside(place, "score", y, scores[index]));
    }
    for (const minute of ticks) {
      const x = place.x(minute - first);
      lines.push({ class: "line time", x1: x, x2: x, y1: place.top, y2: place.bottom + 4 });
      labels.push({ class: "time", x, y: place.bottom + 15, text: clockOf(minute, zone) });
    }
    exactly(this.grid, "line", lines.length).forEach((line, index) => set(line, lines[index]));
    exactly(this.labels, "text", labels.length).forEach((label, index) => {
      const { text, anchor = "middle", ...attributes } = labels[index];
      set(label, { ...attributes, "text-anchor": anchor });
      write(label, text);
    });
  }
}

/** Returns what each axis counts, over its end. The mean score is known of all items only. */
function titles({ rtl, width, top: above }, sentiment) {
  const [start, end] = rtl ? [width, 0] : [0, width];
  const [startAnchor, endAnchor] = rtl ? ["end", "start"] : ["start", "end"];
  const y = Math.round(above * 0.3);
  const counts = { class: "title", x: start, y, text: "Items", anchor: startAnchor };
  const scores = { class: "title", x: end, y, text: "Mean score", anchor: endAnchor };
  return sentiment ? [counts] : [counts, scores];
}

/** Returns a label of one side (`count` or `score`), beside its gridline. */
function beside({ start, end, rtl }, side, y, text) {
  const isLeft = (side === "count") !== rtl;
  const edge = side === "count" ? start : end;
  const x = edge + (isLeft ? -LABEL_GAP : LABEL_GAP);
  return { class: side, x, y, text, anchor: isLeft ? "end" : "start" };
}
