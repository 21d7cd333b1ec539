// In which times does the strip not draw all items? Pure.

import { itemsIn } from "./minutes.js";
import { MINUTE_MS, minuteOf } from "./windows.js";

/**
 * Returns these times within the strip as `{from, to}` in ms: what is not known, and each minute of
 * which the service has counted more items than are drawn. `minutes`: as view.js describes them.
 * `drawn`: when the drawn items were analysed. `oldest`: where the strip begins.
 */
export function gaps({ first, columns, until }, drawn, { sentiment, oldest, now }) {
  const cut = minuteOf(oldest) - first; // of this minute older items are no longer drawn
  const missing = columns.map((column, index) => {
    if (index < cut) return false;
    const own = drawn.filter((at) => minuteOf(at) === first + index);
    return column === null || itemsIn(column, sentiment) > own.length;
  });
  if (columns[cut]) missing[cut] = missing[cut + 1];
  return columns.flatMap((column, index) => {
    const start = (first + index) * MINUTE_MS;
    const from = Math.max(oldest, !missing[index] && column?.part ? until : start);
    const to = Math.min(now, start + MINUTE_MS);
    return (missing[index] || column?.part) && to > from ? [{ from, to }] : [];
  });
}
