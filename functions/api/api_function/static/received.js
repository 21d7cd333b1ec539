// Data from the service is not trusted: only known fields, each of its own type, get through. Pure.

const READERS = new Map([
  ["metrics", metrics],
  ["new_item", item],
  ["heartbeat", heartbeat],
  ["reset", () => ({})],
]);

/** Returns the fields of an event; null if its type is unknown or its data is not usable. */
export function eventFields(type, data) {
  return READERS.get(type)?.(parsed(data)) ?? null;
}

/** Returns the fields of a poll response, with `recent_items`; null if it is not usable. */
export function pollFields(body) {
  const read = metrics(Object(body));
  if (!read) return null;
  const minutes = body?.items_by_minute;
  return {
    ...read,
    recent_items: list(body.recent_items).map((each) => item(Object(each))).filter(Boolean),
    items_by_minute: Array.isArray(minutes) ? minutes.map(count) : null,
  };
}

function metrics({ by_tag: byTag, timestamp, ...fields }) {
  if (!Number.isFinite(fields.total)) return null;
  return {
    total: count(fields.total),
    positive: count(fields.positive),
    neutral: count(fields.neutral),
    negative: count(fields.negative),
    rate_last_hour: count(fields.rate_last_hour),
    rate_last_24h: count(fields.rate_last_24h),
    by_tag: Object.entries(Object(byTag)).map(([tag, value]) => [tag, count(value)]),
    timestamp: text(timestamp),
  };
}

function item({ item_id: id, ticker, tags, sentiment, score, timestamp }) {
  if (typeof id !== "string" || !id) return null;
  return {
    item_id: id,
    ticker: text(ticker),
    sentiment: text(sentiment),
    timestamp: text(timestamp),
    tags: list(tags).map(text),
    score: Number.isFinite(score) ? score : null,
  };
}

function heartbeat({ connections, timestamp }) {
  return { connections: count(connections), timestamp: text(timestamp) };
}

function parsed(data) {
  try {
    return Object(JSON.parse(data));
  } catch {
    return {};
  }
}

function count(value) {
  return Number.isFinite(value) ? value : 0;
}

function text(value) {
  return typeof value === "string" ? value : "";
}

function list(value) {
  return Array.isArray(value) ? value : [];
}
