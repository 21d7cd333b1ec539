// How does the stream stand, in words? Pure.

import { ageWords } from "./windows.js";

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

/** Returns the status to show: silence and a late renewal show only when looked at. */
export function statusAt(state, now, silenceMs) {
  if (state.status !== "live") return state.status;
  if (now - state.heardAt > silenceMs) return "stale";
  const renewalIsLate = state.patientUntil !== null && now > state.patientUntil;
  return renewalIsLate ? "reconnecting" : "live";
}

/** Names the status in one word. */
export function labelWords(shown, { opened, outage }) {
  if (shown === "reconnecting" && !opened) return "Connecting";
  return shown === "stale" && outage ? "Waiting" : LABELS[shown];
}

/** Says what goes on, why, and when the next attempt to stream is due. */
export function detailWords(shown, { retryAt, refusal, outage, heardAt }, now) {
  const next = nextAttempt(retryAt, now);
  const why = REFUSALS[refusal?.status];
  if (shown === "live") return "live stream";
  if (shown === "polling") return pollingWords(why, retryAt, heardAt, now);
  if (shown === "stale" && outage) {
    return `${OUTAGE}; ${retryAt === null ? "waiting for it" : next}`;
  }
  if (shown === "stale") return `no new data for a while, ${next}`;
  if (shown === "paused") return "while this tab is hidden";
  if (shown === "ended") return refusal?.detail ?? "";
  return why ? `${why}; ${next}` : next;
}

/** Polls come every few seconds; the countdown is that of the next attempt to stream. */
function pollingWords(why, retryAt, heardAt, now) {
  const polled = `polled ${ageWords(heardAt, now)}`;
  return `${why ?? "Streaming unavailable"}; ${polled}; ${nextAttempt(retryAt, now, "to stream ")}`;
}

function nextAttempt(retryAt, now, what = "") {
  if (retryAt === null) return `trying ${what}now`;
  return `next attempt ${what}in ${Math.max(0, Math.ceil((retryAt - now) / 1000))} s`;
}
