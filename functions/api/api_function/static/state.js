// What is known, and how does the stream stand? A pure function from state and fact to state.
// Every value is plain data, so that it can be sent to another tab.

import { addItem, completeSince, countItems, isNewer, mergeRecent } from "./items.js";
import { minuteCounts, recountMinutes } from "./items.js";

const RECENT = 20; // newest items in a poll response
const REPLAY_MS = 60_000; // a reconnected stream has by then replayed all that a poll counted

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
  newest: null, // the newest item that a poll has counted, until the stream brings it
  minutes: {}, // items by minute
  knownSince: null, // when `minutes` becomes complete, by the service's clock
});

/** Returns the state after a fact, which was learnt at `fact.at`. Unknown facts change nothing. */
export function reduce(state, fact) {
  return FACTS[fact.type]?.(state, fact) ?? state;
}

const FACTS = {
  event: (state, fact) => {
    const skewMs = skew(state, fact);
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
      skewMs,
      knownSince: state.knownSince ?? fact.at + skewMs,
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
    const skewMs = skew(state, fact);
    const now = at + skewMs;
    const complete = completeSince(data.recent_items, minuteCounts(data) ? Infinity : RECENT, now);
    return {
      ...state,
      ...(replacesStream && { status: "polling", opened: true, outage: false }),
      ...((replacesStream || state.metrics === null) && { metrics: data, heardAt: at }),
      skewMs,
      hasPolled: true,
      items: mergeRecent(state.items, data.recent_items, askedAt),
      ...countPolled(state, fact, now),
      knownSince: Math.min(state.knownSince ?? Infinity, complete),
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
  metrics: (state, { data }) => ({ ...state, metrics: data }),
  heartbeat: (state, { data }) => ({ ...state, openStreams: data.connections }),
  new_item: (state, { data, fresh, at }) => {
    const { newest, minutes } = state;
    const replays = newest && data.item_id !== newest.item_id && at < newest.at + REPLAY_MS;
    const isCounted = replays && !isNewer(data, newest);
    return {
      ...state,
      items: addItem(state.items, { ...data, at }),
      newest: replays ? newest : null,
      minutes: isCounted ? minutes : countItems(minutes, fresh, at + state.skewMs),
    };
  },
  reset: (state, { at }) => ({
    ...state,
    items: [],
    newest: null,
    minutes: {},
    knownSince: at + state.skewMs,
  }),
};

/** Returns `minutes` after a poll response, and `newest` if the response counts the minutes. */
function countPolled(state, { data, fresh, at }, now) {
  const counts = minuteCounts(data);
  const [newest] = data.recent_items;
  if (counts === null) return { minutes: countItems(state.minutes, fresh, now) };
  const isNewest = ({ item_id, polled }) => item_id === newest?.item_id && !polled;
  return {
    newest: newest && !state.items.some(isNewest) ? { ...newest, at } : null,
    minutes: recountMinutes(counts, newest, state.items, state.minutes, now),
  };
}

/** Returns how far the service's clock is ahead. An item's timestamp does not tell: it is older. */
function skew({ skewMs }, { event: type, data, at }) {
  const ms = type === "new_item" ? NaN : Date.parse(data.timestamp) - at;
  return Number.isFinite(ms) ? ms : skewMs;
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
