// Which window of time does a figure cover, and how is a moment said in words? Pure.
//
// docs/contract.md defines the windows by the clock hours and minutes of UTC. They end when the
// figures were true, which is their `timestamp`.

export const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const WINDOW_HOURS = 24;
const WINDOW_MINUTES = 60;

const formats = new Map();

/** Returns the number of a moment's minute since 1970. */
export function minuteOf(ms) {
  return Math.floor(ms / MINUTE_MS);
}

/** Returns where the window of `total` begins: with the 23rd clock hour before the current one. */
export function dayStart(ms) {
  return (Math.floor(ms / HOUR_MS) - WINDOW_HOURS + 1) * HOUR_MS;
}

/** Returns where the window of `rate_last_hour` begins: 59 minutes before the current one. */
export function hourStart(ms) {
  return (minuteOf(ms) - WINDOW_MINUTES + 1) * MINUTE_MS;
}

/**
 * Says a moment as a clock does: "22:04", "23:00 yesterday", "23:00 on 28 Nov". `zone`: an IANA
 * name; undefined: the visitor's. A time that comes twice when clocks go back names its zone.
 */
export function clockWords(ms, now, zone) {
  return `${clock(ms, zone)}${dayWords(ms, now, zone)}`;
}

/** Says a moment's time of day: "22:04". */
export function clock(ms, zone) {
  const time = (at) => format({ hour: "2-digit", minute: "2-digit" }, zone).format(at);
  const away = [-HOUR_MS, -HOUR_MS / 2, HOUR_MS / 2, HOUR_MS]; // by how much clocks go back
  const isTwice = away.some((ago) => time(ms) === time(ms + ago));
  if (!isTwice) return time(ms);
  const parts = format({ hour: "numeric", timeZoneName: "shortOffset" }, zone);
  const zoneName = parts.formatToParts(ms).find(({ type }) => type === "timeZoneName").value;
  return `${time(ms)} ${zoneName}`;
}

/** Says which day a moment is of, if not today: "", " yesterday", " on 28 Nov". */
export function dayWords(ms, now, zone) {
  const ago = dayNumber(now, zone) - dayNumber(ms, zone);
  if (ago === 0) return "";
  if (ago === 1) return " yesterday";
  if (ago === -1) return " tomorrow";
  return ` on ${format({ day: "numeric", month: "short" }, zone).format(ms)}`;
}

/** Says how long ago a moment was: "just now", "43 s ago", "43 min ago", "3 h ago", "2 d ago". */
export function ageWords(ms, now) {
  const s = Math.max(0, Math.floor((now - ms) / 1000));
  if (s < 2) return "just now";
  if (s < 100) return `${s} s ago`;
  if (s < 100 * 60) return `${Math.floor(s / 60)} min ago`;
  if (s < 48 * 3600) return `${Math.floor(s / 3600)} h ago`;
  return `${Math.floor(s / 86_400)} d ago`;
}

function dayNumber(ms, zone) {
  const parts = format({ year: "numeric", month: "numeric", day: "numeric" }, zone);
  const { year, month, day } = Object.fromEntries(
    parts.formatToParts(ms).map(({ type, value }) => [type, Number(value)]),
  );
  return Date.UTC(year, month - 1, day) / (24 * HOUR_MS);
}

function format(options, timeZone) {
  const key = JSON.stringify([options, timeZone]);
  if (!formats.has(key)) {
    const made = new Intl.DateTimeFormat("en-GB", { ...options, timeZone, hourCycle: "h23" });
    formats.set(key, made);
  }
  return formats.get(key);
}
