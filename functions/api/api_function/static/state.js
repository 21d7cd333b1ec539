// What is known, and how does the stream stand? A pure function from state and fact to state.
// Every value is plain data, so that it can be sent to another tab.

import { addItem, mergeRecent } from "./items.js";
import { NO_MINUTES, learn } from "./minutes.js";

const MOST_SKEW_MS = 20 * 365 * 86_400_000; // more is no clock, not even one without a battery

export const INITIAL = Object.freeze({
  status: "reconnecting", // live, reconnecting, polling, stale, offline, paused or ended
  opened: false, // whether any data has come yet
  outage: false, // the service has said that it cannot read its data
  refusal: null, // status and detail of the last refusal
  retryAt: null, // when the next attempt is due
  patientUntil: null, // the stream ended as announced: until then it counts as live
  heardAt: null, // when the newest event or metrics came
  lastEventId: "",
  connectionId: null, // by which the service knows the stream
  skewMs: 0, // how far the service's clock is ahead of this browser's
  metrics: null,
  openStreams: null, // all visitors'
  items: [], // newest first
  hasPolled: false, // whether a poll response has brought the newest items
  minutes: NO_MINUTES, // what the service has counted
  knownAt: null, // up to when things are known, by the service's clock
});

/** Returns the state after a fact, which was learnt at `fact.at`. Unknown facts change nothing. */
export function reduce(state, fact) {
  return FACTS[fact.type]?.(state, fact) ?? state;
}

const FACTS = {
  event: (state, fact) => {
    const heard = {
      ...state,
      status: "live",
      opened: true,
      outage: false,
      refusal: null,
      retryAt: null,
      patientUntil: null,
      heardAt: fact.at,
      lastEventId: fact.id,
      skewMs: skew(state, fact),
      knownAt: knownAt(state, fact),
    };
    return EVENTS[fact.event]?.(heard, fact) ?? heard;
  },
  attempting: (state, { connectionId }) => ({
    ...state,
    connectionId,
    retryAt: null,
    status: state.status === "paused" ? "reconnecting" : state.status,
  }),
  opened: (state, { connectionId }) => ({ ...state, connectionId }),
  quiet: (state) => ({ ...state, status: "stale", outage: true, retryAt: null }),
  waiting: (state, fact) => ({
    ...state,
    connectionId: null,
    outage: state.outage || Boolean(fact.empty),
    retryAt: fact.retryAt,
    patientUntil: fact.patientUntil,
    refusal: fact.status ? { status: fact.status, detail: fact.detail } : null,
    status: waitingAs(state.status, fact),
  }),
  polled: (state, fact) => {
    const { data, fallback, askedAt, at } = fact;
    const replacesStream = fallback && state.status !== "live";
    const counts = replacesStream || state.metrics === null;
    return {
      ...state,
      ...(replacesStream && { status: "polling", opened: true, outage: false }),
      ...(counts && { ...counted(state, data), heardAt: at, knownAt: knownAt(state, fact) }),
      skewMs: skew(state, fact),
      hasPolled: true,
      items: mergeRecent(state.items, data.recent_items, askedAt),
    };
  },
  pollFailed: (state) => ({ ...state, status: withoutPolls(state) }),
  left: (state) => ({ ...state, connectionId: null }),
  paused: (state) => ({ ...state, status: "paused", retryAt: null }),
  ended: (state, fact) => ({
    ...{ ...state, status: "ended", connectionId: null, retryAt: null },
    refusal: { status: fact.status, detail: fact.detail },
  }),
  // A tab that has just begun to lead may know nothing yet.
  adopted: (state, { state: other }) => (other.opened || !state.opened ? other : state),
};

const EVENTS = {
  metrics: (state, { data }) => ({ ...state, ...counted(state, data) }),
  heartbeat: (state, { data }) => ({ ...state, openStreams: data.connections }),
  new_item: (state, { data, at }) => ({ ...state, items: addItem(state.items, { ...data, at }) }),
  reset: (state) => ({ ...state, items: [], hasPolled: false, minutes: NO_MINUTES }),
};

/** Figures that do not tell their minutes leave none that are known: they may have changed. */
function counted({ minutes: before }, metrics) {
  const ms = Date.parse(metrics.timestamp);
  const isTold = metrics.minutes && Number.isFinite(ms);
  return { metrics, minutes: isTold ? learn(before, metrics.minutes, ms) : NO_MINUTES };
}

/** Returns up to when things are known: an event that says its time says all up to then. */
function knownAt({ knownAt: before }, { event: type, data, at }) {
  const ms = type === "new_item" ? NaN : Date.parse(data.timestamp);
  return Math.abs(ms - at) <= MOST_SKEW_MS ? ms : before;
}

/** Returns how far the service's clock is ahead. An item's timestamp does not tell: it is older. */
function skew({ skewMs }, { event: type, data, at }) {
  const ms = type === "new_item" ? NaN : Date.parse(data.timestamp) - at;
  return Math.abs(ms) <= MOST_SKEW_MS ? ms : skewMs;
}

function withoutPolls({ status: before, outage }) {
  if (before === "live") return before;
  return outage ? "stale" : "offline";
}

function waitingAs(before, { patientUntil, silent, empty, online }) {
  if (patientUntil !== null && online) return before;
  if (silent || (empty && online && before !== "polling")) return "stale";
  if (before === "polling" || (before === "offline" && online)) return before;
  return online ? "reconnecting" : "offline";
}
