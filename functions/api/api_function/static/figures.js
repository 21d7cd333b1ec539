// The figures of the page, in words and numbers. Pure.

import { columns, itemsIn, startOf, sum } from "./minutes.js";
import { clock, clockWords, dayStart, hourStart, minuteOf } from "./windows.js";

const MOST_TAGS = 10;
const RATE_MINUTES = 3; // full minutes of which the rate is the mean
const STRIP_MINUTES = 5;
const SENTIMENTS = ["positive", "neutral", "negative"];
const NUMBER = new Intl.NumberFormat("en");
const PERCENT = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });
const RATE = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const MEAN = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** Says the figures of the window; those of one `sentiment` alone where they differ. */
export function figures({ metrics, minutes }, sentiment) {
  if (!metrics) return {};
  const texts = Object.fromEntries(SENTIMENTS.map((key) => [key, number(metrics[key])]));
  for (const key of SENTIMENTS) {
    texts[`${key}_share`] = metrics.total > 0 ? PERCENT.format(share(metrics, key)) : "–";
  }
  texts.total = number(metrics[sentiment ?? "total"]);
  texts.rate_last_hour = number(
    sentiment ? lastHour(minutes, metrics, sentiment) : metrics.rate_last_hour,
  );
  return texts;
}

/** Returns one sentiment's items of the last hour; null if the split of a minute is not known. */
function lastHour(minutes, { timestamp }, sentiment) {
  const at = Date.parse(timestamp);
  if (!Number.isFinite(at)) return null;
  const counted = sum(columns(minutes, at, null));
  return counted.known === 60 ? counted[sentiment] : null;
}

/** Says the windows of the figures, which end when these were true. */
export function windows(metrics, now, zone) {
  const at = Date.parse(metrics?.timestamp);
  if (!Number.isFinite(at)) return {};
  return {
    since: `since ${clockWords(dayStart(at), now, zone)}`,
    hour_since: `since ${clockWords(hourStart(at), now, zone)}`,
  };
}

/** Says the rate of the last full minutes that are known, and which these are. */
export function rate(minutes, now, { sentiment, zone }) {
  const full = minutes.slice(-1 - RATE_MINUTES, -1);
  const known = full.filter((each) => each && !each.part);
  if (!known.length) return "–";
  const first = minuteOf(now) - RATE_MINUTES + full.indexOf(known[0]);
  const last = minuteOf(now) - RATE_MINUTES + full.lastIndexOf(known.at(-1));
  if (last - first + 1 !== known.length) return "–"; // a hole between them
  const mean = itemsIn(sum(known), sentiment) / known.length;
  const time = (minute) => clock(startOf(minute), zone);
  return `${RATE.format(mean)} a minute, ${time(first)} to ${time(last + 1)}`;
}

/** Says what the service has counted in the last five minutes. */
export function stripWords(minutes, now, { sentiment, zone }) {
  const recent = minutes.slice(-STRIP_MINUTES);
  const told = sum(recent);
  const since = `since ${clock(startOf(minuteOf(now) - STRIP_MINUTES + 1), zone)}`;
  if (!told.known) return "not known";
  const whole = recent.every((each) => each && !each.part);
  const items = itemsIn(told, sentiment);
  const counted = `${number(items)} ${since}${whole ? "" : ", as far as known"}`;
  if (!items) return whole ? `nothing ${since}` : counted;
  if (sentiment) return `${counted}, ${sentiment} alone`;
  return `${counted}, mean score ${MEAN.format(told.scoreSum / items)}`;
}

/** Returns a sentiment's share of all items, 0 to 1; 0 if there are none. */
export function share(metrics, sentiment) {
  const items = SENTIMENTS.reduce((all, each) => all + (metrics?.[each] ?? 0), 0);
  return items > 0 ? metrics[sentiment] / items : 0;
}

/** Writes a count; a dash if it is not known. */
export function number(value) {
  return Number.isFinite(value) ? NUMBER.format(value) : "–";
}

/** Returns bars of the most frequent tags (`width`: 0 to 1) and the number of the other tags. */
export function topics(byTag) {
  const sorted = byTag.toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const shown = sorted.slice(0, MOST_TAGS);
  const most = shown[0]?.[1] || 1;
  const bars = shown.map(([tag, count]) => ({
    name: tag,
    text: number(count),
    width: count / most,
  }));
  const hidden = sorted.slice(MOST_TAGS);
  return { bars, more: hidden.length, isLeast: hidden.some(([tag]) => tag === "(other)") };
}
