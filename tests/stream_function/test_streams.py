"""Both streams as a client reads them: what comes, in what order, and every way in which a stream ends."""

import json
import re
from contextlib import suppress
from itertools import pairwise

import pytest
from dashboard_data.dynamodb import key
from dashboard_data.feed.item import parse_item
from dashboard_data.slots.lease import slot_key
from stream_function.subscription import TableUnreachable

from tests.support import producer
from tests.support.fakes import failing_while
from tests.support.functions import EVENT_FIELDS


@pytest.mark.parametrize("front", ["1.0", "2.0"])
def test_a_stream_begins_with_retry_metrics_and_heartbeat(service, front):
    service.front = front
    stream = service.stream()
    events = stream.pull(2)

    assert stream.status == 200
    assert stream.headers["content-type"] == "text/event-stream"
    assert stream.headers["cache-control"] == "no-cache"
    assert stream.headers["x-accel-buffering"] == "no"
    assert stream.pieces[0] == b"retry: 4100\n\n"
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

    assert {event.type for event in stream.events} == set(EVENT_FIELDS)
    for event in stream.events:
        assert set(json.loads(event.data)) == EVENT_FIELDS[event.type]
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
    """Cut after each event: what came before and what comes after make the whole, with nothing twice."""
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


def test_the_query_may_carry_the_id_of_a_first_connect(service, publish, make_item):
    stream = service.stream(query={"last_event_id": "nonsense"})

    assert stream.pull(2)[0].type == "reset"


def test_a_stream_lives_four_minutes_and_ends_with_a_short_retry_and_whole_events(service, clock):
    opened_at = clock()
    stream = service.stream().drain()

    assert 240 <= clock() - opened_at < 255
    assert stream.text.endswith(b"retry: 800\n\n")
    assert stream.decoder.retry_ms == 800


def test_a_stream_ends_before_its_invocation_does(service, clock):
    opened_at = clock()
    service.stream(left_s=30).drain()

    assert clock() - opened_at <= 25


def test_the_slot_is_free_when_the_stream_has_ended_however_it_ended(service):
    ended = service.stream(left_s=10).drain()
    cut = service.stream()
    cut.pull(3)
    cut.body.close()

    assert ended.status == cut.status == 200
    assert service.connections.open_count() == 0


def test_goodbye_ends_the_stream_within_one_poll(service, clock):
    stream = service.stream()
    stream.pull(3)
    said_at = clock()
    answer = service.api(
        "POST", f"/api/v2/stream/connections/{stream.headers['x-connection-id']}/close"
    )
    stream.drain()

    assert answer.status == 204
    assert clock() - said_at <= 1
    assert service.connections.open_count() == 0


def test_goodbye_for_a_stream_that_is_not_there_changes_nothing(service):
    stream = service.stream()
    stream.pull(3)

    assert service.api("POST", "/api/v2/stream/connections/nobody/close").status == 204
    stream.pull(30)


def test_the_stream_beyond_the_limit_is_refused_with_503_and_one_may_come_when_one_goes(
    make_service,
):
    service = make_service(max_connections=3)
    streams = [service.stream(address=f"192.0.2.{number}") for number in range(3)]
    refused = service.stream(address="192.0.2.9")

    assert refused.status == 503
    assert int(refused.headers["retry-after"]) > 0
    assert refused.json() == {
        "detail": "Maximum connections reached",
        "max_connections": 3,
        "retry_after": int(refused.headers["retry-after"]),
    }
    for stream in streams * 5:
        stream.pull()  # nobody was evicted: who has lost a lease ends with the next poll
    assert service.connections.open_count() == 3
    streams[0].body.close()
    assert service.stream(address="192.0.2.9").status == 200


def test_a_client_beyond_its_share_is_refused_with_429_and_others_are_not(make_service):
    service = make_service(client_connections=2)
    for _ in range(2):
        assert service.stream().status == 200
    refused = service.stream()

    assert refused.status == 429
    assert refused.json() == {
        "detail": "Too many connections from this client",
        "retry_after": int(refused.headers["retry-after"]),
    }
    assert service.stream(address="198.51.100.7").status == 200


