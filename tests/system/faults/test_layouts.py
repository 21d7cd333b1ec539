"""A deployment: records of an older and of a later layout, while streams are open."""

import json

import pytest
from dashboard_data import DynamoDbPublisher, Table, publisher_backoff

from tests.support.functions import Service
from tests.support.newer import NewerClient, age_every_record
from tests.support.older import OlderClient
from tests.support.viewers import Viewer, run

RELEASES = {"older": OlderClient, "of now": lambda client: client, "later": NewerClient}
# By which release, one after the other: before, during and after a deployment, and after a return.
COURSES = [
    ("older", "of now", "later"),
    ("later", "of now", "older"),
    ("of now", "later", "of now"),
]


@pytest.fixture
def publish_as(client, table, clock):
    def publish(release, *items):
        handle = Table(RELEASES[release](client), table)
        publisher = DynamoDbPublisher(handle, clock, publisher_backoff(clock.sleep, lambda: 0.5))
        assert publisher.publish(items, clock() + 60).failed == {}

    return publish


def ids_of(viewer):
    return [json.loads(data)["item_id"] for data in viewer.items()]


def assert_undisturbed(viewer):
    assert not {"reset", "failure"} & {event.type for _, event in viewer.events}
    assert viewer.retries == []


@pytest.mark.parametrize("course", COURSES, ids=" then ".join)
def test_items_of_any_release_come_once_to_streams_of_any_other(
    service, publish_as, make_item, clock, course
):
    viewer = Viewer(service, "192.0.2.1")
    run([viewer], clock, 2)
    items = []
    for release in course:
        new = [make_item() for _ in range(3)]
        items += new
        publish_as(release, *new)
        run([viewer], clock, 3)
    returning = service.stream(address="192.0.2.2", last_event_id=viewer.events[0][1].id)
    returning.pull(4)
    metrics = service.api("GET", "/api/v2/metrics").json()

    ids = [item.item_id for item in items]
    assert ids_of(viewer) == ids
    assert returning.items() == ids
    assert_undisturbed(viewer)
    assert metrics["total"] == len(items)
    assert metrics["total"] == metrics["positive"] + metrics["neutral"] + metrics["negative"]
    assert [each["item_id"] for each in metrics["recent_items"]] == ids[::-1]


def test_unknown_attributes_in_every_record_disturb_nobody(
    service, client, table, publish, make_item, clock
):
    """A later release may add them: to head, entries, hours, marks, slots, lifelines, sessions."""
    session, headers = service.sign_in()
    created = service.configurations.create(session.user_id, "mine", ["AAPL", "MSFT", "TSLA"])
    path = f"/api/v2/configurations/{created.config_id}/stream"
    own = service.stream(path, **headers)
    own.pull(2)
    viewer = Viewer(service, "192.0.2.1")
    run([viewer], clock, 2)
    items = [make_item() for _ in range(2)]
    publish(*items)
    run([viewer], clock, 2)
    assert age_every_record(client, table) >= 12
    items += [make_item() for _ in range(2)]
    publish(*items[2:])
    run([viewer], clock, 60)  # over renewals, surveys and all metrics
    own.pull(5)

    ids = [item.item_id for item in items]
    assert ids_of(viewer) == ids
    assert own.items() == ids
    assert_undisturbed(viewer)
    assert service.slots.open_count() == 2
    listed = service.api("GET", "/api/v2/configurations", **headers).json()["configurations"]
    assert [each["config_id"] for each in listed] == [created.config_id]
    changed = {"name": "changed", "tickers": ["AAPL"]}
    at = f"/api/v2/configurations/{created.config_id}"
    assert service.api("PUT", at, changed, **headers).status == 200
    service.close()
    assert service.slots.open_count() == 0


def test_streams_of_a_later_release_live_beside_those_of_this_one(
    service, client, table, publish, make_item, clock, metrics_namespace
):
    later = Service(NewerClient(client), table, clock)
    viewers = [Viewer(service, "192.0.2.1"), Viewer(later, "192.0.2.2")]
    run(viewers, clock, 3)
    items = [make_item() for _ in range(3)]
    publish(*items)
    run(viewers, clock, 40)

    for viewer in viewers:
        assert ids_of(viewer) == [item.item_id for item in items]
        assert_undisturbed(viewer)
    assert service.slots.open_count() == later.slots.open_count() == 2
    later.close()
    assert service.slots.open_count() == 1


@pytest.mark.parametrize("change", [lambda e: f"{e}-later", lambda e: f"v9.{e}", lambda e: e[:-1]])
def test_a_position_in_a_form_that_this_release_does_not_know_is_a_reset(
    service, publish, make_item, change
):
    first = service.stream()
    first.pull(2)
    publish(make_item())
    back = service.stream(last_event_id=change(first.decoder.last_event_id))
    back.pull(3)

    assert "failure" not in {event.type for event in back.events}
    assert back.status == 200
    assert back.events[0].type in ("reset", "metrics")
