// Tells the test about each event, in a line of JSON, and about each thing that user code did.

export const url = process.argv[2];
export const longestPause = Number(process.argv[3]); // in seconds
export const patience = Number(process.argv[4]); // in seconds without a byte
export const TYPES = ["metrics", "new_item", "heartbeat", "reset", "failure"];

// Parses the data as every page does, so an event without data is an error here.
export function reportEvent(type, id, data) {
  console.log(JSON.stringify({ event: type, id, item_id: JSON.parse(data).item_id }));
}

export function reportState(state) {
  console.log(JSON.stringify({ state }));
}

// How long user code waits, in milliseconds: as Retry-After says, but never longer than the test.
export function pauseAfter(response) {
  const seconds = Number(response?.headers?.get("retry-after")) || 1;
  return Math.min(seconds, longestPause) * 1000;
}
