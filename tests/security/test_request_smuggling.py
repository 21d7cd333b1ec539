"""Sends the emulator's HTTP server requests that two parsers could take for one or for two."""

import asyncio

import pytest

from local_lambda.http.messages import HttpResponse
from local_lambda.http.server import HttpServer

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
AMBIGUOUS = {
    "two lengths": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + HIDDEN,
    "a list of lengths": POST + b"Content-Length: 5, 6\r\n\r\n" + HIDDEN,
    "a negative length": POST + b"Content-Length: -1\r\n\r\n" + HIDDEN,
    "a length with a sign": POST + b"Content-Length: +0\r\n\r\n" + HIDDEN,
    "another coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two codings": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a blank before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a bare CR in a value": POST + b"X: a\rContent-Length: 4\r\n\r\n" + HIDDEN,
    "a NUL in a value": POST + b"X: a\0b\r\n\r\n" + HIDDEN,
    "a chunk size with a sign": POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n" + HIDDEN,
    "a chunk size in hex": POST + b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + HIDDEN,
    "two hosts": b"POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + HIDDEN,
}


def served(wire):
    """Returns the targets that a handler saw, and what came back."""
    seen = []

    async def handler(exchange):
        await exchange.body(10_000)
        seen.append(exchange.target)
        await exchange.respond(HttpResponse(200, body=b"ok"))

    async def talk():
        server = HttpServer(handler, "test", linger_s=0.1)
        await server.start()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(wire)
            writer.write_eof()
            async with asyncio.timeout(10):
                response = await reader.read()
            writer.close()
            return response
        finally:
            await server.close()

    return seen, asyncio.run(talk())


@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_what_two_parsers_could_read_apart_is_refused_and_ends_the_connection(kind):
    seen, response = served(AMBIGUOUS[kind])

    assert "/hidden" not in seen
    assert response.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501"))
    assert response.count(b"HTTP/1.1 ") == 1


def test_a_length_beside_chunks_does_not_count_and_ends_the_connection():
    """By RFC 9112, 6.1, the chunks win, and a server must close after its response."""
    wire = POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN
    seen, response = served(wire)

    assert seen == ["/"]
    assert response.count(b"HTTP/1.1 200") == 1
    assert b"connection: close" in response.lower()


def test_a_folded_line_is_part_of_the_value_before_it_and_no_length():
    seen, response = served(POST + b" Content-Length: 35\r\n\r\n" + HIDDEN)

    assert seen == ["/", "/hidden"]
    assert response.count(b"HTTP/1.1 200") == 2


def test_two_requests_one_behind_the_other_are_two():
    seen, response = served(POST + b"Content-Length: 2\r\n\r\nab" + HIDDEN)

    assert seen == ["/", "/hidden"]
    assert response.count(b"HTTP/1.1 200") == 2
