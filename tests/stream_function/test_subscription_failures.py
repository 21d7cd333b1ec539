"""Tests that a client that comes back misses nothing or learns so, whatever failed."""

import json
from itertools import count, pairwise

import pytest
from botocore.exceptions import ReadTimeoutError

from tests.support.fakes import TableError


@pytest.fixture
def mine(service):
    session, headers = service.sign_in()
    created = service.configurations.create(session.user_id, "mine", ["AAPL"])
    return session, headers, created, f"/api/v2/configurations/{created.config_id}/stream"


@pytest.fixture
def failing_windows(service):
    """Returns a switch: from its call on, the metrics cannot be read, until `switch(False)`."""

    def meddle(number, name, call):
        if ":scope" in service.table.calls[-1][1].get("ExpressionAttributeValues", {}):
            raise TableError("ThrottlingException")
        return call()

    def switch(on=True):
        service.table._meddle = meddle if on else lambda number, name, call: call()

    return switch


def types(stream):
    return [event.type for event in stream.events]


def drained(stream):
    with pytest.raises(TableError):
        stream.drain()
    assert stream.events[-1].type == "error"
    return stream.events[-1].id


def test_what_was_read_and_never_sent_comes_after_the_error(
    service, mine, publish, make_item, failing_windows
):
    session, headers, created, path = mine
    stream = service.stream(path, **headers)
    publish(make_item(ticker="AAPL"))
    stream.pull_until("new_item")
    publish(item := make_item(ticker="AAPL"))
    service.configurations.update(session.user_id, created.config_id, "mine", ["AAPL", "TSLA"])
    failing_windows()
    position = drained(stream)
    failing_windows(False)
    again = service.stream(path, last_event_id=position, **headers)
    again.pull(4)

    assert item.item_id not in stream.items()
    assert again.items() == [item.item_id]
    assert "reset" not in types(again)


def test_a_stream_that_fails_before_its_first_event_is_where_it_was(
    service, publish, make_item, failing_windows
):
    first = service.stream()
    first.pull(2)
    first.body.close()
    publish(*(missed := [make_item(), make_item()]))
    failing_windows()
    broken = drained(service.stream(last_event_id=first.events[-1].id))
    newcomer = drained(service.stream())
    failing_windows(False)
    publish(later := make_item())
    again, late = service.stream(last_event_id=broken), service.stream(last_event_id=newcomer)
    again.pull(4)
    late.pull(4)

    assert again.items() == [item.item_id for item in (*missed, later)]
    assert late.items() == [later.item_id]
    assert "reset" not in types(again) + types(late)


def test_a_reset_that_could_not_be_told_is_told_to_who_comes_back(
    service, publish, make_item, failing_windows
):
    failing_windows()
    position = drained(service.stream(last_event_id="test-event-12345"))
    failing_windows(False)
    publish(make_item())
    again = service.stream(last_event_id=position)

    assert [event.type for event in again.pull(2)] == ["reset", "metrics", "heartbeat"]


def test_a_history_that_was_rebuilt_is_told_though_the_stream_fails_over_it(
    service, client, table, publish, make_item, failing_windows
):
    publish(make_item())
    stream = service.stream()
    stream.pull(3)
    head = {"epoch": {"S": "b" * 10}, "seq": {"N": "0"}, "secret": {"B": b"s" * 32}}
    client.put_item(TableName=table, Item={"PK": {"S": "FEED"}, "SK": {"S": "HEAD"}} | head)
    failing_windows()
    position = drained(stream)
    failing_windows(False)
    again = service.stream(last_event_id=position)

    assert json.loads(again.pull(2)[0].data)["reason"] == "rebuilt"


def test_the_first_item_of_a_ticker_that_was_just_added_is_sent(service, mine, publish, make_item):
    session, headers, created, path = mine
    stream = service.stream(path, **headers)
    stream.pull(3)
    service.configurations.update(session.user_id, created.config_id, "mine", ["TSLA"])
    publish(make_item(ticker="AAPL"), wanted := make_item(ticker="TSLA"))
    stream.pull_until("new_item")
    totals = [json.loads(event.data)["total"] for event in stream.events if event.type == "metrics"]
    stream.pull(20)

    assert stream.items() == [wanted.item_id]
    assert totals[-1] == 1 or stream.pull_until("metrics")["total"] == 1


# --- a table that is slow


def slow(service, clock, seconds, fails=lambda name: False):
    """Makes each call take so long; those that `fails` selects time out in the end."""

    def meddle(number, name, call):
        clock.advance(seconds)
        if fails(name):
            raise ReadTimeoutError(endpoint_url="http://table")
        return call()

    service.table._meddle = meddle


def longest_gaps(stream, clock, pulls=400):
    """Returns the longest gap between any bytes, and between `metrics`."""
    written, metrics = [clock()], [clock()]
    for _ in range(pulls):
        events = stream.pull()
        if stream.pieces[-1]:
            written.append(clock())
        metrics += [clock() for event in events if event.type == "metrics"]
        gaps = [[b - a for a, b in pairwise(times)] for times in (written, metrics)]
    return [max(each) for each in gaps]


@pytest.mark.parametrize("seconds", [0.1, 1, 1.99])
def test_calls_that_take_almost_too_long_make_no_silence_over_fifteen_seconds(
    make_service, clock, seconds
):
    service = make_service(stream_life_s=600)
    stream = service.stream(left_s=900)
    stream.pull(3)
    slow(service, clock, seconds)
    silence, without_metrics = longest_gaps(stream, clock, pulls=100)

    assert silence <= 15
    assert without_metrics <= 60


def test_a_poll_of_several_slow_calls_makes_no_silence_over_fifteen_seconds(
    service, mine, publish, make_item, clock
):
    """Items of other tickers are read, and nothing of them is sent."""
    _, headers, _, path = mine
    stream = service.stream(path, **headers)
    stream.pull(3)
    written = [clock()]
    for _ in range(40):
        slow(service, clock, 1.99)
        stream.pull()
        written += [clock()] if stream.pieces[-1] else []
        slow(service, clock, 0)
        publish(make_item(ticker="TSLA"))

    assert max(b - a for a, b in pairwise(written)) <= 15


@pytest.mark.parametrize("name", ["batch_get_item", "update_item", "query"])
def test_calls_that_time_out_now_and_then_make_no_silence_over_fifteen_seconds(
    make_service, clock, name
):
    service = make_service(stream_life_s=600)
    stream = service.stream(left_s=900)
    stream.pull(3)
    calls = count()
    slow(service, clock, 2, lambda each: each == name and next(calls) % 3 < 2)
    silence, _ = longest_gaps(stream, clock, pulls=60)

    assert silence <= 15


def test_a_number_of_connections_that_cannot_be_counted_is_the_last_that_was_known(service, clock):
    stream = service.stream()
    stream.pull(3)
    slow(service, clock, 2, lambda name: name == "query")
    stream.pull(60)
    told = [
        json.loads(event.data)["connections"]
        for event in stream.events
        if event.type == "heartbeat"
    ]

    assert len(told) > 3
    assert set(told) == {1}
