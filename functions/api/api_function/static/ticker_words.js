// Words and numbers for the cards of tickers and topics. Pure.

import { clock, clockWords, dayStart, hourStart } from "./windows.js";

const SENTIMENTS = ["positive", "neutral", "negative"];
const NUMBER = new Intl.NumberFormat("en");

/** Returns the rows to draw, most items first; those of one `sentiment` if there is one. */
export function tickerRows(tickers, sentiment, since) {
  const items = (each) => each[sentiment ?? "total"];
  const sorted = sentiment ? tickers.toSorted((a, b) => items(b) - items(a)) : tickers;
  return sorted.map((each) => ({
    ticker: each.ticker,
    count: NUMBER.format(items(each)),
    parts: SENTIMENTS.map((key) => NUMBER.format(each[key])),
    shares: SENTIMENTS.map((key) => (each.total > 0 ? each[key] / each.total : 0)),
    split: SENTIMENTS.map((key) => `${NUMBER.format(each[key])} ${key}`).join(", "),
    minutes: each.items_by_minute,
    spark: sparkWords(each, since),
    change: changeWords(each),
  }));
}

/** Says how the last hour differs from the one before; in items, since a share of 0 is none. */
export function changeWords({ last_hour: last, hour_before: before }) {
  if (last === null || before === null) return { text: "–", rest: "not known" };
  if (before === 0 && last > 0) return { text: "new", rest: "none in the 60 minutes before" };
  const change = last - before;
  const sign = change > 0 ? "+" : change < 0 ? "−" : "±";
  const text = `${sign}${NUMBER.format(Math.abs(change))}`;
  return { text, rest: "against the 60 minutes before" };
}

/** Names the window of counts of this time: "since 23:00 yesterday, as of 22:19". */
export function windowWords(timestamp, now, zone) {
  const at = Date.parse(timestamp);
  if (!Number.isFinite(at)) return "";
  return `since ${clockWords(dayStart(at), now, zone)}, as of ${clockWords(at, now, zone)}`;
}

/** Names the window of the last hour of these counts: "since 21:20". */
export function hourWords(timestamp, zone) {
  const at = Date.parse(timestamp);
  return Number.isFinite(at) ? `since ${clock(hourStart(at), zone)}` : "in the last hour";
}

function sparkWords({ items_by_minute: minutes, last_hour: last }, since) {
  const known = minutes.filter((count) => count !== null);
  if (!known.length) return `the minutes ${since} are not known`;
  const unknown = minutes.length - known.length;
  const gap = unknown ? `, ${unknown} ${unknown === 1 ? "minute" : "minutes"} not known` : "";
  const most = NUMBER.format(Math.max(...known));
  const items = last === null ? "items" : NUMBER.format(last);
  return `${items} ${since}, at most ${most} a minute${gap}`;
}
