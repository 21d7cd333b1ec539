"""Tests the HTTP server over raw sockets: malformed requests, early and odd responses."""

import asyncio
import statistics
import time

import pytest

from local_lambda.http.messages import HttpResponse
from local_lambda.http.server import BodyTooLarge, HttpServer


async def echo(exchange):
    body = await exchange.body(10_000)
    await exchange.respond(HttpResponse(200, (("X-Target", exchange.target),), body))


async def limited(exchange):
    try:
        await exchange.body(1000)
    except BodyTooLarge:
        await exchange.respond(HttpResponse(413, body=b"too large"))


async def unread(exchange):
    await exchange.respond(HttpResponse(200, body=b"early", reason="Very Fine"))


def talk(handler, *pieces, read_until_end=True):
    """Sends bytes to a server, and returns everything that comes back."""

    async def run():
        server = HttpServer(handler, "test")
        await server.start()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            async with asyncio.timeout(10):
                answer = await reader.read() if read_until_end else await reader.read(65536)
            writer.close()
            return answer
        finally:
            await server.close()

    return asyncio.run(run())


@pytest.mark.parametrize(
    "wire",
    [
        b"nonsense\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 40 + b"\r\n\r\n",
    ],
)
def test_malformed_http_gets_400_and_a_closed_connection(wire):
    answer = talk(echo, wire)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"connection: close" in answer.lower()


def test_another_version_of_http_is_refused():
    answer = talk(echo, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 505 ")


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"], ids=["incomplete", "complete"])
@pytest.mark.parametrize("size", [1_048_600, 1_100_000])
def test_a_request_head_over_1_mb_is_refused(size, end):
    answer = talk(echo, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * size + end)
    assert answer.startswith(b"HTTP/1.1 431 ")


def test_an_early_response_reaches_a_client_that_has_much_left_to_send(caplog):
    size = 8 * 1024 * 1024
    head = f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n".encode()
    answer = talk(limited, head, *[b"x" * 65536] * (size // 65536))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b"too large")
    assert not [record for record in caplog.records if record.exc_info]


def test_an_early_response_reaches_a_client_that_sends_chunks():
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    answer = talk(limited, head, *[chunk] * 50, b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b"too large")


def test_a_request_without_a_body_may_be_answered_unread_and_keeps_its_connection():
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    last = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answer = talk(unread, request + last)
    assert answer.count(b"HTTP/1.1 200 Very Fine\r\n") == 2


def test_a_header_value_is_sent_as_latin_1():
    async def handler(exchange):
        await exchange.respond(HttpResponse(200, (("X-Name", "caf\xe9"),)))

    request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    assert b"\r\nX-Name: caf\xe9\r\n" in talk(handler, request)


def test_a_body_does_not_wait_for_the_acknowledgement_of_its_head():
    """Systems acknowledge after up to 40 ms, and a sender that waits for it sends as slowly."""

    async def run():
        server = HttpServer(unread, "test")
        await server.start()
        took_s = []
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            for _ in range(21):
                began_s = time.perf_counter()
                writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                await reader.readuntil(b"early")
                took_s.append(time.perf_counter() - began_s)
            writer.close()
        finally:
            await server.close()
        return took_s

    assert statistics.median(asyncio.run(run())) < 0.03
