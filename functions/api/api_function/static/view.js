// What is to be shown of a state at a moment: words and numbers. Pure.

import { series } from "./items.js";

const MOST_TAGS = 10;
const SENTIMENTS = ["positive", "neutral", "negative"];
const NUMBER = new Intl.NumberFormat("en");
const PERCENT = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });
const RATE = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const WORDS = {
  live: "Connected",
  reconnecting: "Reconnecting",
  polling: "Polling",
  stale: "Stale",
  offline: "Disconnected",
  paused: "Paused",
  ended: "Ended",
};
const REFUSALS = { 503: "The stream is not available", 429: "Too many streams are open from here" };

/** Silence is told here too: a tab that shows what another one hears may have lost that one. */
export function view(state, now, silenceMs) {
  const status = shown(state, now, silenceMs);
  const metrics = state.metrics;
  const connections = status === "live" ? number(state.connections) : "–";
  return {
    status,
    words: status === "reconnecting" && !state.opened ? "Connecting" : WORDS[status],
    detail: detail(status, state, now),
    fields: { ...figures(metrics), connections, age: age(state.heardAt, now) },
    shares: SENTIMENTS.map((sentiment) => share(metrics, sentiment)),
    tags: tags(metrics?.by_tag ?? []),
    series: series(state.minutes, state.knownSince, metrics?.rate_last_hour ?? 0, now + state.skewMs),
    items: state.items,
    now: now + state.skewMs, // by the service's clock, as the times of items are
  };
}

function shown({ status, heardAt, patientUntil }, now, silenceMs) {
  if (status !== "live") return status;
  if (now - heardAt > silenceMs) return "stale";
  return patientUntil !== null && now > patientUntil ? "reconnecting" : status;
}

function figures(metrics) {
  if (!metrics) return {};
  const names = ["total", ...SENTIMENTS, "rate_last_hour"];
  const shown = Object.fromEntries(names.map((name) => [name, number(metrics[name])]));
  for (const name of SENTIMENTS) shown[`${name}_share`] = PERCENT.format(share(metrics, name));
  shown.a_minute = `${RATE.format(metrics.rate_last_hour / 60)} a minute`;
  shown.an_hour = `${RATE.format(metrics.rate_last_24h / 24)} an hour`;
  return shown;
}

function share(metrics, sentiment) {
  return metrics?.total > 0 ? metrics[sentiment] / metrics.total : 0;
}

function number(value) {
  return Number.isFinite(value) ? NUMBER.format(value) : "–";
}

/** The most frequent tags, and the rest as one. `width`: of the longest bar, 0 to 1. */
function tags(byTag) {
  const sorted = byTag.toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const shown = sorted.slice(0, MOST_TAGS).map(([name, count]) => ({ name, count }));
  const most = shown[0]?.count || 1;
  const bars = shown.map((tag) => ({ ...tag, text: number(tag.count), width: tag.count / most }));
  return { bars, more: sorted.length - bars.length };
}

function age(heardAt, now) {
  if (heardAt === null) return "–";
  const s = Math.max(0, Math.round((now - heardAt) / 1000));
  if (s < 2) return "just now";
  return s < 100 ? `${s} s ago` : `${Math.round(s / 60)} min ago`;
}

function detail(status, { retryAt, refusal }, now) {
  const s = retryAt === null ? null : Math.max(0, Math.ceil((retryAt - now) / 1000));
  const next = s === null ? "trying now" : `next attempt in ${s} s`;
  const why = REFUSALS[refusal?.status];
  if (status === "live") return "live stream";
  if (status === "polling") return `${why ?? "No stream to be had"}; asking now and then, ${next}`;
  if (status === "stale") return `nothing heard for a while, ${next}`;
  if (status === "paused") return "nobody is looking";
  if (status === "ended") return refusal?.detail ?? "";
  return why ? `${why}; ${next}` : next;
}
