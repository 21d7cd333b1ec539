// How does a state look at a moment, in words and numbers? Pure.

import { figures, number, rate, share, stripWords, topics, windows } from "./figures.js";
import { newestAt } from "./items.js";
import { columns } from "./minutes.js";
import { detailWords, labelWords, statusAt } from "./standing.js";
import { ageWords, clockWords, minuteOf } from "./windows.js";

const SENTIMENTS = ["positive", "neutral", "negative"];
const HEARTBEAT_MS = 16_000; // contract.md: an event every 15 s, which says that all is known
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
  return {
    status: shown,
    label: labelWords(shown, state),
    detail: detailWords(shown, state, now),
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
function knownUntil({ heardAt, knownAt, skewMs, frozen }, shown, now, silenceMs) {
  if (frozen || knownAt === null) return knownAt ?? 0;
  const isHeard = heardAt !== null && now - heardAt <= Math.min(HEARTBEAT_MS, silenceMs);
  if (isHeard && shown === "live") return null;
  const isSameMinute = minuteOf(knownAt) === minuteOf(now + skewMs);
  return isHeard && shown === "polling" && isSameMinute ? null : knownAt;
}

function unknownWords({ metrics }, now, { until, zone }) {
  if (!metrics || !until || minuteOf(until) === minuteOf(now)) return null;
  if (now - until <= HEARTBEAT_MS) return null; // between two polls
  return `not known since ${clockWords(until, now, zone)}`;
}

function freshness({ items, hasPolled, metrics, skewMs }, now, { until, freshMs }) {
  const newest = newestAt(items, now, skewMs);
  if (newest === null) {
    return { text: hasPolled && metrics?.total === 0 ? "no items yet" : "", late: false };
  }
  const which = until === null ? "newest item" : "newest known item";
  return { text: `${which} ${ageWords(newest, now)}`, late: now - newest > freshMs };
}
