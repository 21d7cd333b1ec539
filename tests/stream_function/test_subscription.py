"""Tests both streams as a client reads them: their events, their order, their endings."""

import json
import logging
import re
from itertools import pairwise

import pytest
from dashboard_data import Client, Lease
from dashboard_data.feed.item import parse_item
from dashboard_data.slots.lease import slot_of
from stream_function import life

from tests.support import producer
from tests.support.functions import USUAL_EVENT_FIELDS


@pytest.mark.parametrize("front", ["1.0", "2.0"])
def test_a_stream_begins_with_retry_metrics_and_heartbeat(service, front):
    service.front = front
    stream = service.stream()
    events = stream.pull()

    assert stream.status == 200
    assert stream.headers["content-type"] == "text/event-stream"
    assert stream.headers["cache-control"] == "no-cache"
    assert stream.headers["x-accel-buffering"] == "no"
    slot = slot_of(stream.headers["x-connection-id"])
    retry_ms = life.opening_retry_ms(slot, 100, lambda low, high: (low + high) / 2)
    assert stream.pieces[0].startswith(b"retry: %d\nevent: metrics\n" % retry_ms)
    assert [event.type for event in events] == ["metrics", "heartbeat"]
    assert json.loads(events[1].data)["connections"] == 1


def test_an_item_comes_once_with_exactly_the_fields_of_the_contract_and_metrics_follow(
    service, publish, make_item
):
    stream = service.stream()
    stream.pull(2)
    publish(item := make_item())
    sent = stream.pull_until("new_item")
    metrics = stream.pull_until("metrics")

    assert sent == {
        "item_id": item.item_id,
        "ticker": item.ticker,
        "tags": list(item.tags),
        "sentiment": item.sentiment,
        "score": item.score,
        "timestamp": item.timestamp,
        "source_id": item.item_id,
    }
    assert (metrics["total"], metrics[item.sentiment], metrics["by_tag"]) == (
        1,
        1,
        {item.ticker: 1},
    )
    stream.pull(60)
    assert stream.items() == [item.item_id]


def test_every_event_has_its_fields_and_an_id_that_is_unique_in_the_stream_and_safe(
    service, publish, make_item
):
    stream = service.stream(last_event_id="test-event-12345")
    publish(*[make_item() for _ in range(20)])
    stream.drain()
    ids = [event.id for event in stream.events]

    assert {event.type for event in stream.events} == set(USUAL_EVENT_FIELDS)
    for event in stream.events:
        assert set(json.loads(event.data)) == USUAL_EVENT_FIELDS[event.type]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[A-Za-z0-9_-]{1,128}", each) for each in ids)


def test_a_burst_is_one_metrics_event_and_totals_add_up_in_every_one(service, publish, make_item):
    stream = service.stream()
    stream.pull(2)
    publish(*[make_item() for _ in range(60)])
    stream.pull(5)
    metrics = [json.loads(event.data) for event in stream.events if event.type == "metrics"]

    assert [each["total"] for each in metrics] == [0, 60]
    assert all(
        each["total"] == each["positive"] + each["neutral"] + each["negative"] for each in metrics
    )


def test_an_idle_stream_has_no_gap_over_fifteen_seconds_and_metrics_every_minute(service, clock):
    stream = service.stream()
    written, metrics = [], []
    for _ in range(200):
        before = len(stream.events)
        if stream.pull() or stream.pieces[-1]:
            written.append(clock())
        metrics += [clock() for event in stream.events[before:] if event.type == "metrics"]

    assert max(b - a for a, b in pairwise(written)) <= 15
    assert max(b - a for a, b in pairwise(metrics)) <= 60


def test_an_idle_poll_yields_nothing_and_hands_control_to_the_runtime(service):
    stream = service.stream()
    stream.pull(3)

    assert stream.pieces[2] == b""


def test_a_stream_resumes_where_another_stopped(service, publish, make_item):
    first = service.stream()
    first.pull(2)
    items = [make_item() for _ in range(7)]
    publish(*items[:3])
    first.pull_until("new_item")
    first.body.close()
    publish(*items[3:])
    second = service.stream(last_event_id=first.events[-1].id)
    second.pull(10)

    assert first.items() + second.items() == [item.item_id for item in items]
    assert "reset" not in {event.type for event in second.events}


def test_every_id_of_a_stream_is_a_place_to_resume_from(service, publish, make_item):
    """Cuts the stream after each event: both parts make the whole, with nothing twice."""
    items = [make_item() for _ in range(6)]
    publish(*items[:2])
    stream = service.stream()
    stream.pull(2)
    for item in items[2:]:
        publish(item)
        stream.pull(15)
    wanted = [item.item_id for item in items[2:]]
    for position, event in enumerate(stream.events):
        seen = [
            json.loads(each.data)["item_id"]
            for each in stream.events[: position + 1]
            if each.type == "new_item"
        ]
        again = service.stream(last_event_id=event.id)
        again.pull(3)
        again.body.close()
        assert seen + again.items() == wanted


