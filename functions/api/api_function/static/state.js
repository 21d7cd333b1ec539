// What is known, and how it is being fed: state and fact to state. Pure; every value can be handed to another tab.

import { added, completeSince, counted, isNewer, merged, recounted, told } from "./items.js";

const RECENT = 20; // as many newest items as an answer to a poll tells
const REPLAY_MS = 60_000; // a stream that comes back has told by then what an answer to a poll has counted already

export const INITIAL = Object.freeze({
  status: "reconnecting", // live, reconnecting, polling, stale, offline, paused or ended
  opened: false, // whether it has ever been fed
  refusal: null, // the status and detail of the last refusal
  retryAt: null,
  patientUntil: null, // the stream ended as announced: until then it counts as live
  heardAt: null,
  lastEventId: "",
  connection: null, // by which the service knows the stream
  skewMs: 0, // how far the service's clock is ahead of this one
  metrics: null,
  connections: null,
  items: [], // newest first
  answered: false, // whether an answer to a poll has told the newest items
  newest: null, // the newest item that `minutes` holds from an answer, until the stream has brought it
  minutes: {}, // items by minute
  knownSince: null, // from when on `minutes` is complete; by the service's clock, as they are
});

/** `fact.at` is when it was learnt. Facts of a type that is not here change nothing. */
export function reduce(state, fact) {
  return FACTS[fact.type]?.(state, fact) ?? state;
}

const FACTS = {
  event: (state, fact) => {
    const { at, id } = fact;
    const live = { status: "live", opened: true, refusal: null, retryAt: null, patientUntil: null };
    const skewMs = skew(state, fact);
    const heard = { ...state, ...live, heardAt: at, lastEventId: id, skewMs, knownSince: state.knownSince ?? at + skewMs };
    return EVENTS[fact.event]?.(heard, fact) ?? heard;
  },
  attempting: (state, { connection }) => {
    const status = state.status === "paused" ? "reconnecting" : state.status;
    return { ...state, connection, retryAt: null, status };
  },
  opened: (state, { connection }) => ({ ...state, connection }),
  waiting: (state, { retryAt, patientUntil, silent, status, detail, online }) => ({
    ...state,
    connection: null,
    retryAt,
    patientUntil,
    refusal: status ? { status, detail } : null,
    status: patientUntil !== null && online ? state.status : waitingAs(state.status, silent, online),
  }),
  polled: (state, fact) => {
    const { data, fallback, askedAt, at } = fact;
    const recent = data.recent_items;
    const fed = fallback && state.status !== "live";
    const skewMs = skew(state, fact);
    const complete = completeSince(recent, told(data) ? Infinity : RECENT, at + skewMs);
    return {
      ...state,
      ...(fed && { status: "polling", opened: true }),
      ...(fed || state.metrics === null ? { metrics: data, heardAt: at } : {}),
      skewMs,
      answered: true,
      items: merged(state.items, recent, askedAt),
      ...minutes(state, fact, at + skewMs),
      knownSince: Math.min(state.knownSince ?? Infinity, complete),
    };
  },
  unanswered: (state) => (state.status === "live" ? state : { ...state, status: "offline" }),
  left: (state) => ({ ...state, connection: null }),
  paused: (state) => ({ ...state, status: "paused", retryAt: null }),
  ended: (state, { status, detail }) => {
    return { ...state, status: "ended", connection: null, retryAt: null, refusal: { status, detail } };
  },
  adopted: (state, { state: other }) => (other.opened || !state.opened ? other : state), // a tab that leads may know nothing yet
};

const EVENTS = {
  metrics: (state, { data }) => ({ ...state, metrics: data }),
  heartbeat: (state, { data }) => ({ ...state, connections: data.connections }),
  new_item: (state, { data, fresh, at }) => {
    const { newest, minutes } = state;
    const waiting = newest && data.item_id !== newest.item_id && at < newest.at + REPLAY_MS;
    return {
      ...state,
      items: added(state.items, { ...data, at }),
      newest: waiting ? newest : null,
      minutes: waiting && !isNewer(data, newest) ? minutes : counted(minutes, fresh, at + state.skewMs),
    };
  },
  reset: (state, { at }) => ({ ...state, items: [], newest: null, minutes: {}, knownSince: at + state.skewMs }),
};

/** The items by minute after an answer to a poll. */
function minutes(state, { data, fresh, at }, now) {
  const counts = told(data);
  const [newest] = data.recent_items;
  if (counts === null) return { minutes: counted(state.minutes, fresh, now) };
  const isStreamed = state.items.some(({ item_id, polled }) => item_id === newest?.item_id && !polled);
  return {
    newest: newest && !isStreamed ? { ...newest, at } : null,
    minutes: recounted(counts, newest, state.items, state.minutes, now),
  };
}

/** An item's time is not the service's. */
function skew({ skewMs }, { event, data, at }) {
  const ms = event === "new_item" ? NaN : Date.parse(data.timestamp) - at;
  return Number.isFinite(ms) ? ms : skewMs;
}

function waitingAs(status, silent, online) {
  if (silent) return "stale";
  if (status === "polling" || (status === "offline" && online)) return status;
  return online ? "reconnecting" : "offline";
}
