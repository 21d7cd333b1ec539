// Turns the event stream of the admin address into values by part.

const PARTS = ["functions", "environments", "requests", "invocations", "faults", "findings"];
const AGAIN_MS = 3000;

// `changed` gets (part, value); `linked` gets "live" or "lost". Only a page that can be seen keeps
// a connection: a browser has six of them for an address, and actions need one too.
export function follow(changed, linked) {
  let source = null;

  function start() {
    if (source || document.hidden) return;
    const own = new EventSource("/live");
    source = own;
    own.onopen = () => linked("live");
    own.onerror = () => {
      linked("lost");
      // A browser gives up after a response that is no stream, such as a 404 of another program.
      if (own.readyState === EventSource.CLOSED) {
        leave();
        setTimeout(start, AGAIN_MS);
      }
    };
    for (const part of PARTS) {
      own.addEventListener(part, (message) => changed(part, JSON.parse(message.data)));
    }
  }

  function leave() {
    source?.close();
    source = null;
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : start()));
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", start);
  start();
}
