"""A page on a wall runs for weeks, so nothing that it no longer shows may stay in memory."""

import json

import event_stream

from tests.dashboard.scripted import METRICS, heartbeat, item

HOUR_OF_ITEMS = 2_500  # more than the demo writes
NODES = "return document.querySelectorAll('*').length"


def an_hour(number):
    """Yields the events of an hour: items, at most one `metrics` a second, heartbeats."""
    for index in range(HOUR_OF_ITEMS):
        name = f"{number}-{index}-{'x' * 20}"
        yield event_stream.encode(
            json.dumps(item(name, tags=["AAPL", f"tag-{index % 12}"])), event="new_item", id=name
        )
        yield event_stream.encode(
            json.dumps(METRICS | {"total": index}), event="metrics", id=f"{name}-m"
        )
        if index % 10 == 0:
            yield heartbeat(connections=index, id=f"{name}-h")


def used_bytes(page):
    for _ in range(2):
        page.cdp("HeapProfiler.collectGarbage")
    return page.cdp("Runtime.getHeapUsage")["usedSize"]


def test_an_hour_of_demo_data_leaves_memory_flat(dashboard, scripted):
    page = dashboard(scripted.url).moving()
    page.wait_for(state="live")
    used = []
    nodes = []
    for hour in range(4):
        events = list(an_hour(hour))
        for start in range(0, len(events), 250):
            scripted.opened().send(b"".join(events[start : start + 250]))
        page.wait_for_item(f"{hour}-{HOUR_OF_ITEMS - 1}-{'x' * 20}", within_s=20)
        used.append(used_bytes(page))
        nodes.append(page.run(NODES))

    # The first two hours fill what is bounded (50 items, 5,000 ids); later ones add nothing.
    assert used[3] - used[1] < 300_000, used
    assert used[3] < 12_000_000, used
    assert nodes[3] == nodes[1] == nodes[2]
    assert len(page.now["items"]) == 50
