// How does a state look at a moment, in words and numbers? Pure.

import { newestAt } from "./items.js";
import { columns, itemsIn, startOf, sum } from "./minutes.js";
import { detailWords, labelWords, statusAt } from "./standing.js";
import { ageWords, clock, clockWords, dayStart, hourStart, minuteOf } from "./windows.js";

const MOST_TAGS = 10;
const SENTIMENTS = ["positive", "neutral", "negative"];
const HEARTBEAT_MS = 16_000; // contract.md: an event every 15 s, which says that all is known
const RATE_MINUTES = 3; // full minutes of which the rate is the mean
const STRIP_MINUTES = 5;
const NUMBER = new Intl.NumberFormat("en");
const PERCENT = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });
const RATE = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const MEAN = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const USUAL = Object.freeze({ sentiment: null, freshMs: Infinity, zone: undefined });

/**
 * Returns what drawing needs, which docs/dashboard.md describes. `now` decides what is stale: a
 * follower tab may have lost the tab whose events it shows. `options`: `sentiment` shows the items
 * of one alone; `freshMs`: the newest item is late when it is older; `zone`: an IANA name.
 */
export function view(state, now, silenceMs, options) {
  const { sentiment, freshMs, zone } = { ...USUAL, ...options };
  const shown = statusAt(state, now, silenceMs);
  const serviceNow = now + state.skewMs; // the clock of the items' timestamps
  const until = knownUntil(state, shown, now, silenceMs);
  const minutes = columns(state.minutes, serviceNow, until);
  const label = labelWords(shown, state);
  return {
    status: shown,
    label,
    detail: detailWords(shown, state, now),
    title: label,
    fields: {
      ...figures(state, sentiment),
      ...windows(state.metrics, serviceNow, zone),
      a_minute: rate(minutes, serviceNow, { sentiment, zone }),
      strip_words: stripWords(minutes, serviceNow, { sentiment, zone }),
      open_streams: shown === "live" ? number(state.openStreams) : "–",
      age: state.heardAt === null ? "–" : ageWords(state.heardAt, now),
    },
    freshness: freshness(state, serviceNow, { until, freshMs }),
    unknown: unknownWords(state, serviceNow, { until, zone }),
    shares: SENTIMENTS.map((each) => share(state.metrics, each)),
    topics: topics(state.metrics?.by_tag ?? []),
    minutes: { first: minuteOf(serviceNow) - minutes.length + 1, columns: minutes, until },
    items: sentiment ? state.items.filter((item) => item.sentiment === sentiment) : state.items,
    now: serviceNow,
    sentiment,
  };
}

/** Returns up to when things are known, in the service's epoch milliseconds; null: up to now. */
function knownUntil({ heardAt, knownAt }, shown, now, silenceMs) {
  const isHeard = heardAt !== null && now - heardAt <= Math.min(HEARTBEAT_MS, silenceMs);
  if (isHeard && (shown === "live" || shown === "polling")) return null;
  return knownAt ?? 0;
}

function unknownWords({ metrics }, now, { until, zone }) {
  if (!metrics || !until || minuteOf(until) === minuteOf(now)) return null;
  return `not known since ${clockWords(until, now, zone)}`;
}

function freshness({ items, hasPolled, metrics }, now, { until, freshMs }) {
  const newest = newestAt(items, now);
  if (newest === null) {
    return { text: hasPolled && metrics?.total === 0 ? "no items yet" : "", late: false };
  }
  const which = until === null ? "newest item" : "newest known item";
  return { text: `${which} ${ageWords(newest, now)}`, late: now - newest > freshMs };
}

function figures({ metrics, minutes }, sentiment) {
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
  const counted = sum(columns(minutes, Date.parse(timestamp), null));
  return counted.known === 60 ? counted[sentiment] : null;
}

/** Says the windows of the figures, which end when these were true. */
function windows(metrics, now, zone) {
  const at = Date.parse(metrics?.timestamp);
  if (!Number.isFinite(at)) return {};
  return {
    since: `since ${clockWords(dayStart(at), now, zone)}`,
    hour_since: `since ${clockWords(hourStart(at), now, zone)}`,
  };
}

/** Says the rate of the last full minutes that are known, and which these are. */
function rate(minutes, now, { sentiment, zone }) {
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

function stripWords(minutes, now, { sentiment, zone }) {
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

function share(metrics, sentiment) {
  return metrics?.total > 0 ? metrics[sentiment] / metrics.total : 0;
}

function number(value) {
  return Number.isFinite(value) ? NUMBER.format(value) : "–";
}

/** Returns bars of the most frequent tags (`width`: 0 to 1) and the number of the other tags. */
function topics(byTag) {
  const sorted = byTag.toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const shown = sorted.slice(0, MOST_TAGS);
  const most = shown[0]?.[1] || 1;
  const bars = shown.map(([tag, count]) => ({
    name: tag,
    text: number(count),
    width: count / most,
  }));
  return { bars, more: sorted.length - bars.length };
}
