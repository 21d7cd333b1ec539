"""While the service cannot read its data the page says so, and goes back to Connected by itself."""

import time
from itertools import pairwise

import event_stream

from tests.dashboard.scripted import END, beginning, heartbeat, new_item
from tests.support.dynamodb_proxy import failing
from tests.support.waiting import eventually

# All that the functions call to read, to count and to publish; producers still write.
CALLS = {"BatchGetItem", "GetItem", "Query", "TransactWriteItems", "UpdateItem"}
QUICK = {"pollMs": 100, "firstRetryMs": 50, "longestRetryMs": 200, "longestFirstRetryMs": 50}
WHY = "The service cannot read its data at the moment"
COMMENT = event_stream.comment_line("the table cannot be read at the moment")
ENDED = b"retry: %d\n" + COMMENT


def test_comments_without_events_are_an_outage_until_the_next_event(dashboard, scripted):
    page = dashboard(scripted.url, quietMs=300)
    page.wait_for(state="live", status="Connected")

    def waits():
        scripted.opened().send(COMMENT)
        return page.now["state"] == "stale"

    eventually(waits)
    assert page.now["status"] == "Waiting"
    assert page.now["detail"] == f"{WHY}; waiting for it"
    scripted.opened().send(new_item("one"))
    page.wait_for(state="live", status="Connected", detail="live stream")
    assert len(scripted.streams) == 1


def test_comments_between_heartbeats_are_none(dashboard, scripted):
    page = dashboard(scripted.url, quietMs=2_000)
    page.wait_for(state="live")
    for number in range(30):
        scripted.opened().send(event_stream.comment_line(), heartbeat(number))
        eventually(lambda sent=str(number): page.now["fields"]["open_streams"] == sent)

    assert page.states_seen == ["live"]


def test_a_stream_that_ends_without_an_event_is_tried_again_when_it_asked_for(dashboard, scripted):
    scripted.beginning = ENDED % 700
    scripted.polled = None
    page = dashboard(scripted.url, **QUICK)
    for number in range(1, 5):
        scripted.opened(number).send(END)
        page.wait_for(state="stale", status="Waiting")
        assert WHY in page.now["detail"]
    opened_at = scripted.times_of("/api/v2/stream")
    scripted.beginning = beginning()
    scripted.opened(5)
    page.wait_for(state="live")

    gaps = [later - earlier for earlier, later in pairwise(opened_at)]
    assert min(gaps) > 0.65
    assert "offline" not in page.states_seen
    assert scripted.asked_for("/api/v2/stream/connections/") == []


def test_polls_that_succeed_meanwhile_are_shown(dashboard, scripted):
    scripted.beginning = ENDED % 200
    page = dashboard(scripted.url, **QUICK)
    for number in range(1, 5):
        scripted.opened(number).send(END)
    page.wait_for(state="polling")
    scripted.polled = None
    scripted.opened(5).send(END)
    page.wait_for(state="stale", status="Waiting")


def test_an_outage_of_the_whole_service_is_said_and_passes(dashboard, fragile):
    service, proxy = fragile
    page = dashboard(service.base_url, quietMs=6_000, longestServerDelayMs=2_000)
    page.wait_for(state="live", status="Connected", within_s=20)
    before = service.put()
    page.wait_for_item(before, within_s=10)
    with proxy.fault(failing):
        page.wait_for(state="stale", status="Waiting", within_s=30)
        assert page.now["detail"].startswith(WHY)
    missed = service.put()

    page.wait_for(state="live", status="Connected", within_s=30)
    page.wait_for_item(missed, within_s=10)
    assert page.now["items"].count(missed) == page.now["items"].count(before) == 1


PLAIN = """
window.received = [];
window.source = new EventSource("/api/v2/stream");
source.addEventListener("new_item", ({ data }) => received.push(JSON.parse(data).item_id));
source.addEventListener("message", () => received.push("an empty message"));
"""


def test_chromiums_own_event_source_lives_through_an_outage(dashboard, fragile):
    """The outage is longer than a stream's life here, so that its end and an opening lie in it."""
    service, proxy = fragile
    page = dashboard(service.base_url + "/health")
    page.run(PLAIN)
    eventually(lambda: page.run("return source.readyState") == 1, 20)
    before = service.put()
    eventually(lambda: before in page.run("return received"), 15)
    with proxy.fault(failing, lambda request: request.operation in CALLS):
        meanwhile = service.put()
        began_at = time.monotonic()
        eventually(lambda: time.monotonic() > began_at + 30, 40)
    after = service.put()
    eventually(lambda: after in page.run("return received"), 40)

    assert page.run("return received") == [before, meanwhile, after]
    assert page.run("return source.readyState") == 1
    page.run("source.close()")
