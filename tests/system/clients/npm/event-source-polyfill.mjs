import { EventSourcePolyfill } from "event-source-polyfill";
import { follow } from "./plain.mjs";
import { TYPES, longestPause, reportEvent, reportState, url } from "./report.mjs";

console.error = () => {}; // it writes there whenever a stream ends

// The polyfill replaces its own parameter in the address, so user code says the same name.
follow(EventSourcePolyfill, {
  url,
  types: TYPES,
  parameter: "lastEventId",
  pauseMs: () => longestPause * 1000,
  onEvent: reportEvent,
  onState: reportState,
});
