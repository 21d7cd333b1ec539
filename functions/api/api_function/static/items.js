// The newest items and the items of each minute, as plain values. Pure.

export const MOST_ITEMS = 50;
export const MINUTES = 60;
const MINUTE_MS = 60_000;

/** `items` (newest first) with one from the stream on top; what is known only from polling takes its place again. */
export function added(items, item) {
  const known = items.find(({ item_id }) => item_id === item.item_id);
  if (known && !known.polled) return items;
  return [item, ...items.filter((each) => each !== known)].slice(0, MOST_ITEMS);
}

/**
 * `items` with the newest ones as they were at `askedAt`. Those that came since stay on top, the rest is older:
 * the answer holds the newest that there are.
 */
export function merged(items, recent, askedAt) {
  const known = new Map(items.map((item) => [item.item_id, item]));
  const polled = new Set(recent.map(({ item_id }) => item_id));
  const others = items.filter(({ item_id }) => !polled.has(item_id));
  return [
    ...others.filter(({ at }) => at >= askedAt),
    ...recent.map((item) => known.get(item.item_id) ?? { ...item, polled: true, at: askedAt }),
    ...others.filter(({ at }) => at < askedAt),
  ].slice(0, MOST_ITEMS);
}

/**
 * `minutes` (items by minute since the epoch) and these items more, without what is older than an hour or lies in the
 * future; a producer's clock may be a little ahead.
 */
export function counted(minutes, items, now) {
  const last = minuteOf(now) + 1;
  const within = (minute) => minute > last - 1 - MINUTES && minute <= last;
  const kept = Object.fromEntries(Object.entries(minutes).filter(([minute]) => within(Number(minute))));
  for (const { timestamp } of items) {
    const minute = minuteOf(Date.parse(timestamp));
    if (within(minute)) kept[minute] = (kept[minute] ?? 0) + 1;
  }
  return kept;
}

/**
 * The items by minute that an answer to a poll tells (`counts`), with those of `items` that are newer than it: what the
 * stream has brought since its newest item. If these are more than the list holds, `minutes`, as known so far, may be right.
 */
export function recounted(counts, newest, items, minutes, now) {
  const streamed = items.filter(({ polled }) => !polled);
  const place = streamed.findIndex(({ item_id }) => item_id === newest?.item_id);
  const newer = place < 0 ? streamed.filter((item) => isNewer(item, newest)) : streamed.slice(0, place);
  const sum = counted(counts, newer, now);
  if (newer.length < MOST_ITEMS) return sum;
  for (const [minute, count] of Object.entries(minutes)) sum[minute] = Math.max(count, sum[minute] ?? 0);
  return sum;
}

/** Whether this item came after `newest`, by its date; all do if there is none. */
export function isNewer(item, newest) {
  return !newest || Date.parse(item.timestamp) > Date.parse(newest.timestamp);
}

/**
 * Items of each of the last 60 minutes, the current one last: `counts`, null where nothing was seen yet;
 * `average` a minute of those unseen, which `lastHour` (items of the hour) still knows.
 */
export function series(minutes, knownSince, lastHour, now) {
  const first = minuteOf(now) - MINUTES + 1;
  const known = knownSince === null ? Infinity : minuteOf(knownSince + MINUTE_MS - 1);
  const counts = Array.from({ length: MINUTES }, (_, index) => {
    const minute = first + index;
    return minute >= known || minute === first + MINUTES - 1 ? (minutes[minute] ?? 0) : null;
  });
  const unseen = counts.filter((count) => count === null).length;
  const seen = counts.reduce((sum, count) => sum + (count ?? 0), 0);
  return { counts, average: unseen ? Math.max(0, lastHour - seen) / unseen : 0 };
}

/** Items by minute, as an answer to a poll may tell them: 60 counts, the minute of its timestamp last; or null. */
export function told({ items_by_minute: counts, timestamp }) {
  const last = minuteOf(Date.parse(timestamp));
  if (counts === null || !Number.isFinite(last)) return null;
  return Object.fromEntries(counts.map((count, index) => [last - counts.length + 1 + index, count]));
}

/** Since when every item is known, if these are the newest and `most` would have been told. */
export function completeSince(recent, most, now) {
  const hourAgo = now - MINUTES * MINUTE_MS;
  const times = recent.map(({ timestamp }) => Date.parse(timestamp)).filter(Number.isFinite);
  return recent.length < most ? hourAgo : Math.max(hourAgo, Math.min(now, ...times));
}

function minuteOf(ms) {
  return Math.floor(ms / MINUTE_MS);
}
