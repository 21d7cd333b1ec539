"""Tests that a client that comes back misses nothing or learns so, whatever failed."""

import json
import re
import secrets
from itertools import count, pairwise

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import HealthCheck, given, settings, strategies

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


def test_what_was_read_and_never_sent_comes_when_the_table_is_back(
    service, mine, publish, make_item, failing_windows
):
    session, headers, created, path = mine
    stream = service.stream(path, **headers)
    publish(make_item(ticker="AAPL"))
    stream.pull_until("new_item")
    publish(item := make_item(ticker="AAPL"), another := make_item(ticker="TSLA"))
    service.configurations.update(session.user_id, created.config_id, "mine", ["AAPL", "TSLA"])
    failing_windows()
    before = len(stream.events)
    stream.pull(20)
    assert stream.events[before:] == []
    cut = service.stream(path, last_event_id=stream.events[-1].id, **headers)
    failing_windows(False)
    stream.pull(4)
    cut.pull(4)

    assert stream.items()[1:] == cut.items() == [item.item_id, another.item_id]
    assert "reset" not in types(stream) + types(cut)


def test_a_stream_whose_first_state_cannot_be_read_is_where_it_was(
    service, publish, make_item, failing_windows, caplog, emitted
):
    first = service.stream()
    first.pull(2)
    first.body.close()
    publish(*(missed := [make_item(), make_item()]))
    failing_windows()
    broken = service.stream(last_event_id=first.events[-1].id).drain()
    assert broken.text == b"retry: 10000\n: the table cannot be read at the moment\n"
    assert service.slots.open_count() == 0
    assert [each.error for each in caplog.records if each.getMessage() == "stream.unavailable"]
    assert sum(sum(each.get("StreamsUnavailable", [])) for each in emitted()) == 1
    failing_windows(False)
    again = service.stream(last_event_id=first.events[-1].id)
    again.pull(4)

    assert again.items() == [item.item_id for item in missed]
    assert "reset" not in types(again)


def test_a_failure_says_the_position_of_what_was_sent(service, publish, make_item):
    """The second item is one that the event model refuses, as only a defect could let it be."""
    stream = service.stream()
    stream.pull(2)
    publish(good := make_item(), make_item(score=2))
    with pytest.raises(ValueError, match="score"):
        stream.drain()
    publish(make_item())
    assert (stream.events[-1].type, stream.items()) == ("failure", [])
    again = service.stream(last_event_id=stream.events[-1].id)
    with pytest.raises(ValueError, match="score"):
        again.drain()

    assert again.events[-1].id.split("-")[1] == stream.events[-1].id.split("-")[1]
    assert good.item_id not in again.items()


def test_a_history_that_was_rebuilt_is_told_when_it_can_be_read(
    service, client, table, publish, make_item, failing_windows
):
    publish(make_item())
    stream = service.stream()
    stream.pull(3)
    client.put_item(TableName=table, Item=another_head())
    failing_windows()
    stream.pull(20)
    cut = service.stream(last_event_id=stream.events[-1].id)
    failing_windows(False)
    for each in (stream, cut):
        assert each.pull_until("reset")["reason"] == "rebuilt"
    publish(item := make_item())
    stream.pull_until("new_item")

    assert stream.items() == [item.item_id]


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


FAILING = {
    "nothing": lambda name: False,
    "reads fail": lambda name: name in ("batch_get_item", "query", "get_item"),
    "writes fail": lambda name: name in ("update_item", "put_item", "transact_write_items"),
    "all fails": lambda name: True,
}


def slow(service, clock, seconds, fails=lambda name: False, *, lagging=False):
    """Makes each call take so long; those that `fails` selects time out in the end.

    `lagging`: a query that is eventually consistent finds nothing.
    """

    def meddle(number, name, call):
        clock.advance(seconds)
        if fails(name):
            raise ReadTimeoutError(endpoint_url="http://table")
        arguments = service.table.calls[-1][1]
        if lagging and name == "query" and not arguments["ConsistentRead"]:
            return {"Items": []}
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


