// Every delay of the client, in milliseconds. Tests shorten them with a global `dashboardTimings`, set before the page.

const HEARTBEAT_MS = 15_000; // the contract: at most so long after the last bytes

export const TIMINGS = Object.freeze({
  silenceMs: 2.5 * HEARTBEAT_MS, // nothing heard for so long: what is shown is stale
  openMs: 15_000, // for the first bytes of an answer; a cold start fits in
  healthyMs: 30_000, // a stream that lived so long forgives earlier failures
  firstRetryMs: 1_000,
  longestFirstRetryMs: 6_000, // the contract wants us back within 10 s
  longestRetryMs: 30_000,
  longestToldMs: 300_000, // whatever the service asks for: more than a timer holds would be no delay at all
  renewalMs: 3_000, // a stream that ended as announced is missed only after that
  answerMs: 2_000, // a leading tab that has not answered by then hangs
  pollMs: 5_000,
  hiddenMs: 60_000, // a tab nobody sees gives its stream back
  failuresBeforePolling: 3,
  ...globalThis.dashboardTimings,
});
