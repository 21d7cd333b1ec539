// A first plain view of the global stream: EventSource reconnects and resumes by itself.
const NEWEST = 20;
const byField = Object.fromEntries(
  [...document.querySelectorAll("[data-field]")].map((cell) => [cell.dataset.field, cell]),
);
const items = document.getElementById("items");
const template = document.getElementById("item");

function show(state, words) {
  document.body.dataset.state = state;
  document.getElementById("status").textContent = words;
}

function write(fields) {
  for (const [name, value] of Object.entries(fields)) {
    if (name in byField) byField[name].textContent = value;
  }
}

function add(item) {
  const line = template.content.cloneNode(true);
  line.querySelector(".ticker").textContent = item.ticker;
  line.querySelector(".sentiment").textContent = item.sentiment;
  line.querySelector(".tags").textContent = item.tags.join(", ");
  line.querySelector("time").textContent = new Date(item.timestamp).toLocaleTimeString();
  items.prepend(line);
  while (items.children.length > NEWEST) items.lastElementChild.remove();
}

const source = new EventSource("api/v2/stream");
source.addEventListener("open", () => show("live", "Connected"));
source.addEventListener("error", () => {
  if (source.readyState === EventSource.CLOSED) show("disconnected", "Disconnected");
  else show("reconnecting", "Reconnecting");
});
source.addEventListener("metrics", (event) => write(JSON.parse(event.data)));
source.addEventListener("heartbeat", (event) => write(JSON.parse(event.data)));
source.addEventListener("new_item", (event) => add(JSON.parse(event.data)));
