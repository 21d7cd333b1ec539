"""Sends thousands of generated requests to one application, under uvicorn and under `Asgi`.

Its responses are generated, too, and so are its faults. What it sees and what its client gets are
the same, or stand in the list of docs/asgi-wsgi.md, whose entries are below.
"""

import asyncio
import os

import pytest
from lambda_streaming import Asgi

from tests.lambda_streaming.asgi.generated import pair
from tests.lambda_streaming.asgi.servers import (
    Request,
    function_url,
    in_process,
    over_a_socket,
    uvicorn_of,
)

pytestmark = pytest.mark.once

MANY = 1_000
PARTS = range(10 if os.environ.get("CI") else 1)  # all ten thousand in CI
SIDES = ("uvicorn", "Asgi")
# The application's own view. The rest of the scope (client, server, scheme, HTTP version) is that
# of the connection, which a socket on this machine and Lambda's front do not share.
COMPARED = ("method", "path", "raw_path", "query_string", "root_path", "headers")

ADDED = {b"x-amzn-trace-id", b"x-forwarded-for", b"x-forwarded-port", b"x-forwarded-proto"}


class Obeying:
    """An application that does as `wanted` says, and notes what it was asked in `seen`."""

    def __init__(self):
        self.seen = {}

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            raise RuntimeError("no lifespan")
        side = SIDES["aws.event" in scope]
        number = int(dict(scope["headers"])[b"x-number"])
        _, wanted = pair(number)
        seen = {name: scope[name] for name in COMPARED}
        self.seen[side, number] = seen
        if wanted.reads:
            seen["body"] = await read(receive)
        await obey(wanted, send)


async def read(receive):
    body = b""
    while True:
        message = await receive()
        assert message["type"] == "http.request"
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def obey(wanted, send):
    ending = wanted.ending
    start = {
        "type": "http.response.start",
        "status": wanted.status,
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in wanted.headers],
    }
    if ending == "raises at once":
        raise LookupError(ending)
    if ending == "returns at once":
        return
    if ending == "a body first":
        await send({"type": "http.response.body", "body": b"too soon"})
    await send(start)
    if ending == "raises after the start":
        raise LookupError(ending)
    if ending == "returns after the start":
        return
    if ending == "two starts":
        await send(start)
    for piece in wanted.pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(0)
    if ending == "raises after the pieces":
        raise LookupError(ending)
    if ending == "returns after the pieces":
        return
    await send({"type": "http.response.body"})
    if ending == "a message more":
        await send({"type": "http.response.body", "body": b"too late"})


def through_a_front(seen, body):
    """Returns `seen` as it is behind a Function URL, in the ways that are documented.

    Repeated headers are joined, some are added, and a body that is said to be text is made text.
    """
    if seen is None:
        return None
    if "body" in seen:
        seen = {**seen, "body": body}
    joined = {}
    for name, value in seen["headers"]:
        if name not in ADDED:
            joined.setdefault(name, []).append(value)
    headers = {
        name: (b"; " if name == b"cookie" else b",").join(values) for name, values in joined.items()
    }
    if b"content-length" in headers:
        headers[b"content-length"] = b"%d" % len(body)
    return {**seen, "headers": headers}


def handed_over(request):
    """Returns the body of `request` as a Function URL hands it over."""
    if function_url(request).get("isBase64Encoded", True):
        return request.body
    return request.body.decode("utf-8", "replace").encode()


def without_a_reset(server, request):
    """A server that closes a connection with something unread may reset it: no fault of its own."""
    for _ in range(10):
        response = over_a_socket(server, request)
        if not isinstance(response.error, ConnectionResetError):
            break
    return response


def request_of(asked):
    return Request(asked.method, asked.target, tuple(asked.headers), asked.body)


def test_what_is_generated_is_the_same_each_time():
    assert [pair(number) for number in range(50)] == [pair(number) for number in range(50)]


@pytest.mark.parametrize("part", PARTS)
def test_an_application_behaves_as_under_uvicorn_whatever_it_is_asked_and_does(part):
    app = Obeying()
    handler = Asgi(app)
    differing = []
    with uvicorn_of(app) as server:
        for number in range(part * MANY, (part + 1) * MANY):
            asked, wanted = pair(number)
            theirs = without_a_reset(server, request_of(asked))
            ours = in_process(handler, request_of(asked))
            body = handed_over(request_of(asked))
            seen = [through_a_front(app.seen.get((side, number)), body) for side in SIDES]
            if theirs != ours or seen[0] != seen[1]:
                differing.append((number, asked, wanted, theirs, ours, *seen))

    assert len(app.seen) == 2 * MANY
    assert differing == []
