// The newest items, and how many items each minute had, as plain values. Pure.

export const MOST_ITEMS = 50;
export const MINUTES = 60;
const MINUTE_MS = 60_000;

/**
 * Returns `items` (newest first) with an item of the stream on top. An item that only a poll has
 * brought so far moves to the top; any other that is known stays where it is.
 */
export function addItem(items, item) {
  const known = items.find(({ item_id }) => item_id === item.item_id);
  if (known && !known.polled) return items;
  return [item, ...items.filter((each) => each !== known)].slice(0, MOST_ITEMS);
}

/**
 * Returns `items` with the `recent` ones of a poll that was sent at `askedAt`. Items that came
 * since stay on top. All others are older: a poll response holds the newest items that there are.
 */
export function mergeRecent(items, recent, askedAt) {
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
 * Returns `minutes` (counts by minute since 1970) with these items added, and without minutes that
 * are older than an hour or in the future. A producer's clock may be a minute ahead.
 */
export function countItems(minutes, items, now) {
  const last = minuteOf(now) + 1;
  const within = (minute) => minute > last - 1 - MINUTES && minute <= last;
  const recent = Object.entries(minutes).filter(([minute]) => within(Number(minute)));
  const kept = Object.fromEntries(recent);
  for (const { timestamp } of items) {
    const minute = minuteOf(Date.parse(timestamp));
    if (within(minute)) kept[minute] = (kept[minute] ?? 0) + 1;
  }
  return kept;
}

/**
 * Returns the counts of a poll response, with those of `items` added that the stream has brought
 * since the response's newest item. If these fill the whole list, there may have been more: then
 * the `minutes` known so far count where they are higher.
 */
export function recountMinutes(counts, newest, items, minutes, now) {
  const newer = itemsSince(newest, items);
  const sum = countItems(counts, newer, now);
  if (newer.length < MOST_ITEMS) return sum;
  for (const [minute, count] of Object.entries(minutes)) {
    sum[minute] = Math.max(count, sum[minute] ?? 0);
  }
  return sum;
}

/** Returns the streamed items above `newest` in the list or, if it is not there, newer than it. */
function itemsSince(newest, items) {
  const streamed = items.filter(({ polled }) => !polled);
  const index = streamed.findIndex(({ item_id }) => item_id === newest?.item_id);
  if (index >= 0) return streamed.slice(0, index);
  return streamed.filter((item) => isNewer(item, newest));
}

/** Says whether this item is newer than `newest`, by its timestamp; without one, every item is. */
export function isNewer(item, newest) {
  return !newest || Date.parse(item.timestamp) > Date.parse(newest.timestamp);
}

/**
 * Returns `counts` of the last 60 minutes, the current one last, null for a minute that this page
 * has not seen; and `average`, the mean of those unseen minutes. `lastHour`: items of the hour.
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

/** Returns the counts by minute of a poll response, whose timestamp is in the last one; or null. */
export function minuteCounts({ items_by_minute: counts, timestamp }) {
  const last = minuteOf(Date.parse(timestamp));
  if (counts === null || !Number.isFinite(last)) return null;
  const first = last - counts.length + 1;
  return Object.fromEntries(counts.map((count, index) => [first + index, count]));
}

/** Returns since when every item is known, if a response holds at most `most` of the newest. */
export function completeSince(recent, most, now) {
  const hourAgo = now - MINUTES * MINUTE_MS;
  const times = recent.map(({ timestamp }) => Date.parse(timestamp)).filter(Number.isFinite);
  return recent.length < most ? hourAgo : Math.max(hourAgo, Math.min(now, ...times));
}

function minuteOf(ms) {
  return Math.floor(ms / MINUTE_MS);
}
