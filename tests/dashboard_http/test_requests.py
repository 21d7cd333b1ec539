"""Tests what a request says: who the client is, and headers that must come once."""

import json
import logging
from ipaddress import ip_address

import pytest
from dashboard_http.requests import stated_address
from hypothesis import given
from hypothesis import strategies as st

from tests.support.functions import configuration_of

SECRET = "s3cret-of-the-proxy"
BEHIND = {"proxy_address_header": "X-Forwarded-For", "proxy_secret": SECRET}


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
    assert b"event: reset" in next(iter(body))


# --- shares wider than one address


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("192.0.2.1", "192.0.2.254", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("2001:db8:1:2::1", "2001:db8:1:ffff::1", True),
        ("2001:db8:1::1", "2001:db8:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.99", True),
        ("127.0.0.1", "127.0.0.2", False),  # played on one machine
        ("127.0.0.1", "127.0.0.1", True),
    ],
)
def test_a_wider_network_has_a_share_of_its_own(make_service, first, second, together):
    service = make_service(client_connections=1, network_connections=1)

    assert service.stream(address=first).status == 200
    assert service.stream(address=second).status == (429 if together else 200)


def test_six_addresses_of_one_ipv6_customer_are_not_six_times_the_share(make_service):
    service = make_service(client_connections=2, network_connections=4)
    statuses = [
        service.stream(address=f"2001:db8:1:{network:x}::1").status
        for network in range(6)
        for _ in range(2)
    ]
    assert statuses.count(200) == 4


def test_users_of_one_address_have_its_share_together_and_apart_from_the_anonymous(make_service):
    from dashboard_http.requests import anonymous_client, user_client

    users = [user_client(f"user-{number}", "192.0.2.1") for number in range(2)]
    anonymous = anonymous_client("192.0.2.1", authenticated=False)

    assert users[0].client_id != users[1].client_id
    assert users[0].address_id == users[1].address_id
    assert users[0].network_id == users[1].network_id
    assert len({*users[0][:3], *anonymous[:3], None}) == 6


def test_a_gateways_address_is_not_its_users(make_service):
    """It vouches for the users, and all of them come from its own address."""
    service = make_service(client_connections=2, network_connections=2, trust_user_id=True)
    statuses = []
    for number in range(5):
        path = configuration_of(service, f"user-{number}")
        statuses.append(service.stream(path, x_user_id=f"user-{number}").status)

    assert statuses == [200] * 5


# --- behind a proxy


@pytest.fixture(params=["1.0", "2.0"])
def behind(make_service, request):
    """Makes a service with one stream for each client, behind a proxy that says the address."""

    def make(**settings):
        service = make_service(
            client_connections=1, network_connections=1, **{**BEHIND, **settings}
        )
        service.front = request.param
        return service

    return make


def test_a_proxy_that_knows_the_secret_says_who_the_client_is(behind):
    service = behind()
    through = {"x_proxy_secret": SECRET}

    assert service.stream(x_forwarded_for="203.0.113.1", **through).status == 200
    assert service.stream(x_forwarded_for="203.0.113.1", **through).status == 429
    assert service.stream(x_forwarded_for="198.51.100.1", **through).status == 200


@pytest.mark.parametrize(
    "proof", [{}, {"x_proxy_secret": ""}, {"x_proxy_secret": SECRET[:-1]}, {"x_proxy_secret": "ü"}]
)
def test_anybody_else_says_it_in_vain(behind, proof):
    service = behind()

    assert service.stream(x_forwarded_for="203.0.113.1", **proof).status == 200
    assert service.stream(x_forwarded_for="198.51.100.1", **proof).status == 429


def test_a_secret_that_comes_twice_is_none(behind):
    service = behind()
    service.front = "1.0"
    headers = {"x_forwarded_for": "203.0.113.1", "x_proxy_secret": SECRET}
    assert service.stream(x_forwarded_for="203.0.113.1").status == 200  # the peer's share is used
    payload = service.payload("GET", "/api/v2/stream", headers)
    payload["multiValueHeaders"]["x-proxy-secret"] *= 2

    assert service.stream_handler(payload, service._context(100))["statusCode"] == 429


def test_of_several_values_the_last_one_counts(behind):
    """The ones before it are what the client has said to the proxy."""
    service = behind()
    through = {"x_proxy_secret": SECRET}

    assert service.stream(x_forwarded_for="1.2.3.4, 203.0.113.1", **through).status == 200
    assert service.stream(x_forwarded_for="5.6.7.8,203.0.113.1", **through).status == 429
    payload = service.payload("GET", "/api/v2/stream", {"x_forwarded_for": "1.1.1.1", **through})
    if service.front == "1.0":
        payload["multiValueHeaders"]["x-forwarded-for"] = ["9.9.9.9", "203.0.113.1"]
        assert service.stream_handler(payload, service._context(100))["statusCode"] == 429


def test_a_malformed_address_is_the_peers(behind):
    service = behind()
    through = {"x_proxy_secret": SECRET}

    assert service.stream(x_forwarded_for="203.0.113.1, unknown", **through).status == 200
    assert service.stream(x_forwarded_for="", **through).status == 429
    assert service.stream(**through).status == 429


def test_the_secret_reaches_no_log_and_no_response(behind, caplog):
    caplog.set_level(logging.DEBUG)
    service = behind()
    stream = service.stream(x_forwarded_for="203.0.113.1", x_proxy_secret=SECRET)
    stream.pull(5)
    service.stream(x_forwarded_for="203.0.113.1", x_proxy_secret=SECRET)
    stream.body.close()

    assert caplog.records
    assert not any(SECRET in str(vars(each)) for each in caplog.records)
    assert SECRET not in str(stream.headers) + stream.text.decode()


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:46532", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("2001:db8:0:0:0:0:0:7:46532", "2001:db8::7"),
        (" 10.0.0.1 ,\t203.0.113.7 ", "203.0.113.7"),
        ("", None),
        ("unknown", None),
        ("203.0.113.7,", None),
        ("203.0.113.7:port", None),
        ("203.0.113.07", None),
        ("fe80::1%eth0", None),
        ("[203.0.113.7", None),
        ("for=203.0.113.7", None),
    ],
)
def test_an_address_may_have_a_port(value, address):
    assert stated_address(value) == address


def test_where_a_port_always_comes_it_is_never_taken_for_the_end_of_an_address():
    assert stated_address("2001:db8::7:443", has_port=True) == "2001:db8::7"
    assert stated_address("203.0.113.7:443", has_port=True) == "203.0.113.7"
    assert stated_address("2001:db8:0:0:0:0:0:7", has_port=True) == "2001:db8::7"


@given(st.text(), st.booleans())
def test_whatever_a_header_says_it_is_an_address_or_nothing(value, has_port):
    address = stated_address(value, has_port=has_port)
    assert address is None or str(ip_address(address)) == address


@given(st.ip_addresses(), st.integers(0, 65_535), st.text())
def test_every_address_with_a_port_is_understood(address, port, before):
    written = f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
    assert stated_address(f"{before},{written}") == str(address)
    assert stated_address(f"{before},{address}") == str(address)
    assert stated_address(f"{before},{address.exploded}:{port}", has_port=True) == str(address)
