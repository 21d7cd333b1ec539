import { EventSource } from "eventsource";
import { follow } from "./plain.mjs";
import { TYPES, longestPause, reportEvent, reportState, url } from "./report.mjs";

follow(EventSource, {
  url,
  types: TYPES,
  parameter: "last_event_id",
  pauseMs: () => longestPause * 1000,
  onEvent: reportEvent,
  onState: reportState,
});
