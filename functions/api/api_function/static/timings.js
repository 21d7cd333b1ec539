// Every delay of the page, in milliseconds. Tests shorten them with a global `dashboardTimings`,
// which they set before the page's scripts run.

const HEARTBEAT_MS = 15_000; // contract.md: a heartbeat at least every 15 s
const FRESH_MINUTES = document.querySelector("[name=dashboard-fresh-minutes]")?.content;

export const TIMINGS = Object.freeze({
  silenceMs: 2.5 * HEARTBEAT_MS, // without an event for so long, the data is stale
  quietMs: 12_000, // comments, and for so long no event: the service cannot read its data
  openMs: 15_000, // for the first bytes of a response; long enough for a cold start
  healthyMs: 30_000, // after a stream that lived so long, earlier failures no longer count
  firstRetryMs: 1_000,
  longestFirstRetryMs: 6_000, // contract.md: a client reconnects within 10 s
  longestRetryMs: 30_000,
  longestServerDelayMs: 300_000, // limits what the service asks for; a timer overflows at 25 days
  renewalMs: 3_000, // until then, a stream that ended as announced counts as live
  leaderReplyMs: 2_000, // a leading tab that has not replied by then hangs
  pollMs: 5_000,
  filterPollMs: 5_000, // at the earliest so long after the last poll for a ticker's figures
  refreshMs: 60_000, // what no event tells is asked for anew
  hiddenMs: 60_000, // a tab that is hidden for so long gives its stream back
  failuresBeforePolling: 3,
  freshMs: Number(FRESH_MINUTES ?? 15) * 60_000, // an item that is older is late: a setting
  ...globalThis.dashboardTimings,
});
