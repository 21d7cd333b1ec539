"""Runs fronts in this process, with scripted functions instead of processes."""

import asyncio
import http.client
import io
import json
import logging
from dataclasses import dataclass, field

from local_lambda.environments.invocation import (
    Buffered,
    Failed,
    Invocation,
    Streamed,
    StreamEnd,
    Throttled,
)
from local_lambda.fronts.faults import Faults
from local_lambda.fronts.fronts import FrontHost, FrontSettings

PRELUDE_TYPE = "application/vnd.awslambda.http-integration-response"


class Stream:
    """A streamed reply: a prelude, and pieces of a body."""

    def __init__(self, prelude, *pieces):
        self.pieces = (json.dumps(prelude).encode() + bytes(8), *pieces)

    async def feed(self, streamed):
        for piece in self.pieces:
            await streamed.put(piece)
        streamed.close(StreamEnd())


class Never:
    """A reply that does not come."""


class ScriptedPool:
    """Responds with what `handler` returns for a payload, and keeps the payloads."""

    def __init__(self, handler):
        self._handler = handler
        self.payloads = []
        self.request_ids = []
        self.feeding = []

    async def invoke(
        self, payload, client_context=None, trace_id=None, request_id="", qualifier=""
    ):
        fields = json.loads(payload)
        self.payloads.append(fields)
        reply = self._handler(fields)
        invocation = Invocation(payload, trace_id=trace_id)
        self.request_ids.append(request_id)
        if isinstance(reply, Stream):
            streamed = Streamed(PRELUDE_TYPE)
            invocation.resolve(streamed)
            self.feeding.append(asyncio.create_task(reply.feed(streamed)))
        elif isinstance(reply, Failed):
            invocation.resolve(reply)
        elif not isinstance(reply, Never):
            body = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
            invocation.resolve(Buffered(body, "application/json"))
        return invocation


def throttle(payload):
    raise Throttled


def failure(message="asked to"):
    fields = {"errorType": "ValueError", "errorMessage": message}
    return Failed("Function.ValueError", json.dumps(fields).encode())


@dataclass
class Answer:
    status: int
    reason: str
    headers: list
    body: bytes

    def header(self, name):
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def json(self):
        return json.loads(self.body)


@dataclass
class Running:
    """A front that listens, and its functions by logical id."""

    front: object
    pools: dict
    answers: list = field(default_factory=list)

    @property
    def payload(self):
        """Returns the payload of the last invocation of any function but an authorizer's."""
        return self.pools["F"].payloads[-1]


def host(pools, **settings):
    return FrontHost(pools, Faults(), FrontSettings(**settings))


def ask_all(make_front, requests, functions=None, **settings):
    """Starts a front, sends it requests one after the other, and returns it with its answers.

    `functions` are handlers by logical id. A request is a method and a target, and perhaps headers
    and a body.
    """
    pools = {name: ScriptedPool(handler) for name, handler in (functions or {}).items()}

    async def run():
        running = Running(make_front(host(pools, **settings)), pools)
        await running.front.server.start()
        try:
            for request in requests:
                running.answers.append(await _ask(running.front.server.port, *request))
        finally:
            await running.front.server.close()
        return running

    return asyncio.run(run())


def ask(make_front, *request, functions=None, **settings):
    """Sends one request. Returns its answer and the front."""
    running = ask_all(make_front, [request], functions=functions, **settings)
    return running.answers[0], running


async def _ask(port, method, target, headers=(), body=b""):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    names = {name.lower() for name, _ in headers}
    lines = [f"{method} {target} HTTP/1.1", "Connection: close"]
    if "host" not in names:
        lines.append("Host: example.com")
    if body and "content-length" not in names:
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name}: {value}" for name, value in headers]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    writer.write(body)
    async with asyncio.timeout(10):
        wire = await reader.read()
    writer.close()
    response = http.client.HTTPResponse(_Wire(wire), method=method)
    response.begin()
    return Answer(response.status, response.reason, response.getheaders(), response.read())


class _Wire:
    """Looks like a socket to http.client."""

    def __init__(self, wire):
        self._wire = wire

    def makefile(self, *_):
        return io.BytesIO(self._wire)


def messages(caplog, level=logging.WARNING):
    return [record.getMessage() for record in caplog.records if record.levelno >= level]
