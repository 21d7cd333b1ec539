// Which clock times stand on an axis, and in which time zone? Pure. Minutes count since 1970.

import { MINUTE_MS } from "./windows.js";

const STEPS = [1, 5, 10, 15, 30, 60]; // each divides the hour, and all changes of clocks
const LABEL_GAP = 14; // px between two labels
const FORMATS = new Map();
const NEW_NAMES = {
  Calcutta: "Kolkata",
  Katmandu: "Kathmandu",
  Kiev: "Kyiv",
  Rangoon: "Yangon",
  Saigon: "Ho Chi Minh City",
};

/** Returns the visitor's own time zone. */
export function ownZone() {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Returns the clock time of a minute, as "22:05". */
export function clockOf(minute, zone) {
  return format(zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(
    minute * MINUTE_MS,
  );
}

/**
 * Returns the minutes of `count` from `first` on that get a label: whole times (every 5, 10, 15,
 * 30 or 60 minutes), as many as fit with `slot` px a minute and labels of `labelWidth` px.
 */
export function clockTicks({ first, count, slot, labelWidth, zone, leastStep = 5 }) {
  const fits = (step) => step >= leastStep && step * slot >= labelWidth + LABEL_GAP;
  const step = STEPS.find(fits) ?? 60;
  const minutes = Array.from({ length: count }, (_, index) => first + index);
  return minutes.filter((minute) => (minute + offset(minute, zone)) % step === 0);
}

/** Names the time zone of these minutes, as "Times: New York, UTC−5". */
export function zoneWords(first, last, zone) {
  const before = offset(first, zone);
  const after = offset(last, zone);
  const place = placeOf(zone);
  const zoned = place === "UTC" && before === 0 ? "UTC" : `${place}, ${utcWords(before)}`;
  if (before === after) return `Times: ${zoned}`;
  let change = first;
  while (offset(change, zone) === before) change += 1;
  return `Times: ${zoned}, from ${clockOf(change, zone)} on ${utcWords(after)}`;
}

function placeOf(zone) {
  if (/^(Etc\/)?(UTC|UCT|Zulu|Universal|GMT)$/.test(zone)) return "UTC";
  const city = zone.split("/").at(-1).replaceAll("_", " ");
  if (zone.startsWith("Etc/") || /^[+-]/.test(zone)) return "local time";
  return NEW_NAMES[city] ?? city;
}

function utcWords(minutes) {
  const hours = Math.floor(Math.abs(minutes) / 60);
  const rest = Math.abs(minutes) % 60;
  const sign = minutes < 0 ? "−" : "+";
  const text = rest ? `${hours}:${String(rest).padStart(2, "0")}` : String(hours);
  return minutes === 0 ? "UTC" : `UTC${sign}${text}`;
}

/** Returns how many minutes the zone's clocks are ahead of UTC. */
function offset(minute, zone) {
  const parts = format(zone, { timeZoneName: "longOffset" }).formatToParts(minute * MINUTE_MS);
  const text = parts.find(({ type }) => type === "timeZoneName").value;
  const [, sign, hours, minutes] = /GMT(?:([+-])(\d+):(\d+))?/.exec(text);
  if (!sign) return 0;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

function format(zone, options) {
  const key = `${zone} ${Object.keys(options)}`;
  if (!FORMATS.has(key)) {
    FORMATS.set(key, new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone }));
  }
  return FORMATS.get(key);
}
