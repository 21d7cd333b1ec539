// How many items did each minute have, and how were they? The service counts; this remembers.
// Plain values, so that they can be sent to another tab. Pure.

import { MINUTE_MS, minuteOf } from "./windows.js";

export const MINUTES = 60;
const NOTHING = Object.freeze({ positive: 0, neutral: 0, negative: 0, scoreSum: 0 });

/** Nothing is known yet. `from`: the first minute that is; `counts` has those with items. */
export const NO_MINUTES = Object.freeze({ from: null, counts: Object.freeze({}) });

/**
 * Returns what is known of the minutes after `told`, the `minutes` of figures that were true at
 * `ms`. They replace what was known of the minutes that they name, and nothing else.
 */
export function learn(known, told, ms) {
  const last = minuteOf(ms);
  const first = last - told.length + 1;
  const isWhole = told.length >= MINUTES;
  if (!isWhole && known.from === null) return known; // never: what a stream says first is whole
  const counts = {};
  for (const [minute, count] of Object.entries(isWhole ? {} : known.counts)) {
    if (Number(minute) > last - MINUTES && Number(minute) < first) counts[minute] = count;
  }
  told.forEach((count, index) => {
    counts[first + index] = count;
  });
  return { from: isWhole ? first : Math.max(known.from, last - MINUTES + 1), counts };
}

/**
 * Returns the last 60 minutes, the one of `now` last: null for a minute that is not known, or
 * `{positive, neutral, negative, scoreSum, part}`. `part`: known in part only, up to `until`.
 * `until`: epoch milliseconds up to which things are known; null: up to now.
 */
export function columns({ from, counts }, now, until) {
  const first = minuteOf(now) - MINUTES + 1;
  const end = minuteOf(until ?? now);
  return Array.from({ length: MINUTES }, (_, index) => {
    const minute = first + index;
    if (from === null || minute < from || minute > end) return null;
    const count = minute in counts ? counts[minute] : NOTHING;
    return count && { ...count, part: until !== null && minute === end };
  });
}

/** Returns the sum of these columns, and how many of them are known, whole or in part. */
export function sum(some) {
  const known = some.filter(Boolean);
  const add = (key) => known.reduce((total, each) => total + each[key], 0);
  return {
    positive: add("positive"),
    neutral: add("neutral"),
    negative: add("negative"),
    scoreSum: add("scoreSum"),
    known: known.length,
  };
}

/** Returns the number of items, or those of one sentiment. */
export function itemsIn(count, sentiment = null) {
  return sentiment ? count[sentiment] : count.positive + count.neutral + count.negative;
}

/** Returns when a minute begins, in epoch milliseconds. */
export function startOf(minute) {
  return minute * MINUTE_MS;
}