def test_heartbeats_tell_the_true_number_across_all_environments(service):
    streams = [service.stream(address=f"192.0.2.{number}") for number in range(4)]

    assert json.loads(streams[0].pull(2)[1].data)["connections"] == 4
    status = service.api("GET", "/api/v2/stream/status").json()
    assert (status["connections"], status["max_connections"], status["available"]) == (4, 100, 96)


def test_an_open_stream_keeps_its_lease_and_a_killed_one_gives_it_back_by_itself(service, clock):
    alive, killed = service.stream(address="192.0.2.1"), service.stream(address="192.0.2.2")
    alive.pull(2)
    killed.pull(2)
    until = clock() + 100
    while clock() < until:
        alive.pull()

    assert service.connections.open_count() == 1


# --- configuration streams


@pytest.fixture
def mine(service):
    """A signed-in user with a configuration for AAPL and MSFT."""
    session, headers = service.sign_in()
    created = service.configurations.create(session.user_id, "mine", ["AAPL", "MSFT"])
    path = f"/api/v2/configurations/{created.config_id}/stream"
    return session, headers, created, path


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


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer nonsense"},
        {"authorization": "Basic dXNlcjpwYXNz"},
        {"authorization": "Bearer a, Bearer b"},
        {"authorization": "Bearer " + "x" * 10_000},
        {"authorization": "Bearer \x00"},
        {"x_user_id": "somebody"},
    ],
)
def test_without_a_valid_token_it_is_401(service, mine, headers):
    refused = service.stream(mine[3], **headers)

    assert refused.status == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.json() == {"detail": "Missing user identification"}


def test_two_authorization_headers_are_none(service, mine):
    service.front = "1.0"
    _, headers, _, path = mine
    payload = service._payload("GET", path, headers)
    payload["multiValueHeaders"]["Authorization"] = [headers["authorization"]] * 2
    del payload["multiValueHeaders"]["authorization"]

    assert service._stream(payload, service._context(10))["statusCode"] == 401


def test_anyone_elses_configuration_and_none_look_the_same(service, mine):
    _, headers = service.sign_in()
    others = service.stream(mine[3], **headers)
    none = service.stream(
        "/api/v2/configurations/00000000-0000-0000-0000-000000000000/stream", **headers
    )

    assert others.status == none.status == 404
    assert others.json() == none.json() == {"detail": "Configuration not found"}
    assert others.headers == none.headers


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


def test_the_header_of_a_trusted_gateway_counts_only_when_a_setting_says_so(make_service):
    service = make_service(trust_user_id=True)
    created = service.configurations.create("user-7", "mine", ["AAPL"])
    path = f"/api/v2/configurations/{created.config_id}/stream"

    assert service.stream(path, x_user_id="user-7").status == 200
    assert service.stream(path, x_user_id="user-8").status == 404
    assert service.stream(path, x_user_id="not a\nuser").status == 401


# --- trouble


def test_a_poll_that_fails_says_nothing_untrue_and_the_stream_goes_on(
    service, publish, make_item, emitted
):
    stream = service.stream()
    stream.pull(3)
    service.table._meddle = failing_while(lambda name: name == "batch_get_item")
    before = len(stream.events)
    stream.pull(18)
    assert stream.events[before:] == []
    assert b": waiting" in stream.text
    publish(item := make_item())
    service.table._meddle = lambda number, name, call: call()
    stream.pull_until("new_item")

    assert stream.items() == [item.item_id]
    stream.body.close()
    assert sum(sum(each.get("PollErrors", [])) for each in emitted()) >= 10


def test_a_table_that_stays_away_ends_the_stream_with_an_error_event_and_an_exception(
    service, emitted
):
    stream = service.stream()
    stream.pull(3)
    service.table._meddle = failing_while(lambda name: name == "batch_get_item")
    with pytest.raises(TableUnreachable):
        stream.drain()

    assert stream.events[-1].type == "error"
    assert any(each.get("reason") == "failed" for each in emitted())


