// A page with an EventSource that opens a new one where the standard gives up, which is after any
// status but 200. The new one says its position in the address: a page cannot set a header.

export function follow(EventSource, { url, types, parameter, pauseMs, onEvent, onState, options }) {
  let lastEventId = "";

  function open() {
    const position = `${parameter}=${encodeURIComponent(lastEventId)}`;
    const source = new EventSource(lastEventId ? `${url}?${position}` : url, options);
    for (const type of types) {
      source.addEventListener(type, (event) => {
        lastEventId = event.lastEventId;
        onEvent(type, event.lastEventId, event.data);
      });
    }
    source.onerror = () => {
      if (source.readyState !== 2) return; // it comes back by itself
      onState("gave up");
      setTimeout(open, pauseMs());
    };
  }

  open();
}
