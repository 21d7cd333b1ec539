// Which key moves the reading of a chart where? Pure.

/**
 * Returns the minute that a key leads to, and undefined for other keys. `at`: the minute before;
 * null: none, and each key but Home leads to the newest one.
 */
export function minuteAfter(key, at, { first, last, rtl }) {
  const onwards = rtl ? -1 : 1;
  const to = {
    ArrowRight: at + onwards,
    ArrowLeft: at - onwards,
    ArrowUp: at + 1,
    ArrowDown: at - 1,
    PageUp: at + 10,
    PageDown: at - 10,
    Home: first,
    End: last,
  }[key];
  if (to === undefined) return undefined;
  if (at === null && key !== "Home") return last;
  return Math.min(last, Math.max(first, to));
}
