"""Who counts as one client, and how a client that has left stops a stream that it does not know yet."""

import threading
from collections import Counter

import pytest
from aws_lambda_powertools import Logger
from dashboard_http.cors import Cors
from dashboard_http.front import Routes, answer, make_handler

from tests.support.fakes import TableError, preceded_at

KEY = "k" * 22


def configuration_of(service, user_id):
    created = service.configurations.create(user_id, "mine", ["AAPL"])
    return f"/api/v2/configurations/{created.config_id}/stream"


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


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::1", True),
        ("2001:db8:1:2::1", "2001:0DB8:1:2::1", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("::1", "::2", True),
        ("", "no address", False),
    ],
)
def test_an_ipv6_network_counts_as_one_client(make_service, first, second, together):
    service = make_service(client_connections=1)

    assert service.stream(address=first).status == 200
    assert service.stream(address=second).status == (429 if together else 200)


def test_a_user_cannot_use_up_an_addresss_share_by_being_called_like_it(make_service):
    service = make_service(client_connections=1, trust_user_id=True)
    path = configuration_of(service, "192.0.2.1")

    assert service.stream(path, x_user_id="192.0.2.1").status == 200
    assert service.stream(address="192.0.2.1").status == 200


def test_conflicts_are_no_claim_that_all_connections_are_in_use(service):
    with_others_in_the_way(service)
    refused = service.stream()

    assert refused.status == 503
    assert refused.headers["retry-after"] == "1"
    assert refused.json() == {
        "detail": "Too many connections are opening at this moment",
        "max_connections": 100,
        "retry_after": 1,
    }


def with_others_in_the_way(service):
    def conflict(number, name, call):
        if name == "transact_write_items":
            raise TableError("TransactionCanceledException", ["TransactionConflict", "None"])
        return call()

    service.table._meddle = conflict


# --- goodbye before the answer


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
    assert service.connections.open_count() == 0


def test_a_goodbye_that_comes_before_the_stream_refuses_it(service, clock):
    assert close(service, KEY) == 204
    refused = service.stream(x_connection_key=KEY)

    assert (refused.status, refused.json()) == (
        410,
        {"detail": "The client has closed this connection already"},
    )
    assert service.connections.open_count() == 0
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
    assert service.connections.open_count() == 0


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

    assert [list(action) for action in taking["TransactItems"]] == [["Put"], ["Put"]]
    close(service, "0-" + KEY)
    assert [name for name, _ in service.table.calls].count("put_item") <= 1  # the feed's head


# --- several requests at once


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_one_request_does_not_wait_for_another_nor_see_it(version):
    """Both are inside the route at the same time, or the barrier breaks."""
    together = threading.Barrier(2)

    def routes():
        router = Routes()

        @router.get("/<name>")
        def route(name):
            before = router.current_event.path
            router.append_context(name=name)
            together.wait(10)
            return answer(
                200,
                [
                    name,
                    before,
                    router.current_event.path,
                    router.context["name"],
                    router.lambda_context,
                ],
            )

        return router

    handler = make_handler(routes, Cors(()), Logger(service="test", stream=None))
    answers = {}

    def call(name):
        path = f"/{name}"
        http = {"http": {"method": "GET", "path": path}} if version == "2.0" else {}
        payload = {
            "version": version,
            "rawPath": path,
            "path": path,
            "httpMethod": "GET",
            "headers": {},
        }
        context = {"stage": "$default", "path": path, **http}
        answers[name] = handler(payload | {"resource": path, "requestContext": context}, name)[
            "body"
        ]

    threads = [threading.Thread(target=call, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert answers == {name: f'["{name}","/{name}","/{name}","{name}","{name}"]' for name in "ab"}
