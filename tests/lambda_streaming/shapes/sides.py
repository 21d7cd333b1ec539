"""Asks an application through a server that people use, and through ours, in the same way.

Each item of the source waits until the client has got the one before, so a side that does not
stream gets no whole response.
"""

import contextlib
import gc
import http.client
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn
import waitress.server

from tests.lambda_streaming.shapes import source
from tests.support.waiting import eventually

# Headers in which a server speaks of itself and of its connection.
OF_THE_SERVER = {"server", "date", "connection", "transfer-encoding", "content-length", "via"}
# A redirect names the server's own address.
OWN_ORIGIN = re.compile(r"^https?://(127\.0\.0\.1:\d+|abc\.lambda-url\.eu-west-1\.on\.aws)")
ITEM = re.compile(rb"item-\d+")


@dataclass(frozen=True)
class Ask:
    """A request. `leave_after` is the number of items after which the client leaves."""

    path: str
    method: str = "GET"
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    leave_after: int = 1_000


@dataclass
class Seen:
    """Holds the client's response and the application's notes. `whole`: the stream was not cut."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    whole: bool
    notes: list[str]


def read(pieces: Iterator[bytes], gate: source.Gate, leave_after: int) -> bytes:
    """Reads pieces, and tells the source of each item that has come."""
    body = b""
    told = 0
    for piece in pieces:
        body += piece
        for _ in range(len(set(ITEM.findall(body))) - told):
            told += 1
            if told == leave_after:
                return body
            gate.pass_one()
    return body


def wait_for_notes(gate: source.Gate, count: int) -> None:
    """Waits for so many notes, and goes on without them.

    A generator that was left at its `yield` is closed when it is collected.
    """

    def has_notes() -> bool:
        gc.collect()
        return len(gate.notes) >= count

    if len(gate.notes) < count:
        with contextlib.suppress(AssertionError):
            eventually(has_notes, within_s=5)


def visible(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    lowered = [(name.lower(), OWN_ORIGIN.sub("", value)) for name, value in headers]
    return sorted(each for each in lowered if each[0] not in OF_THE_SERVER)


class Server:
    """A side that is reached over HTTP."""

    def __init__(self, port: int) -> None:
        self.port = port

    def __call__(self, ask: Ask, notes_expected: int = 0) -> Seen:
        gate = source.new_gate()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            target = ask.path + ("?" + ask.query if ask.query else "")
            connection.request(ask.method, target, ask.body or None, ask.headers)
            response = connection.getresponse()
            collected: list[bytes] = []

            def pieces() -> Iterator[bytes]:
                while piece := response.read1(65_536):
                    collected.append(piece)
                    yield piece

            whole = True
            try:
                read(pieces(), gate, ask.leave_after)
            except (http.client.IncompleteRead, ConnectionError):
                whole = False
            seen_headers = visible(response.getheaders())
            status = response.status
            response.close()
        gate.leave()
        wait_for_notes(gate, notes_expected)
        return Seen(status, seen_headers, b"".join(collected), whole, sorted(gate.notes))


@contextlib.contextmanager
def uvicorn_side(app: Any, *, lifespan: Any = "auto") -> Iterator[Server]:
    """Runs uvicorn in a thread."""
    config = uvicorn.Config(app, port=0, log_level="critical", lifespan=lifespan)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    eventually(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Server(port)
    finally:
        server.should_exit = True
        server.force_exit = True  # a client that has left is not waited for
        thread.join(10)


@contextlib.contextmanager
def waitress_side(app: Any) -> Iterator[Server]:
    """Runs waitress in a thread."""
    server = waitress.server.create_server(app, host="127.0.0.1", port=0, threads=2)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield Server(server.effective_port)
    finally:
        server.trigger.pull_trigger(server.close)  # its thread ends with the last connection


class OurSide:
    """Asgi or Wsgi, with the payload of a Function URL."""

    def __init__(self, handler: Callable[[dict[str, Any], Any], dict[str, Any]]) -> None:
        self.handler = handler

    def __call__(self, ask: Ask, notes_expected: int = 0) -> Seen:
        gate = source.new_gate()
        result = self.handler(payload(ask), None)
        collected: list[bytes] = []

        def pieces() -> Iterator[bytes]:
            for piece in result["body"]:
                collected.append(piece)
                yield piece

        whole = True
        try:
            read(pieces(), gate, ask.leave_after)
        except Exception:
            whole = False
        finally:
            gate.leave()
            result["body"].close()
        wait_for_notes(gate, notes_expected)
        headers = list(result["headers"].items())
        headers += [("set-cookie", cookie) for cookie in result.get("cookies", [])]
        body = b"".join(collected)
        return Seen(result["statusCode"], visible(headers), body, whole, sorted(gate.notes))


def payload(ask: Ask) -> dict[str, Any]:
    """Returns what a Function URL sends to the function."""
    http_of = {
        "method": ask.method,
        "path": ask.path,
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "shapes",
    }
    host = "abc.lambda-url.eu-west-1.on.aws"
    headers = {"host": host, "content-length": str(len(ask.body)), **ask.headers}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": ask.path,
        "rawQueryString": ask.query,
        "headers": {name.lower(): value for name, value in headers.items()},
        "requestContext": {
            "domainName": host,
            "http": http_of,
            "stage": "$default",
            "timeEpoch": int(time.time() * 1000),
        },
        "body": ask.body.decode() if ask.body else None,
        "isBase64Encoded": False,
    }
