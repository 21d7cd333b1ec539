// Writes the items and minutes that are shown as comma-separated values (RFC 4180). Pure.

import { MINUTE_MS } from "./windows.js";

// A spreadsheet would take these for the start of a formula.
const RISKY = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const QUOTED = /[",\r\n]/;

/** Returns the listed items, newest first as in the list. */
export function itemsCsv(items) {
  const rows = items.map((item) => [
    utc(Date.parse(item.timestamp)),
    item.ticker,
    item.sentiment,
    item.score,
    item.tags.join("; "),
    item.item_id,
  ]);
  return csv([["time_utc", "ticker", "sentiment", "score", "tags", "item_id"], ...rows]);
}

/** Returns the minutes of a view, oldest first. Cells of a minute that is not known are empty. */
export function minutesCsv({ first, columns }) {
  const rows = columns.map((column, index) => {
    const time = utc((first + index) * MINUTE_MS);
    if (!column) return [time, null, null, null, null, "no"];
    const { positive, neutral, negative, scoreSum, part } = column;
    const items = positive + neutral + negative;
    const mean = items ? Number((scoreSum / items).toFixed(6)) : null;
    const known = part ? "in part" : index === columns.length - 1 ? "so far" : "whole";
    return [time, positive, neutral, negative, mean, known];
  });
  return csv([["time_utc", "positive", "neutral", "negative", "mean_score", "known"], ...rows]);
}

/** Returns a file's name: what it holds, of which filter and of when. `at`: epoch milliseconds. */
export function fileName(kind, { ticker, sentiment }, at) {
  const time = `${new Date(at).toISOString().slice(0, 19).replaceAll(":", "-")}Z`;
  return `${["live-sentiment", kind, ticker, sentiment, time].filter(Boolean).join("-")}.csv`;
}

/** Returns rows of texts, numbers and nulls as one text. Numbers stay numbers. */
export function csv(rows) {
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cell(value) {
  if (typeof value === "number") return String(value);
  const text = value ?? "";
  const harmless = RISKY.test(text) ? `'${text}` : text;
  return QUOTED.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

function utc(ms) {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : "";
}
