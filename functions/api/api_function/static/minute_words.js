// A minute and the hour in words. Pure.
//
// A column is null (not known) or `{positive, neutral, negative, scoreSum, part}`; `part`: only a
// part of the minute is known.

import { itemsIn, startOf } from "./minutes.js";
import { clock } from "./windows.js";

export const SENTIMENTS = ["positive", "neutral", "negative"];
const NUMBER = new Intl.NumberFormat("en");
const SCORE = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export function number(value) {
  return NUMBER.format(value);
}

/** Says when a minute is: "22:04". */
export function timeOf(minute, zone) {
  return clock(startOf(minute), zone);
}

/** Returns the mean score of a minute's items, from 0 to 1; null without any. */
export function meanScore(column) {
  const items = itemsIn(column);
  const mean = column.scoreSum / items;
  return items > 0 && Number.isFinite(mean) ? Math.min(1, Math.max(0, mean)) : null;
}

export function scoreText(mean) {
  return mean === null ? "–" : SCORE.format(mean);
}

/** Says how a column is to be read, if it is not a whole minute. */
export function caveat(column, isCurrent) {
  if (column.part) return "known in part";
  return isCurrent ? "so far" : "";
}

/** Returns a minute in one sentence. `time`: its clock time; `isCurrent`: it still grows. */
export function minuteWords(time, column, { isCurrent, sentiment }) {
  if (column === null) return `${time}: not known`;
  const caution = caveat(column, isCurrent);
  const items = itemsIn(column, sentiment);
  const noun = items === 1 ? "item" : "items";
  const parts = sentiment
    ? [`${number(items)} ${sentiment} ${noun}`]
    : [
        `${number(items)} ${noun}`,
        ...SENTIMENTS.map((each) => `${number(column[each])} ${each}`),
        ...(meanScore(column) === null ? [] : [`mean score ${scoreText(meanScore(column))}`]),
      ];
  return `${time}: ${[...parts, ...(caution ? [caution] : [])].join(", ")}`;
}

/** Returns what is written into an hour without columns; nothing if there are some. */
export function emptyWords(columns, sentiment) {
  const known = columns.filter((column) => column !== null);
  if (!known.length) return "Not known yet";
  if (known.some((column) => itemsIn(column, sentiment) > 0)) return "";
  const items = sentiment ? `No ${sentiment} items` : "No items";
  const isWhole = known.length === columns.length && !known.some(({ part }) => part);
  return isWhole ? `${items} in this hour` : `${items} in the minutes that are known`;
}

/** Returns the hour in one line. */
export function hourWords({ first, columns, until }, { sentiment, zone }) {
  const last = columns.length - 1;
  const known = columns.map((column) => column !== null && !column.part);
  if (columns.every((column) => column === null)) return "not known yet";
  const kind = sentiment ? `${sentiment} ` : "";
  const counts = columns.map((column) => (column ? itemsIn(column, sentiment) : 0));
  const complete = counts.slice(0, last);
  const words = [];
  if (columns[last]) {
    const how = known[last] ? "so far" : "as far as known";
    words.push(`${number(counts[last])} ${kind}this minute ${how}`);
  }
  const peak = Math.max(...complete);
  if (peak > 0) {
    const time = timeOf(first + complete.indexOf(peak), zone);
    words.push(`peak ${number(peak)} ${words.length ? "" : kind}at ${time}`);
  }
  if (columns[last] === null) {
    const from = startOf(first + columns.findLastIndex(Boolean) + 1);
    words.push(`not known since ${clock(until ? Math.min(until, from) : from, zone)}`);
  } else {
    const gaps = columns.slice(0, last).filter((_, index) => !known[index]);
    const how = gaps.some(Boolean) ? "not fully known" : "not known";
    const noun = gaps.length === 1 ? "minute" : "minutes";
    if (gaps.length) words.push(`${gaps.length} ${noun} ${how}`);
  }
  return words.join(", ") || "no items";
}
