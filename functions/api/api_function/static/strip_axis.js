// Where are things in the strip of the last five minutes, and what do its labels say? Pure.

import { clockOf, clockTicks } from "./clock_axis.js";
import { MINUTE_MS } from "./windows.js";

export const SPAN_MS = 300_000;
const MARGIN = 8; // px
const BELOW = 1.9; // lines of text under the plot
const SCORES = [0, 0.5, 1];

/** Returns the strip's geometry in px. `text`: measures texts. `now`: ms, at the strip's end. */
export function stripPlace(text, rtl, now) {
  const { width, height, size } = text;
  const gutter = text.widest(SCORES.map(String)) + MARGIN;
  const start = rtl ? width - gutter : gutter;
  const end = rtl ? MARGIN : width - MARGIN;
  const upper = MARGIN;
  const lower = Math.round(height - size * BELOW);
  return {
    rtl,
    start,
    end,
    upper,
    lower,
    x: (at) => end + ((now - at) / SPAN_MS) * (start - end),
    y: (score) => Math.round(lower - score * (lower - upper)),
  };
}

/** Returns the labels, each at its gridline: `{text, x}` of clock times, `{text, y}` of scores. */
export function stripLabels(text, place, now, zone) {
  const count = SPAN_MS / MINUTE_MS;
  const ticks = clockTicks({
    first: Math.floor(now / MINUTE_MS) - count + 1,
    count,
    slot: Math.abs(place.end - place.start) / count,
    labelWidth: text.widthOf("00:00"),
    zone,
    leastStep: 1,
  });
  const times = ticks.map((minute) => {
    return { text: clockOf(minute, zone), x: Math.round(place.x(minute * MINUTE_MS)) };
  });
  return [...times, ...SCORES.map((score) => ({ text: String(score), y: place.y(score) }))];
}
