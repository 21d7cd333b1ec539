// How does a state look at a moment, in words and numbers? Pure.

import { series } from "./items.js";

const MOST_TAGS = 10;
const SENTIMENTS = ["positive", "neutral", "negative"];
const NUMBER = new Intl.NumberFormat("en");
const PERCENT = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });
const RATE = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const LABELS = {
  live: "Connected",
  reconnecting: "Reconnecting",
  polling: "Polling",
  stale: "Stale",
  offline: "Disconnected",
  paused: "Paused",
  ended: "Ended",
};
const OUTAGE = "The service cannot read its data at the moment";
const REFUSALS = {
  503: "The service cannot open a stream now",
  429: "You have too many open streams",
};

/** `now` decides what is stale: a follower tab may have lost the tab whose events it shows. */
export function view(state, now, silenceMs) {
  const shown = statusAt(state, now, silenceMs);
  const { metrics, skewMs } = state;
  const serviceNow = now + skewMs; // the clock of the items' timestamps
  const lastHour = metrics?.rate_last_hour ?? 0;
  return {
    status: shown,
    label: label(shown, state),
    detail: detail(shown, state, now),
    fields: {
      ...figures(metrics),
      open_streams: shown === "live" ? number(state.openStreams) : "–",
      age: age(state.heardAt, now),
    },
    shares: SENTIMENTS.map((sentiment) => share(metrics, sentiment)),
    tags: tags(metrics?.by_tag ?? []),
    series: series(state.minutes, state.knownSince, lastHour, serviceNow),
    items: state.items,
    now: serviceNow,
  };
}

function statusAt(state, now, silenceMs) {
  if (state.status !== "live") return state.status;
  if (now - state.heardAt > silenceMs) return "stale";
  const renewalIsLate = state.patientUntil !== null && now > state.patientUntil;
  return renewalIsLate ? "reconnecting" : "live";
}

function label(shown, { opened, outage }) {
  if (shown === "reconnecting" && !opened) return "Connecting";
  return shown === "stale" && outage ? "Waiting" : LABELS[shown];
}

function figures(metrics) {
  if (!metrics) return {};
  const keys = ["total", ...SENTIMENTS, "rate_last_hour"];
  const texts = Object.fromEntries(keys.map((key) => [key, number(metrics[key])]));
  for (const key of SENTIMENTS) texts[`${key}_share`] = PERCENT.format(share(metrics, key));
  texts.a_minute = `${RATE.format(metrics.rate_last_hour / 60)} a minute`;
  texts.an_hour = `${RATE.format(metrics.rate_last_24h / 24)} an hour`;
  return texts;
}

function share(metrics, sentiment) {
  return metrics?.total > 0 ? metrics[sentiment] / metrics.total : 0;
}

function number(value) {
  return Number.isFinite(value) ? NUMBER.format(value) : "–";
}

/** Returns bars of the most frequent tags (`width`: 0 to 1) and the number of the other tags. */
function tags(byTag) {
  const sorted = byTag.toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const shown = sorted.slice(0, MOST_TAGS);
  const most = shown[0]?.[1] || 1;
  const bars = shown.map(([tag, count]) => ({
    name: tag,
    text: number(count),
    width: count / most,
  }));
  return { bars, more: sorted.length - bars.length };
}

function age(heardAt, now) {
  if (heardAt === null) return "–";
  const s = Math.max(0, Math.round((now - heardAt) / 1000));
  if (s < 2) return "just now";
  return s < 100 ? `${s} s ago` : `${Math.round(s / 60)} min ago`;
}

function detail(shown, { retryAt, refusal, outage }, now) {
  const next = nextAttempt(retryAt, now);
  const why = REFUSALS[refusal?.status];
  if (shown === "live") return "live stream";
  if (shown === "polling") return `${why ?? "Streaming unavailable"}; polling, ${next}`;
  if (shown === "stale" && outage) {
    return `${OUTAGE}; ${retryAt === null ? "waiting for it" : next}`;
  }
  if (shown === "stale") return `no new data for a while, ${next}`;
  if (shown === "paused") return "while this tab is hidden";
  if (shown === "ended") return refusal?.detail ?? "";
  return why ? `${why}; ${next}` : next;
}

function nextAttempt(retryAt, now) {
  if (retryAt === null) return "trying now";
  return `next attempt in ${Math.max(0, Math.ceil((retryAt - now) / 1000))} s`;
}
