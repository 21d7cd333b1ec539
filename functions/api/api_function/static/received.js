// What the service sends is data, not to be trusted: only known fields, each of its own type, get any further. Pure.

const READERS = new Map([
  ["metrics", metrics],
  ["new_item", item],
  ["heartbeat", ({ connections, timestamp }) => ({ connections: count(connections), timestamp: text(timestamp) })],
  ["reset", () => ({})],
]);

/** The fields of an event; null if it is none of ours, or makes no sense. */
export function event(type, data) {
  return READERS.get(type)?.(parsed(data)) ?? null;
}

/** The fields of an answer to a poll, with `recent_items`; null if it makes no sense. */
export function answer(value) {
  const read = metrics(Object(value));
  const minutes = value?.items_by_minute;
  return (
    read && {
      ...read,
      recent_items: list(value.recent_items).map((each) => item(Object(each))).filter(Boolean),
      items_by_minute: Array.isArray(minutes) ? minutes.map(count) : null,
    }
  );
}

function metrics({ total, positive, neutral, negative, by_tag: byTag, rate_last_hour, rate_last_24h, timestamp }) {
  if (!Number.isFinite(total)) return null;
  const counts = { total, positive, neutral, negative, rate_last_hour, rate_last_24h };
  const counted = Object.fromEntries(Object.entries(counts).map(([name, value]) => [name, count(value)]));
  return { ...counted, by_tag: Object.entries(Object(byTag)).map(([tag, value]) => [tag, count(value)]), timestamp: text(timestamp) };
}

function item({ item_id: id, ticker, tags, sentiment, score, timestamp }) {
  if (typeof id !== "string" || !id) return null;
  const texts = { ticker: text(ticker), sentiment: text(sentiment), timestamp: text(timestamp) };
  return { item_id: id, ...texts, tags: list(tags).map(text), score: Number.isFinite(score) ? score : null };
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
