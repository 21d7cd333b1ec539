import { EventSource } from "eventsource";
import ReconnectingEventSource from "reconnecting-eventsource";
import { TYPES, longestPause, reportEvent, url } from "./report.mjs";

const source = new ReconnectingEventSource(url, {
  eventSourceClass: EventSource, // in a browser its own
  max_retry_time: longestPause * 1000,
});
for (const type of TYPES) {
  source.addEventListener(type, (event) => reportEvent(type, event.lastEventId, event.data));
}