@pytest.mark.parametrize(
    "last_event_id", ["test-event-12345", "a-b-c", "\x00", "ü" * 40, "x" * 400, "x" * 600, "-", "0"]
)
def test_an_id_that_means_nothing_is_a_reset_and_never_an_error(
    service, publish, make_item, last_event_id
):
    publish(make_item())
    stream = service.stream(last_event_id=last_event_id)
    events = stream.pull(2)

    assert stream.status == 200
    assert [event.type for event in events] == ["reset", "metrics", "heartbeat"]
    assert json.loads(events[1].data)["total"] == 1


@pytest.mark.parametrize("front", ["1.0", "2.0"])
@pytest.mark.parametrize("name", ["last_event_id", "lastEventId"])
def test_the_query_may_carry_the_position(service, publish, make_item, front, name):
    service.front = front
    first = service.stream()
    first.pull()
    publish(missed := make_item())
    again = service.stream(query={name: first.events[-1].id})
    again.pull(3)

    assert again.items() == [missed.item_id]
    assert service.stream(query={name: "nonsense"}).pull()[0].type == "reset"


def test_a_header_wins_over_every_parameter_and_ours_over_the_polyfills(
    service, publish, make_item
):
    first = service.stream()
    first.pull()
    publish(missed := make_item())
    old = first.events[-1].id
    new = service.stream().pull()[-1].id
    by_header = service.stream(last_event_id=old, query={"last_event_id": new, "lastEventId": new})
    by_ours = service.stream(query={"lastEventId": new, "last_event_id": old})
    by_header.pull(3)
    by_ours.pull(3)

    assert by_header.items() == by_ours.items() == [missed.item_id]


def test_the_slot_is_free_when_the_stream_has_ended_however_it_ended(service):
    ended = service.stream(left_s=10).drain()
    cut = service.stream()
    cut.pull(3)
    cut.body.close()

    assert ended.status == cut.status == 200
    assert service.slots.open_count() == 0


def test_goodbye_ends_the_stream_within_one_poll(service, clock):
    stream = service.stream()
    stream.pull(3)
    said_at = clock()
    response = service.api(
        "POST", f"/api/v2/stream/connections/{stream.headers['x-connection-id']}/close"
    )
    stream.drain()

    assert response.status == 204
    assert clock() - said_at <= 1
    assert service.slots.open_count() == 0


def test_heartbeats_tell_the_true_number_across_all_environments(service):
    streams = [service.stream(address=f"192.0.2.{number}") for number in range(4)]

    assert json.loads(streams[0].pull(2)[1].data)["connections"] == 4
    status = service.api("GET", "/api/v2/stream/status").json()
    assert (status["connections"], status["max_connections"], status["available"]) == (4, 100, 96)


def test_an_open_stream_keeps_its_lease_and_a_killed_process_gives_its_own_back_by_itself(
    service, make_service, clock
):
    alive = service.stream(address="192.0.2.1")
    killed = make_service().stream(address="192.0.2.2")
    alive.pull(2)
    killed.pull(2)
    until = clock() + 100
    while clock() < until:
        alive.pull()

    assert service.slots.open_count() == 1


# --- configuration streams


@pytest.mark.parametrize("front", ["1.0", "2.0"])
def test_a_configuration_stream_carries_its_own_tickers_and_metrics_only(
    service, mine, publish, make_item, front
):
    service.front = front
    _, headers, _, path = mine
    publish(make_item(ticker="AAPL"), make_item(ticker="TSLA"))
    stream = service.stream(path, **headers)
    opening = stream.pull(2)
    publish(make_item(ticker="TSLA"), wanted := make_item(ticker="MSFT"), make_item(ticker="NFLX"))
    sent = stream.pull_until("new_item")
    metrics = stream.pull_until("metrics")

    assert stream.headers["cache-control"] == "no-store"
    assert json.loads(opening[0].data)["total"] == 1
    assert sent["item_id"] == wanted.item_id
    assert metrics["total"] == 2
    assert set(metrics["by_tag"]) == {"AAPL", "MSFT"}
    assert stream.items() == [wanted.item_id]


def test_an_idle_configuration_stream_still_moves_its_cursor(service, mine, publish, make_item):
    _, headers, _, path = mine
    stream = service.stream(path, **headers)
    stream.pull(2)
    publish(*[make_item(ticker="TSLA") for _ in range(5)])
    stream.pull(30)
    again = service.stream(path, last_event_id=stream.events[-1].id, **headers)
    publish(make_item(ticker="AAPL"))
    again.pull_until("new_item")

    assert "reset" not in {event.type for event in again.events}


