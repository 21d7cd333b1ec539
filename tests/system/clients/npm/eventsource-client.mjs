import { createEventSource } from "eventsource-client";
import { reportEvent, url } from "./report.mjs";

for await (const { event, id, data } of createEventSource({ url })) {
  reportEvent(event, id, data);
}
