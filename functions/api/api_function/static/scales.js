// Which round values stand on a chart's axes, and where are they? Pure.

const STEPS = [1, 2, 2.5, 4, 5, 10];
const LEAST_TOP = 4; // a single item is no column of full height
const FULL = new Intl.NumberFormat("en");
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2 });
const LONGEST_FULL = 1_000_000; // from here on, labels are short ("1.2M")

/**
 * Returns the axis of counts up to `most`: the round count at its end (`most`), and into how many
 * equal `parts` the gridlines divide it. Four or five parts, or two four do not fit into `height`
 * px with `leastPart` px each, divide an axis from 0 to 1 into round values, too.
 */
export function countAxis(most, height, leastPart) {
  const choices = [4, 5].filter((parts) => parts * leastPart <= height);
  if (!choices.length) choices.push(2);
  const least = Math.max(LEAST_TOP, most);
  const axes = choices.map((parts) => ({ parts, most: parts * roundStep(least / parts) }));
  return axes.toSorted((a, b) => a.most - b.most)[0];
}

function roundStep(least) {
  const scale = 10 ** Math.floor(Math.log10(least));
  return STEPS.map((step) => step * scale).find((step) => step >= least && step % 1 === 0)
    ?? Math.ceil(least);
}

/** Returns the texts of such an axis, from 0 to its end, of one kind. */
export function countTexts({ most, parts }) {
  const format = most < LONGEST_FULL ? FULL : SHORT;
  return share(parts).map((part) => format.format(Math.round(part * most)));
}

/** Returns the texts of an axis from 0 to 1 with as many parts. */
export function scoreTexts({ parts }) {
  return share(parts).map((part) => String(Math.round(part * 100) / 100));
}

function share(parts) {
  return Array.from({ length: parts + 1 }, (_, index) => index / parts);
}

/**
 * Returns where things are in a chart of this size: whole px, the same for labels, gridlines and
 * columns. `count` minutes run from the start to the end, which is leftwards if `rtl`. `x` takes
 * minutes since the first one, `y` a part of the axis. `gutters`: px beside the plot, at its start
 * and end; `above` and `below`: px over and under it.
 */
export function placed({ width, height, rtl, gutters, above, below, count }) {
  const inner = Math.max(count, width - gutters.start - gutters.end);
  const bottom = Math.max(above + 1, height - below);
  const slot = inner / count;
  const start = rtl ? width - gutters.start : gutters.start;
  const along = rtl ? -slot : slot;
  return {
    width,
    height,
    rtl,
    slot,
    top: above,
    bottom,
    start,
    end: start + along * count,
    x: (minutes) => Math.round(start + along * minutes),
    y: (part) => Math.round(bottom - part * (bottom - above)),
    /** Returns which minute is at this px, and none outside of the plot. */
    minuteAt: (px) => {
      const index = Math.floor((px - start) / along);
      return index >= 0 && index < count ? index : null;
    },
  };
}
