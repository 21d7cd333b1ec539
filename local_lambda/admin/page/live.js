// Turns the event stream of the admin address into values by part.

const PARTS = ["functions", "environments", "requests", "invocations", "faults", "findings"];

// `changed` gets (part, value); `linked` gets "live" or "lost". A browser connects again by itself.
export function follow(changed, linked) {
  const source = new EventSource("/live");
  source.onopen = () => linked("live");
  source.onerror = () => {
    linked("lost");
    // A browser gives up after a response that is no stream, such as a 404 of another program.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => follow(changed, linked), 3000);
  };
  for (const part of PARTS) {
    source.addEventListener(part, (message) => changed(part, JSON.parse(message.data)));
  }
}
