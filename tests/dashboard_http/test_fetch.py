"""Tests how long, how much and where from a document is fetched, over real sockets."""

import socket
import ssl
import time

import pytest
from dashboard_http.fetch import LARGEST_DOCUMENT_BYTES, fetch_json

from tests.dashboard_http.issuer import KEYS

LIMIT_S = 0.4
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "first_bytes",
    [b"", HEAD, HEAD + b"X-Long: ", HEAD + b"\r\n", HEAD + b"Content-Length: 9000\r\n\r\n{"],
    ids=["status", "headers", "a header", "body without length", "body"],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_drips_is_given_up_in_time(dripping, first_bytes, scheme):
    url = dripping(first_bytes).replace("http", scheme)
    begun = time.monotonic()
    with pytest.raises((TimeoutError, ssl.SSLError)):
        fetch_json(url, LIMIT_S)

    assert time.monotonic() - begun < LIMIT_S + 1


def test_a_handshake_that_drips_is_given_up_in_time(dripping):
    record = b"\x16\x03\x03\x40\x00"  # the head of a handshake record of 16 KiB
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        fetch_json(dripping(record).replace("http", "https"), LIMIT_S)

    assert time.monotonic() - begun < LIMIT_S + 1


def test_an_address_where_nobody_answers_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TimeoutError):
        fetch_json(f"http://127.0.0.1:{silent.getsockname()[1]}", 0.05)


def test_without_time_left_nothing_is_asked(issuer):
    with pytest.raises(TimeoutError):
        fetch_json(issuer.origin + KEYS, 0)

    assert issuer.asked == []


@pytest.mark.parametrize(
    ("status", "headers", "body", "error"),
    [
        (302, {"Location": KEYS}, b"", OSError),
        (500, {}, b"{}", OSError),
        (200, {}, b" " * LARGEST_DOCUMENT_BYTES + b"{}", ValueError),
        (200, {}, b"[]", ValueError),
        (200, {}, b"<html>", ValueError),
        (200, {}, b"\xff\xfe{}", ValueError),
        (200, {"Content-Length": "99"}, b'{"a":', ValueError),
    ],
)
def test_what_is_no_document_says_so(issuer, status, headers, body, error):
    issuer.responses["/document"] = (status, headers, body)
    with pytest.raises(error):
        fetch_json(f"{issuer.origin}/document", 5)


def test_the_query_of_an_address_is_asked_for_too(issuer):
    issuer.responses["/document?version=1"] = (200, {}, b'{"a":1}')

    assert fetch_json(f"{issuer.origin}/document?version=1", 5) == {"a": 1}
