// Data from the service is not trusted: only known fields, each of its own type and within its
// bounds, get through. Everything that the page receives passes here. Pure.
//
// docs/contract.md has the bounds. A value that breaks them is left out. Figures of which one is no
// count are left out as a whole: older ones, with their time, are better than nonsense.

import { count, list, moment, text, within } from "./checks.js";

const SENTIMENTS = ["positive", "neutral", "negative"];
const MOST_ITEMS = 100; // in one response
const MOST_NAMES = 60; // `by_tag` has 51
const MOST_TICKERS = 50;
const MINUTES = 60;
const LONGEST = 40_000; // text: the service takes no longer items
const LONGEST_TICKER = 20;
const MOST_TAGS = 100; // of one item
const READERS = new Map([
  ["metrics", metrics],
  ["new_item", item],
  ["heartbeat", heartbeat],
  ["reset", () => ({})],
]);

/** Returns the fields of an event; null if its type is unknown or its data is not usable. */
export function eventFields(type, data) {
  return READERS.get(type)?.(parsed(data)) ?? null;
}

/** Returns the fields of a poll response, with `recent_items`; null if it is not usable. */
export function pollFields(body) {
  const read = metrics(Object(body));
  if (!read) return null;
  return { ...read, recent_items: list(body.recent_items, MOST_ITEMS, item) };
}

/** Returns the fields of `GET /api/v2/tickers`; null if the response is not usable. */
export function tickersFields(body) {
  const fields = Object(body);
  const timestamp = moment(fields.timestamp);
  if (!timestamp || !Array.isArray(fields.tickers)) return null;
  return {
    timestamp,
    tickers: list(fields.tickers, MOST_TICKERS, ticker),
    others: count(Object(fields.others).total),
    topics: counts(fields.topics),
  };
}

function metrics({ by_tag: byTag, timestamp, minutes, ...fields }) {
  const read = {
    total: count(fields.total),
    positive: count(fields.positive),
    neutral: count(fields.neutral),
    negative: count(fields.negative),
    rate_last_hour: count(fields.rate_last_hour),
    rate_last_24h: count(fields.rate_last_24h),
  };
  if (!areCounts(read)) return null;
  return {
    ...read,
    by_tag: counts(byTag),
    timestamp: moment(timestamp),
    minutes: minuteCounts(Object(minutes)),
  };
}

/** Returns one entry for each minute, the newest last: null if it is not known; or null. */
function minuteCounts({ score_sum: sums, ...split }) {
  const arrays = [...SENTIMENTS.map((sentiment) => split[sentiment]), sums];
  const told = arrays[0]?.length ?? 0;
  if (!arrays.every((each) => Array.isArray(each) && each.length === told)) return null;
  if (told < 1 || told > MINUTES) return null;
  return arrays[0].map((_, at) => {
    const [positive, neutral, negative] = SENTIMENTS.map((each) => count(split[each][at]));
    const scoreSum = sums[at];
    const items = positive + neutral + negative;
    const isKnown = [positive, neutral, negative].every((each) => each !== null);
    if (!isKnown || !within(scoreSum, 0, items + 1e-6)) return null;
    return { positive, neutral, negative, scoreSum };
  });
}

function item({ item_id: id, ticker: symbol, tags, sentiment, score, timestamp }) {
  if (typeof id !== "string" || !id || id.length > LONGEST) return null;
  return {
    item_id: id,
    ticker: text(symbol, LONGEST_TICKER),
    sentiment: SENTIMENTS.includes(sentiment) ? sentiment : "",
    timestamp: moment(timestamp),
    tags: list(tags, MOST_TAGS, (tag) => text(tag, LONGEST)),
    score: within(score, 0, 1) ? score : null,
  };
}

function heartbeat({ connections, timestamp }) {
  return { connections: count(connections), timestamp: moment(timestamp) };
}

function ticker({ ticker: symbol, items_by_minute: byMinute, ...fields }) {
  const read = {
    ticker: text(symbol, LONGEST_TICKER),
    total: count(fields.total),
    positive: count(fields.positive),
    neutral: count(fields.neutral),
    negative: count(fields.negative),
  };
  if (!read.ticker || !areCounts(read)) return null;
  if (read.total !== read.positive + read.neutral + read.negative) return null;
  const isWhole = Array.isArray(byMinute) && byMinute.length === MINUTES;
  const minutes = isWhole ? byMinute : Array(MINUTES).fill(null);
  return {
    ...read,
    items_by_minute: minutes.map(count),
    last_hour: count(fields.last_hour),
    hour_before: count(fields.hour_before),
  };
}

/** Says whether all of these are counts. */
function areCounts({ total, positive, neutral, negative }) {
  return ![total, positive, neutral, negative].includes(null);
}

/** Returns names with their counts, as pairs. */
function counts(byName) {
  return Object.entries(Object(byName))
    .slice(0, MOST_NAMES)
    .map(([tag, value]) => [text(tag, LONGEST), count(value)])
    .filter(([tag, value]) => tag && value !== null);
}

function parsed(data) {
  try {
    return Object(JSON.parse(data));
  } catch {
    return {};
  }
}
