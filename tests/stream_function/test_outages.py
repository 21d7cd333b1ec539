"""Tests what a client meets while the table cannot be read: no 500, and no false event."""

import re
from itertools import pairwise

import pytest
from botocore.exceptions import ReadTimeoutError

from tests.support.fakes import failing_at, failing_while
from tests.support.functions import ORIGIN
from tests.support.viewers import Viewer, run

ENDED = re.compile(rb"retry: (\d+)\n: [a-z ]+\n")


def down(service):
    service.table._meddle = failing_while(lambda name: True)


def up(service):
    service.table._meddle = lambda number, name, call: call()


@pytest.mark.parametrize("outage_s", [75, 600])
def test_every_stream_is_live_after_an_outage_with_nothing_lost_or_doubled(
    make_service, publish, make_item, clock, outage_s
):
    service = make_service()
    viewers = [Viewer(service, f"192.0.2.{number}") for number in range(3)]
    run(viewers, clock, 5)
    written = [make_item()]
    publish(*written)
    run(viewers, clock, 5)
    down(service)
    began_at = clock()
    run(viewers, clock, outage_s / 2)
    up(service)
    written.append(make_item())
    publish(written[-1])  # by somebody who still reaches the table
    down(service)
    run(viewers, clock, outage_s / 2)
    ended_at = clock()
    up(service)
    run(viewers, clock, 25)
    back_at = clock()
    written.append(make_item())
    publish(written[-1])
    run(viewers, clock, 5)

    for viewer in viewers:
        assert [item.item_id in data for item, data in zip(written, viewer.items(), strict=True)]
        assert viewer.types_between(began_at + 2, ended_at - 1) == []
        assert "reset" not in {event.type for _, event in viewer.events}
        assert "heartbeat" in viewer.types_between(ended_at, back_at)
        within = [retry_ms for at, retry_ms in viewer.retries if began_at + 2 < at < ended_at]
        assert all(5_000 <= retry_ms <= 15_000 for retry_ms in within)
        assert bool(within) == (outage_s > 240)


def test_an_open_stream_says_what_is_the_matter_and_goes_on_by_itself(
    make_service, publish, make_item, clock, emitted
):
    service = make_service()
    stream = service.stream()
    stream.pull(3)
    service.table._meddle = failing_while(lambda name: name == "batch_get_item")
    events = len(stream.events)
    piece = len(stream.pieces)
    said_at = [clock()]
    while clock() < said_at[0] + 75:
        stream.pull()
        said_at += [clock()] if stream.pieces[-1] else []
    assert stream.events[events:] == []
    assert set(stream.pieces[piece + 2 :]) == {b"", b": the table cannot be read at the moment\n"}
    assert max(b - a for a, b in pairwise(said_at)) <= 4
    publish(item := make_item())
    up(service)
    stream.pull_until("new_item")

    assert stream.items() == [item.item_id]
    stream.body.close()
    assert sum(sum(each.get("PollErrors", [])) for each in emitted()) >= 60


def test_a_stream_that_ends_while_the_table_is_away_asks_its_client_to_wait(make_service):
    service = make_service()
    stream = service.stream(left_s=60)
    stream.pull(3)
    down(service)
    stream.drain()

    assert stream.pieces[-1] == b"retry: 10000\n: the table cannot be read at the moment\n"


@pytest.mark.parametrize("front", ["1.0", "2.0"])
@pytest.mark.parametrize("kind", ["global", "configuration"])
def test_whatever_cannot_be_read_while_a_stream_opens_it_is_200_with_a_retry(
    service, mine, front, kind, caplog, emitted
):
    service.front = front
    _, headers, _, path = mine
    if kind == "global":
        path, headers = "/api/v2/stream", {}
    service.stream(path, **headers).pull()  # the first one creates the feed's head
    before = len(service.table.calls)
    service.stream(path, **headers).pull()
    opening_calls = [name for name, _ in service.table.calls[before:]].index("transact_write_items")
    service.close()
    emitted()
    for at in range(1, opening_calls + 2):
        error = ReadTimeoutError(endpoint_url="http://table")
        service.table._meddle = failing_at(len(service.table.calls) + at, error)
        ended = service.stream(path, origin=ORIGIN, **headers).drain()
        up(service)
        retry_ms = int(ENDED.fullmatch(ended.text)[1])

        assert ended.status == 200
        assert ended.headers["content-type"] == "text/event-stream"
        assert ended.headers["cache-control"] == "no-store"
        assert ended.headers["x-accel-buffering"] == "no"
        assert ended.headers["access-control-allow-origin"] == ORIGIN
        assert (ended.decoder.retry_ms, ended.events) == (retry_ms, [])
        assert 5_000 <= retry_ms <= 15_000
        assert sum(sum(each.get("StreamsUnavailable", [])) for each in emitted()) == 1
        assert "stream.unavailable" in [each.getMessage() for each in caplog.records[-2:]]
    assert at == (3 if kind == "global" else 5)
    assert service.slots.open_count() == 0


def test_a_defect_is_no_outage_and_no_500(service):
    def broken(number, name, call):
        raise KeyError("seq")

    service.table._meddle = broken
    ended = service.stream().drain()

    assert (ended.status, ended.text) == (
        200,
        b"retry: 10000\n: this stream cannot be opened at the moment\n",
    )


def test_a_wrong_path_or_method_is_what_it_was(service):
    down(service)

    assert service.stream("/api/v2/streams").status == 404
    assert service.stream(method="PUT").status == 405


def test_a_lease_that_lapsed_in_an_outage_is_renewed_before_the_stream_calls_it_lost(
    service, client, table, clock
):
    """A reading cannot tell whether the lease can be had again; a renewal can."""
    stream = service.stream()
    stream.pull(3)
    down(service)
    until = clock() + 60
    while clock() < until:
        stream.pull()
    service.table.calls.clear()
    up(service)
    service.table._meddle = failing_while(lambda name: name == "update_item")
    stream.pull(20)  # reads work again, renewals do not yet: nothing is concluded

    assert [name for name, _ in service.table.calls].count("update_item") >= 5
