// The panel's own words for what the service refuses and for what has gone. Pure.

import { inWords } from "./editor_rules.js";

export const SESSION_ENDED =
  "This session has ended or was revoked; its configurations are gone. Start a new session.";
export const FULL = "Four boards at most; stop one to watch another.";
export const NOT_LOADED = "Your configurations cannot be loaded at the moment; trying again.";

const FIELDS = {
  name: "The service does not take this name; please choose another",
  tickers: "The service does not take these tickers; each has one to five letters, from A to Z",
};

/** Returns `{field: words}` if the refusal of a draft names a field, as in "tickers[2]: …". */
export function refusedField({ status: httpStatus, detail }) {
  const [field] = /^(?:name|tickers)\b/.exec(detail) ?? [];
  const isInput = httpStatus >= 400 && httpStatus < 500 && field;
  return isInput ? { [field]: FIELDS[field] } : null;
}

/** Returns what is said of a refused call that names no field. */
export function refusedCall({ status: httpStatus, detail, retryAfterMs }) {
  if (httpStatus === 0) return "The service does not respond; try again in a moment.";
  if (httpStatus === 409) return limitReached(detail);
  if (httpStatus === 429) return `The service has too much to do for you; ${again(retryAfterMs)}.`;
  if (httpStatus >= 500) return `The service cannot do this at the moment; ${again(retryAfterMs)}.`;
  return `The service has refused this, and nothing was changed (error ${httpStatus}).`;
}

/** Returns what is said when configurations with these names no longer exist. */
export function gone(names) {
  const quoted = names.map((each) => `“${each}”`);
  if (quoted.length === 1) return `${quoted[0]} no longer exists; another client has deleted it.`;
  const all = `${quoted.slice(0, -1).join(", ")} and ${quoted.at(-1)}`;
  return `${all} no longer exist; another client has deleted them.`;
}

export function goneWhileEdited(draft) {
  return `${gone([draft.name])} What you typed is still here; it can be created again.`;
}

/** Returns what is said when so many watched configurations were not there after a reload. */
export function notFoundAgain(count) {
  if (count === 1) return "One configuration that you watched no longer exists.";
  return `Of the configurations that you watched, ${inWords(count)} no longer exist.`;
}

export function cannotBeWatched(configuration, httpStatus) {
  const why = `the service refuses it (error ${httpStatus})`;
  return `“${configuration.name}” can no longer be watched: ${why}.`;
}

function limitReached(detail) {
  const [, most] = /at most (\d+)/.exec(detail) ?? [];
  const limit = most ? `At most ${most} configurations` : "You have as many as you can";
  return `${limit}; delete one to create another.`;
}

function again(retryAfterMs) {
  if (!retryAfterMs) return "try again in a moment";
  const s = Math.ceil(retryAfterMs / 1000);
  if (s < 100) return `try again in ${s} ${s === 1 ? "second" : "seconds"}`;
  return `try again in ${Math.ceil(s / 60)} minutes`;
}
