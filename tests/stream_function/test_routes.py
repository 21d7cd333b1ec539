"""Tests what the stream routes decide before the first byte: refusals, shares, goodbyes."""

from collections import Counter

import pytest

from tests.support.fakes import TableError, preceded_at
from tests.support.functions import configuration_of

KEY = "k" * 22


def test_anonymous_sessions_of_one_address_share_what_it_has(make_service):
    service = make_service(client_connections=3)
    statuses = []
    for _ in range(3):
        session, headers = service.sign_in()
        path = configuration_of(service, session.user_id)
        statuses += [service.stream(path, **headers).status for _ in range(2)]

    assert Counter(statuses) == {200: 3, 429: 3}
    assert service.stream().status == 429
    assert service.stream(path, address="198.51.100.7", **headers).status == 200


def test_a_user_that_somebody_vouches_for_has_a_share_wherever_the_requests_come_from(make_service):
    service = make_service(client_connections=2, trust_user_id=True)
    path, others = configuration_of(service, "user-1"), configuration_of(service, "user-2")
    statuses = [
        service.stream(path, address=f"192.0.2.{n}", x_user_id="user-1").status for n in range(3)
    ]

    assert statuses == [200, 200, 429]
    assert service.stream(others, address="192.0.2.1", x_user_id="user-2").status == 200


def test_conflicts_are_no_claim_that_all_connections_are_in_use(service):
    with_others_in_the_way(service)
    refused = service.stream()

    assert refused.status == 503
    assert refused.headers["retry-after"] == "3"
    assert refused.json() == {
        "detail": "Too many connections are opening at this moment",
        "max_connections": 100,
        "retry_after": 3,
    }


def with_others_in_the_way(service):
    def conflict(number, name, call):
        if name == "transact_write_items":
            raise TableError("TransactionCanceledException", ["TransactionConflict", "None"])
        return call()

    service.table._meddle = conflict


# --- goodbye before the response


def close(service, connection):
    return service.api("POST", f"/api/v2/stream/connections/{connection}/close").status


def test_the_key_that_a_client_has_drawn_closes_its_stream_like_the_id(service, clock):
    stream = service.stream(x_connection_key=KEY)
    stream.pull(3)
    said_at = clock()

    assert stream.headers["x-connection-id"].partition("-")[2] == KEY
    assert close(service, KEY) == 204
    stream.drain()
    assert clock() - said_at <= 1
    assert service.slots.open_count() == 0


@pytest.mark.parametrize("front", ["1.0", "2.0"])
def test_the_function_of_the_streams_takes_goodbyes_too(service, front):
    service.front = front
    stream = service.stream()
    stream.pull()
    path = "/api/v2/stream/connections/{}/close"
    closed = service.stream(path.format(stream.headers["x-connection-id"]), method="POST")
    stream.drain()

    assert (closed.status, closed.body or "") == (204, "")
    assert service.slots.open_count() == 0
    for none in ("nobody", "0-" + KEY, "x" * 500, "a b", "ü", "..;", "%00"):
        assert service.stream(path.format(none), method="POST").status == 204


def test_a_goodbye_that_comes_before_the_stream_refuses_it(service, clock):
    assert close(service, KEY) == 204
    refused = service.stream(x_connection_key=KEY)

    assert (refused.status, refused.json()) == (
        410,
        {"detail": "The client has closed this connection already"},
    )
    assert service.slots.open_count() == 0
    assert service.stream(x_connection_key="j" * 22).status == 200
    clock.advance(60)
    assert service.stream(x_connection_key=KEY).status == 200


@pytest.mark.parametrize("at", range(1, 7))
def test_a_goodbye_that_comes_between_any_two_calls_ends_the_stream(service, clock, at):
    service.table._meddle = preceded_at(len(service.table.calls) + at, lambda: close(service, KEY))
    stream = service.stream(x_connection_key=KEY)
    if stream.status == 200:
        opened_at = clock()
        stream.drain()
        assert clock() - opened_at <= 2

    assert stream.status in (200, 410)
    assert service.slots.open_count() == 0


@pytest.mark.parametrize(
    "key", ["k" * 21, "k" * 23, "k" * 21 + "=", "k" * 21 + "ü", "", "k" * 9_000]
)
def test_any_other_key_is_ignored(service, key):
    stream = service.stream(x_connection_key=key)

    assert stream.status == 200
    assert key not in stream.headers["x-connection-id"] or not key
    assert len(stream.headers["x-connection-id"].partition("-")[2]) == 22


def test_without_a_key_nothing_more_is_asked(service):
    calls = len(service.table.calls)
    service.stream()
    ((_, taking),) = [
        call for call in service.table.calls[calls:] if call[0] == "transact_write_items"
    ]

    assert [list(action) for action in taking["TransactItems"]] == [["Put"], ["Put"], ["Put"]]
    close(service, "0-" + KEY)
    assert [name for name, _ in service.table.calls].count("put_item") <= 2  # head, lifeline


# --- refusals


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
        stream.pull()  # no stream was evicted: one that has lost its lease ends with the next poll
    assert service.slots.open_count() == 3
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


def test_anyone_elses_configuration_and_none_look_the_same(service, mine):
    _, headers = service.sign_in()
    others = service.stream(mine[3], **headers)
    none = service.stream(
        "/api/v2/configurations/00000000-0000-0000-0000-000000000000/stream", **headers
    )

    assert others.status == none.status == 404
    assert others.json() == none.json() == {"detail": "Configuration not found"}
    assert others.headers == none.headers


def test_two_authorization_headers_are_none(service, mine):
    service.front = "1.0"
    _, headers, _, path = mine
    payload = service.payload("GET", path, headers)
    payload["multiValueHeaders"]["Authorization"] = [headers["authorization"]] * 2
    del payload["multiValueHeaders"]["authorization"]

    assert service.stream_handler(payload, service._context(10))["statusCode"] == 401