def test_a_changed_ticker_list_takes_effect_within_one_poll(
    service, mine, publish, make_item, clock
):
    session, headers, created, path = mine
    stream = service.stream(path, **headers)
    stream.pull(2)
    service.configurations.update(session.user_id, created.config_id, "mine", ["TSLA"])
    changed_at = clock()
    stream.pull_until("metrics")
    assert clock() - changed_at <= 1
    publish(make_item(ticker="AAPL"), wanted := make_item(ticker="TSLA"))
    stream.pull(5)

    assert stream.items() == [wanted.item_id]


@pytest.mark.parametrize("what", ["configuration deleted", "session revoked"])
def test_what_is_gone_ends_the_stream_within_one_poll(service, mine, clock, what):
    session, headers, created, path = mine
    stream = service.stream(path, **headers)
    stream.pull(3)
    gone_at = clock()
    if what == "configuration deleted":
        service.configurations.delete(session.user_id, created.config_id)
    else:
        service.sessions.revoke(session.token)
    stream.drain()

    assert clock() - gone_at <= 1
    assert service.stream(path, **headers).status == (
        404 if what == "configuration deleted" else 401
    )


def test_a_stream_ends_with_its_session(make_service, clock):
    service = make_service(session_s=20)
    session, headers = service.sign_in()
    created = service.configurations.create(session.user_id, "mine", ["AAPL"])
    opened_at = clock()
    service.stream(f"/api/v2/configurations/{created.config_id}/stream", **headers).drain()

    assert clock() - opened_at <= 22


def test_streams_whose_session_ends_come_back_spread_by_their_slots(make_service):
    """All of a session's streams end in one second, so the short closing time is not for them."""
    service = make_service(session_s=20)
    session, headers = service.sign_in()
    created = service.configurations.create(session.user_id, "mine", ["AAPL"])
    path = f"/api/v2/configurations/{created.config_id}/stream"
    streams = [service.stream(path, **headers) for _ in range(3)]
    for stream in streams:
        stream.pull()
    opening = [stream.decoder.retry_ms for stream in streams]
    for stream in streams:
        stream.drain()

    assert len(set(opening)) == 3
    assert [stream.decoder.retry_ms for stream in streams] == opening


# --- trouble


def test_a_rebuilt_history_resets_an_open_stream(service, client, table, publish, make_item):
    publish(make_item(), make_item())
    stream = service.stream()
    stream.pull(3)
    new_head = {
        "PK": {"S": "FEED"},
        "SK": {"S": "HEAD"},
        "epoch": {"S": "b" * 10},
        "seq": {"N": "0"},
        "secret": {"B": b"s" * 32},
    }
    client.put_item(TableName=table, Item=new_head)
    reset = stream.pull_until("reset")
    publish(item := make_item())
    stream.pull_until("new_item")

    assert reset["reason"] == "rebuilt"
    assert stream.items() == [item.item_id]


def test_a_lease_that_was_lost_ends_the_stream(make_service, clock, caplog):
    caplog.set_level(logging.INFO)
    service, others = make_service(max_connections=1), make_service(max_connections=1)
    stream = service.stream()
    stream.pull(3)
    clock.advance(50)  # frozen, within the stream's life
    assert isinstance(others.slots.take(Client("other")), Lease)
    stream.drain(most=30)

    assert others.slots.open_count() == 1
    (closed,) = [each for each in caplog.records if each.getMessage() == "stream.closed"]
    assert closed.reason == "lease-lost"


def test_a_lease_whose_records_are_gone_is_taken_anew_by_a_stream_that_lives(
    service, clock, client, table
):
    stream = service.stream()
    stream.pull(3)
    for each in ("SLOT#", "SHARE#", "SLOTLIFE#"):
        for record in recorded(client, table, each):
            client.delete_item(TableName=table, Key={name: record[name] for name in ("PK", "SK")})
    stream.pull(20)

    assert len(recorded(client, table, "SLOT#")) == 1
    assert len(recorded(client, table, "SLOTLIFE#")) == 1
    assert service.slots.open_count() == 1


def recorded(client, table, prefix):
    return client.query(
        TableName=table,
        KeyConditionExpression="PK = :p AND begins_with(SK, :s)",
        ExpressionAttributeValues={":p": {"S": "CONNECTIONS"}, ":s": {"S": prefix}},
    )["Items"]


def test_titles_and_texts_never_leave(service, publish, clock):
    """Items are parsed into a type without such fields; the event model would refuse them."""
    secret = "what nobody may read"
    texts = {
        name: {"S": secret} for name in ("title", "text", "body", "source_url", "url", "summary")
    }
    written = producer.record("one", tags=["a"]) | texts | {"raw": {"M": {"title": {"S": secret}}}}
    stream = service.stream()
    stream.pull(2)
    publish(parse_item(written, clock()))
    sent = stream.pull_until("new_item")
    stream.pull_until("metrics")

    assert (sent["item_id"], set(sent)) == ("one", USUAL_EVENT_FIELDS["new_item"])
    assert secret.encode() not in stream.text
    assert secret not in json.dumps(service.api("GET", "/api/v2/metrics").json())
