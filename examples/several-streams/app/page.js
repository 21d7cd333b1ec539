// Browsers open six connections to an origin at most over HTTP/1.1, so there are five streams here.

const list = document.querySelector("#streams");
const more = document.querySelector("#more");
const MOST = 5;

function open() {
  const line = document.createElement("li");
  line.textContent = "connecting …";
  list.append(line);
  more.disabled = list.children.length >= MOST;
  const source = new EventSource("readings");
  source.addEventListener("reading", ({ data, lastEventId }) => {
    const { value, streams, process } = JSON.parse(data);
    const where = `process ${process}, ${streams} streams`;
    line.textContent = `reading ${lastEventId}: ${value} °C (${where})`;
  });
  source.addEventListener("error", () => {
    line.textContent = "connecting again …";
  });
}

more.addEventListener("click", open);
open();
open();
