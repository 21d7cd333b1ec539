"""Tests what a request says: who the client is, and headers that must come once."""

import json

import pytest

from tests.support.functions import configuration_of


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


@pytest.mark.parametrize("last_event_id", ["x" * 513, "x" * 9_000])
@pytest.mark.parametrize("front", ["1.0", "2.0"])
def test_a_position_of_insane_length_is_a_reset_and_no_first_connection(
    service, front, last_event_id
):
    service.front = front
    stream = service.stream(last_event_id=last_event_id, query={"last_event_id": ""})

    assert json.loads(stream.pull(2)[0].data)["reason"] == "unknown"


def test_two_positions_are_none_and_an_empty_one_is_a_first_connection(service):
    service.front = "1.0"
    first = service.stream(last_event_id="")
    first.pull(2)
    payload = service.payload("GET", "/api/v2/stream", {"last_event_id": first.events[-1].id})
    payload["multiValueHeaders"]["last-event-id"] *= 2
    body = service.stream_handler(payload, service._context(100))["body"]

    assert first.events[0].type == "metrics"
    assert b"event: reset" in next(body)
