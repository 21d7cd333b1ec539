// What is known, and how it is being fed: state and fact to state. Pure; every value can be handed to another tab.

import { added, completeSince, counted, merged, told } from "./items.js";

const RECENT = 20; // as many newest items as an answer to a poll tells

export const INITIAL = Object.freeze({
  status: "reconnecting", // live, reconnecting, polling, stale, offline, paused or ended
  opened: false, // whether it has ever been fed
  refusal: null, // the status and detail of the last refusal
  retryAt: null,
  heardAt: null,
  lastEventId: "",
  metrics: null,
  connections: null,
  items: [], // newest first
  minutes: {}, // items by minute
  knownSince: null, // from when on `minutes` is complete
});

/** `fact.at` is when it was learnt. Facts of a type that is not here change nothing. */
export function reduce(state, fact) {
  return FACTS[fact.type]?.(state, fact) ?? state;
}

const FACTS = {
  event: (state, fact) => {
    const { at, id } = fact;
    const live = { status: "live", opened: true, refusal: null, retryAt: null, heardAt: at, lastEventId: id };
    const heard = { ...state, ...live, knownSince: state.knownSince ?? at };
    return EVENTS[fact.event]?.(heard, fact) ?? heard;
  },
  attempting: (state) => ({ ...state, retryAt: null, status: state.status === "paused" ? "reconnecting" : state.status }),
  waiting: (state, { retryAt, silent, status, detail, online }) => ({
    ...state,
    retryAt,
    refusal: status ? { status, detail } : null,
    status: waitingAs(state.status, silent, online),
  }),
  polled: (state, { data, fresh, fallback, askedAt, at }) => {
    const recent = data.recent_items;
    const fed = fallback && state.status !== "live";
    return {
      ...state,
      ...(fed && { status: "polling", opened: true }),
      ...(fed || state.metrics === null ? { metrics: data, heardAt: at } : {}),
      items: merged(state.items, recent, askedAt),
      minutes: told(data) ?? counted(state.minutes, fresh, at),
      knownSince: Math.min(state.knownSince ?? Infinity, completeSince(recent, told(data) ? Infinity : RECENT, at)),
    };
  },
  unanswered: (state) => (state.status === "live" ? state : { ...state, status: "offline" }),
  paused: (state) => ({ ...state, status: "paused", retryAt: null }),
  ended: (state, { status, detail }) => ({ ...state, status: "ended", retryAt: null, refusal: { status, detail } }),
  adopted: (_, { state }) => state,
};

const EVENTS = {
  metrics: (state, { data }) => ({ ...state, metrics: data }),
  heartbeat: (state, { data }) => ({ ...state, connections: data.connections }),
  new_item: (state, { data, fresh, at }) => ({
    ...state,
    items: added(state.items, { ...data, at }),
    minutes: counted(state.minutes, fresh, at),
  }),
  reset: (state, { at }) => ({ ...state, items: [], minutes: {}, knownSince: at }),
};

function waitingAs(status, silent, online) {
  if (silent) return "stale";
  if (status === "polling" || (status === "offline" && online)) return status;
  return online ? "reconnecting" : "offline";
}
