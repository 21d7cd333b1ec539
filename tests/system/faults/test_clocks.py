"""Clocks that step, and processes whose clocks disagree: no item is lost, and none comes twice."""

import json
import re

import pytest

from tests.support.fakes import FakeClock
from tests.support.functions import Service
from tests.support.viewers import Viewer, run

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
STEPS_S = [-3 * DAY_S, -DAY_S, -HOUR_S, -5 * MINUTE_S, -1, 1, 5 * MINUTE_S, HOUR_S]


def ids_of(viewer):
    return [json.loads(data)["item_id"] for data in viewer.items()]


@pytest.mark.parametrize("step_s", STEPS_S)
def test_streams_that_are_open_while_the_clock_steps_go_on(
    service, publish, make_item, clock, step_s
):
    viewer = Viewer(service, "192.0.2.1")
    run([viewer], clock, 2)
    items = [make_item()]
    publish(*items)
    run([viewer], clock, 2)
    clock.advance(step_s)
    viewer.opens_at = min(viewer.opens_at, clock())
    run([viewer], clock, 25)
    items.append(make_item())
    publish(items[-1])
    run([viewer], clock, 10)

    assert ids_of(viewer) == [item.item_id for item in items]
    assert not {"reset", "failure"} & {event.type for _, event in viewer.events}
    assert viewer.stream is not None
    assert service.slots.open_count() == 1


def test_a_clock_that_steps_past_retention_resets_its_streams(service, publish, make_item, clock):
    viewer = Viewer(service, "192.0.2.1")
    run([viewer], clock, 2)
    publish(make_item())
    clock.advance(2 * DAY_S)  # the items have expired before the stream has read them
    run([viewer], clock, 25)
    publish(item := make_item())
    run([viewer], clock, 5)

    assert ids_of(viewer)[-1:] == [item.item_id]


@pytest.mark.parametrize("apart_s", [-90, -MINUTE_S, -20, 20, MINUTE_S, 90])
def test_two_processes_whose_clocks_disagree_serve_the_same_items(
    wire, table, service, publish, make_item, clock, apart_s
):
    other_clock = FakeClock(clock() + apart_s)
    other = Service(wire.client, table, other_clock)
    viewers = [Viewer(service, "192.0.2.1"), Viewer(other, "192.0.2.2")]
    items = []
    for _ in range(12):
        run(viewers[:1], clock, 5)
        run(viewers[1:], other_clock, 5)
        items.append(make_item())
        publish(items[-1])
    run(viewers[:1], clock, 30)
    run(viewers[1:], other_clock, 30)

    ids = [item.item_id for item in items]
    first, second = map(ids_of, viewers)
    assert first == ids[-len(first) :]
    assert second == ids[-len(second) :]
    assert min(len(first), len(second)) >= len(ids) - 1
    assert all("reset" not in {event.type for _, event in each.events} for each in viewers)
    if abs(apart_s) < 30:  # docs/connections.md: so far a lease outlasts a renewal
        assert service.slots.open_count() == 2
        other.close()
        assert service.slots.open_count() == 1


def test_an_open_stream_ends_when_the_clock_steps_past_the_end_of_its_session(
    make_service_over_wire, clock
):
    service = make_service_over_wire(session_s=2 * HOUR_S)
    session, headers = service.sign_in()
    clock.advance(2 * HOUR_S - 30)
    created = service.configurations.create(session.user_id, "mine", ["AAPL"])
    path = f"/api/v2/configurations/{created.config_id}/stream"
    stream = service.stream(path, **headers)
    stream.pull(2)
    clock.advance(HOUR_S)
    stream.drain()

    assert service.stream(path, **headers).status == 401


def test_a_cursor_from_before_the_clock_was_set_back_is_where_it_was(
    service, publish, make_item, clock
):
    first = service.stream()
    first.pull(2)
    publish(make_item())
    first.pull(3)
    clock.advance(-DAY_S)
    publish(later := make_item())
    back = service.stream(last_event_id=first.decoder.last_event_id)
    back.pull(3)

    assert back.items() == [later.item_id]
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,128}", back.decoder.last_event_id)