PROMISED_S = 4  # docs/contract.md: between events a byte comes at least every 4 s


@pytest.mark.parametrize("seconds", [0.1, 1, 1.99])
def test_calls_that_take_almost_too_long_leave_no_silence(make_service, clock, seconds):
    service = make_service(stream_life_s=600)
    stream = service.stream(left_s=900)
    stream.pull(3)
    slow(service, clock, seconds)
    silence, without_metrics = longest_gaps(stream, clock, pulls=150)

    assert silence <= PROMISED_S
    assert without_metrics <= 60


def test_a_poll_of_several_slow_calls_leaves_no_silence(service, mine, publish, make_item, clock):
    """Items of other tickers are read, and nothing of them is sent."""
    _, headers, _, path = mine
    stream = service.stream(path, **headers)
    stream.pull(3)
    written = [clock()]
    for _ in range(60):
        slow(service, clock, 1.99)
        stream.pull()
        written += [clock()] if stream.pieces[-1] else []
        slow(service, clock, 0)
        publish(make_item(ticker="TSLA"))

    assert max(b - a for a, b in pairwise(written)) <= PROMISED_S


@pytest.mark.parametrize("name", ["batch_get_item", "update_item", "query"])
def test_calls_that_time_out_now_and_then_leave_no_silence(make_service, clock, name):
    service = make_service(stream_life_s=600)
    stream = service.stream(left_s=900)
    stream.pull(3)
    calls = count()
    slow(service, clock, 2, lambda each: each == name and next(calls) % 3 < 2)
    silence, _ = longest_gaps(stream, clock, pulls=60)

    assert silence <= PROMISED_S


def another_head():
    """Returns the head of a history that somebody has begun anew."""
    fields = {"epoch": {"S": secrets.token_hex(5)}, "seq": {"N": "0"}, "secret": {"B": b"s" * 32}}
    return {"PK": {"S": "FEED"}, "SK": {"S": "HEAD"}} | fields


WHATEVER = strategies.lists(
    strategies.tuples(
        strategies.floats(0, 2),  # seconds that each call takes
        strategies.sampled_from(["nothing", "reads fail", "writes fail", "all fails"]),
        strategies.sampled_from(["nothing", "items", "tickers", "a lagging copy", "rebuilt"]),
    ),
    min_size=3,
    max_size=25,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=WHATEVER)
def test_whatever_the_table_does_a_byte_comes_in_time(
    make_service, clock, publish, make_item, client, table, steps
):
    """Also: every comment is a lone line, and what comes while nothing fails is whole events."""
    service = make_service(stream_life_s=600, lease_s=1_000)
    session, headers = service.sign_in()
    created = service.configurations.create(session.user_id, "mine", ["AAPL"])
    path = f"/api/v2/configurations/{created.config_id}/stream"
    stream = service.stream(path, left_s=900, **headers)
    stream.pull()
    written = [clock()]
    tickers = iter([["TSLA", "AAPL", "MSFT"], ["AAPL"]] * 20)
    for seconds, trouble, what in steps:
        slow(service, clock, 0)
        if what == "items":
            publish(*[make_item(ticker="TSLA") for _ in range(3)])
        elif what == "tickers":
            service.configurations.update(session.user_id, created.config_id, "mine", next(tickers))
        elif what == "rebuilt":
            client.put_item(TableName=table, Item=another_head())
        slow(service, clock, seconds, FAILING[trouble], lagging=what == "a lagging copy")
        for _ in range(4):
            stream.pull()
            written += [clock()] if stream.pieces[-1] else []
    slow(service, clock, 0)
    stream.body.close()

    assert max(b - a for a, b in pairwise(written)) <= PROMISED_S
    assert b"\n\n:" not in stream.text.replace(b"\n\n:\n", b"").replace(b"\n\n: the", b"")
    assert not re.search(rb"(^|\n):[^\n]*\n\n", stream.text)


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
