import launchdarkly from "launchdarkly-eventsource";
import { TYPES, patience, reportEvent, reportState, url } from "./report.mjs";

const source = new launchdarkly.EventSource(url, {
  errorFilter: () => true, // without this it gives up after 429
  readTimeoutMillis: patience * 1000, // without this Node 20 gives up after 5 s
});
for (const type of TYPES) {
  source.addEventListener(type, (event) => reportEvent(type, event.lastEventId, event.data));
}
source.addEventListener("error", (error) => reportState(error.message ?? "error"));
