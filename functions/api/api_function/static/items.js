// The newest items, as plain values. Pure.

export const MOST_ITEMS = 50;
const AHEAD_MS = 3_600_000; // contract.md: a timestamp further ahead breaks the rules

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
 * Returns when the newest of these items was analysed, in epoch milliseconds; null: none was. One
 * that is dated ahead counts from when it came. `skewMs`: how far the service's clock is ahead.
 */
export function newestAt(items, now, skewMs) {
  const times = items.map(({ timestamp, at }) => Math.min(Date.parse(timestamp), at + skewMs));
  const past = times.filter((ms) => ms <= now + AHEAD_MS); // no NaN either
  return past.length ? Math.max(...past) : null;
}
