"""The page stays calm at 20 items a second, and is there at once with few bytes."""

import json
import time
from itertools import count

import event_stream
import pytest
import requests

from tests.dashboard.relay import Relay
from tests.dashboard.screens import shown_as
from tests.dashboard.scripted import METRICS, heartbeat, new_item, utc
from tests.support.waiting import eventually

pytestmark = pytest.mark.timed

A_SECOND = 20
SECONDS = 30
# Notes long tasks, layout shifts that no input caused, and redraws: all that one task changes in
# the document or draws on a canvas is one.
NOTES = """
window.notes = { longest: 0, shifts: 0, redraws: 0, numberAt: null };
const observe = (type, note) =>
  new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({
    type, buffered: true });
observe("longtask", ({ duration }) => {
  notes.longest = Math.max(notes.longest, duration);
});
observe("layout-shift", ({ value, hadRecentInput }) => {
  if (!hadRecentInput) notes.shifts += value;
});
let noted = false;
const redraw = () => {
  if (noted) return;
  noted = true;
  notes.redraws += 1;
  setTimeout(() => { noted = false; });
};
for (const name of ["clearRect", "fillRect", "fill", "stroke", "drawImage"]) {
  const real = CanvasRenderingContext2D.prototype[name];
  CanvasRenderingContext2D.prototype[name] = function (...given) {
    redraw();
    return real.apply(this, given);
  };
}
document.addEventListener("DOMContentLoaded", () => {
  const all = { subtree: true, childList: true, attributes: true, characterData: true };
  const total = document.querySelector("[data-field=total]");
  new MutationObserver(() => {
    redraw();
    if (/[0-9]/.test(total.textContent)) notes.numberAt ??= performance.now();
  }).observe(document, all);
});
"""


def performance(page):
    """Returns Chromium's own counters: seconds of computing, bytes, numbers of nodes."""
    metrics = page.cdp("Performance.getMetrics")["metrics"]
    return {each["name"]: each["value"] for each in metrics}


def minutes(counts):
    """Returns the `minutes` of a `metrics` event, for so many items in each of them."""
    thirds = [[number // 3 + (number % 3 > at) for number in counts] for at in range(3)]
    names = ("positive", "neutral", "negative")
    return dict(zip(names, thirds, strict=True)) | {"score_sum": [n / 2 for n in counts]}


def figures(total, counts):
    """Encodes the figures after so many items, as the service does once a second."""
    by_tag = dict.fromkeys(("AAPL", "MSFT", "NVDA", "earnings", "guidance"), total // 9)
    data = METRICS | {"timestamp": utc(), "total": total, "by_tag": by_tag}
    data |= {"rate_last_hour": sum(counts), "rate_last_24h": total, "minutes": minutes(counts)}
    return event_stream.encode(json.dumps(data), event="metrics", id=f"figures-{total}")


def send_for(stream, seconds, numbers):
    """Sends 20 items a second, one at a time, with the events that the service sends beside."""
    began_at = time.monotonic()
    for number in range(seconds * A_SECOND):
        item = next(numbers)
        changed = {"ticker": ("AAPL", "MSFT", "NVDA")[item % 3], "score": item * 0.37 % 1}
        changed["sentiment"] = ("positive", "neutral", "negative")[item % 3]
        stream.send(new_item(f"item-{item}", timestamp=utc(), **changed))
        if number % A_SECOND == 0:
            stream.send(figures(item + 1, [1200, item % 1200]))
        if number % (15 * A_SECOND) == 0:
            stream.send(heartbeat(id=f"heartbeat-{item}"))
        time.sleep(max(0, began_at + number / A_SECOND - time.monotonic()))


def test_twenty_items_a_second_leave_the_main_thread_free(dashboard, scripted):
    scripted.beginning = (
        event_stream.encode(retry_ms=1000) + figures(1200, [1200] * 60) + heartbeat()
    )
    page = dashboard("about:blank", NOTES).moving()
    with shown_as(page, "desk"):
        page.driver.get(scripted.url)
        page.wait_for(state="live")
        page.cdp("Performance.enable", timeDomain="threadTicks")
        numbers = count()
        send_for(scripted.opened(), 5, numbers)  # the list fills
        page.run("Object.assign(notes, { longest: 0, shifts: 0, redraws: 0 })")
        before = performance(page)
        began_at = time.monotonic()
        send_for(scripted.opened(), SECONDS, numbers)
        after = performance(page)
        passed_s = time.monotonic() - began_at
        notes = page.run("return notes")
        page.wait_for_item(f"item-{next(numbers) - 1}", within_s=15)

    spent = {name: after[name] - before[name] for name in after if name.endswith("Duration")}
    assert spent["TaskDuration"] < 0.25 * passed_s, spent
    assert notes["longest"] <= 100
    assert notes["shifts"] < 0.01
    assert notes["redraws"] <= 4 * passed_s
    page.cdp("HeapProfiler.collectGarbage")
    assert performance(page)["JSHeapUsedSize"] < 12_000_000


@pytest.fixture
def relayed(service):
    """Yields a relay to the service, which is warm and has some items."""
    stream = service.stream()
    stream.wait_for("heartbeat")
    for number in range(30):
        service.put(tags=["earnings", f"topic-{number % 12}"])
    stream.wait_for_items(30, within_s=20)
    for path in ("/", "/api/v2/metrics", "/api/v2/tickers"):
        service.call("GET", path)
    relay = Relay(service.base_url)
    yield relay
    relay.close()


def visit(page, relayed, size):
    """Visits the page for the first time, until it shows all that it has. Returns its notes."""
    page.cdp("Network.clearBrowserCache")
    with shown_as(page, size):
        page.driver.get(f"{relayed.url}/")
        page.wait_for(state="live")
        eventually(lambda: len(page.now["items"]) >= 20)
        eventually(lambda: page.run("return document.querySelector('.ticker-rows li') !== null"))
        return page.run("return notes")


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_a_first_visit_shows_a_number_at_once_and_nothing_shifts(dashboard, relayed, size):
    visits = [
        visit(dashboard("about:blank", NOTES).moving(), relayed, size)  # a tab of its own
        for _ in range(3)
    ]

    assert min(notes["numberAt"] for notes in visits) < 500  # other work only adds to it
    assert max(notes["shifts"] for notes in visits) < 0.05


def test_a_first_visit_transfers_few_bytes(dashboard, relayed):
    page = dashboard("about:blank", NOTES).moving()
    visit(page, relayed, "desk")
    icon = page.run("return document.querySelector('link[rel~=icon]').href")
    if not icon.startswith("data:"):  # a headless browser does not ask for it
        requests.get(icon, timeout=10)

    assert relayed.received < 45_000
