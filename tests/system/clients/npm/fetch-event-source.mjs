import { createRequire } from "node:module";
import { TYPES, pauseAfter, reportEvent, reportState, url } from "./report.mjs";

// It is made for browsers: Node lacks these two.
globalThis.window = globalThis;
globalThis.document = { addEventListener() {}, removeEventListener() {}, hidden: false };
const { fetchEventSource } = createRequire(import.meta.url)("@microsoft/fetch-event-source");

class Refused extends Error {}

fetchEventSource(url, {
  openWhenHidden: true,
  async onopen(response) {
    if (response.ok) return;
    throw Object.assign(new Refused(), { pauseMs: pauseAfter(response) });
  },
  onmessage({ event, id, data }) {
    if (TYPES.includes(event) || !data) reportEvent(event, id, data);
  },
  onclose() {
    throw new Error("the stream ended"); // without this it does not come back
  },
  onerror(error) {
    reportState(error.message);
    return error.pauseMs; // undefined: as the last `retry:` says
  },
});