def test_an_unexpected_error_before_the_stream_is_a_500_with_nothing_inside(service, caplog):
    service.table._meddle = failing_while(lambda name: True)
    stream = service.stream()

    assert stream.status == 500
    assert stream.json() == {"detail": "Internal error"}
    assert "TableError" in caplog.text


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


def test_a_lease_that_was_lost_ends_the_stream(service, clock, client, table, caplog):
    for lost in ("expired", "taken away"):
        stream = service.stream()
        stream.pull(3)
        if lost == "expired":
            clock.advance(50)  # frozen, within the stream's life
        else:
            slot = int(stream.headers["x-connection-id"].partition("-")[0], 36)
            client.delete_item(TableName=table, Key=key(*slot_key(slot)))
        stream.drain(most=30)

    assert service.connections.open_count() == 0
    assert [each.reason for each in caplog.records if each.getMessage() == "stream.closed"] == [
        "lease-lost"
    ] * 2


def test_not_an_http_request_is_answered_and_not_crashed_upon(service):
    for payload in ({}, {"Records": []}, None, [], {"requestContext": None}):
        assert service._stream(payload, service._context(10))["statusCode"] == 400


# --- what operators see


def test_a_stream_logs_its_opening_and_its_end_and_nothing_for_each_event(
    service, publish, make_item, caplog
):
    stream = service.stream()
    publish(*[make_item() for _ in range(30)])
    stream.drain()
    records = [record for record in caplog.records if record.getMessage().startswith("stream.")]
    opened, closed = records

    assert [record.getMessage() for record in records] == ["stream.opened", "stream.closed"]
    assert (
        opened.connection_id
        == closed.connection_id
        == stream.headers["x-connection-id"][: len(opened.connection_id)]
    )
    assert len(opened.connection_id) < len(
        stream.headers["x-connection-id"]
    )  # the whole id would end the stream
    assert (opened.stream, opened.request_id, closed.reason) == ("global", "request-1", "life")
    assert closed.duration_s >= 240
    assert closed.events["new_item"] == 30


def test_metrics_are_flushed_every_minute_and_at_the_end(
    service, publish, make_item, emitted, clock
):
    stream = service.stream()
    stream.pull(2)
    flushed, documents = [clock()], emitted()
    clock.advance(1)
    publish(make_item(), make_item())
    with suppress(StopIteration):
        while True:
            stream.pull()
            documents += (new := emitted())
            flushed += [clock() for each in new if "EventsSent" in each]
    documents += emitted()
    total = lambda name: sum(sum(each.get(name, [])) for each in documents)  # noqa: E731

    assert max(b - a for a, b in pairwise([*flushed, clock()])) <= 60
    assert total("StreamsOpened") == 1
    assert total("StreamsClosed") == 1
    assert total("EventsSent") == len(stream.events)
    assert [each["reason"] for each in documents if "StreamsClosed" in each] == ["life"]
    assert (
        max(max(each["DeliveryLatency"]) for each in documents if "DeliveryLatency" in each)
        <= 2_000
    )
    assert all(each["stream"] == "global" for each in documents)
    assert any(each.get("OpenConnections") == [1] for each in documents)


def test_a_refused_stream_is_counted(make_service, emitted):
    service = make_service(client_connections=1)
    service.stream()
    service.stream()

    assert [each["reason"] for each in emitted() if "StreamsRefused" in each] == ["client-full"]


def test_no_token_reaches_a_log_or_an_error(service, mine, caplog):
    session, headers, _, path = mine
    service.stream(path, **headers).drain()
    service.table._meddle = failing_while(lambda name: True)
    failed = service.stream(path, **headers)

    assert failed.status == 500
    assert session.token not in caplog.text
    assert session.token not in json.dumps(failed.result)


def test_titles_and_texts_never_leave(service, publish, clock):
    """Items are parsed into a type that has no place for them; the event model would refuse them."""
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

    assert (sent["item_id"], set(sent)) == ("one", EVENT_FIELDS["new_item"])
    assert secret.encode() not in stream.text
    assert secret not in json.dumps(service.api("GET", "/api/v2/metrics").json())
