// Is this value of its type and within its bounds? Each check returns it, or something harmless.
// Pure.

const MOST_COUNT = 1e12; // more items than any table holds
const LONGEST_TIMESTAMP = 40;
const [FIRST_MS, LAST_MS] = [Date.UTC(2000), Date.UTC(2100)];

/** Returns a whole number of 0 or more; null for anything else. */
export function count(value) {
  return Number.isInteger(value) && within(value, 0, MOST_COUNT) ? value : null;
}

/** Says whether a value is a number between these. */
export function within(value, least, most) {
  return typeof value === "number" && value >= least && value <= most;
}

/** Returns a timestamp as it came; "" if it names no moment of this century. */
export function moment(value) {
  const written = text(value, LONGEST_TIMESTAMP);
  return within(Date.parse(written), FIRST_MS, LAST_MS) ? written : "";
}

/** Returns a text if it is one of at most `longest` characters; "" otherwise. */
export function text(value, longest) {
  return typeof value === "string" && value.length <= longest ? value : "";
}

/** Returns what `read` makes of each of the first entries, without those that are not usable. */
export function list(value, most, read) {
  const entries = Array.isArray(value) ? value.slice(0, most) : [];
  return entries.map((entry) => read(entry ?? {})).filter(Boolean);
}
