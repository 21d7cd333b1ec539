"""Targets of the runtime: payloads, results of handlers, and what both log."""

import json
import logging
from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

from lambda_streaming import Asgi, Wsgi
from lambda_streaming.http_request import NotAnHttpRequest
from streaming_runtime.errors import RuntimeFault
from streaming_runtime.plain_json import payload_of
from streaming_runtime.plan import Buffered, Front, Plain, Streamed, front_of, plan
from streaming_runtime.root_logger import TEXT, TEXT_TIME, LambdaLoggerFilter

from tests.fuzz.invariants import Written, headers_in, require_headers, require_honest_lines
from tests.fuzz.invariants import require_prelude as prelude_of
from tests.fuzz.payloads import Payloads, samples
from tests.fuzz.source import Source
from tests.fuzz.target import Check, Registry

TARGETS = Registry()
# `plan` raises these for a result that cannot be sent; the client gets an error and no stack trace.
REFUSED = (TypeError, ValueError, RuntimeFault)
FRONTS = [
    None,
    Front("2.0", "GET", streams=True),
    Front("1.0", "GET", streams=True),
    Front("2.0", "HEAD", streams=True),
    Front("1.0", "POST", streams=False),
    Front("2.0", "GET", streams=False),
]
MOST_BODY_BYTES = 1 << 20


def wsgi_echo(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Responds with what the request says, in headers and body."""
    headers = [("X-Echo", str(value)) for name, value in environ.items() if "HTTP_" in name]
    start_response("200 OK", [("Content-Type", "text/plain"), *headers])
    return [environ["PATH_INFO"].encode("latin-1"), environ["wsgi.input"].read()]


async def asgi_echo(scope: dict[str, Any], receive: Any, send: Any) -> None:
    message = await receive()
    headers = [pair for pair in scope["headers"] if pair[0] != b"content-length"]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": scope["raw_path"], "more_body": True})
    await send({"type": "http.response.body", "body": message.get("body", b"")})


def logged_into(written: Written) -> logging.Handler:
    """Puts a handler on the root logger that writes as the runtime's does, and returns it."""
    handler = logging.StreamHandler(written)
    handler.terminator = ""
    handler.setFormatter(logging.Formatter(TEXT, TEXT_TIME))
    handler.addFilter(LambdaLoggerFilter())
    logging.getLogger().addHandler(handler)
    return handler


def read(pieces: Any) -> bytes:
    """Returns the body, as far as some megabyte: bombs of compression go on."""
    content = bytearray()
    with pieces:
        for piece in pieces:
            content += piece
            if len(content) > MOST_BODY_BYTES:
                break
    return bytes(content)


def require_sendable(result: Any, front: Front | None, *, buffered: bool) -> None:
    """Requires that a result is sent as HTTP can have it, or is refused."""
    try:
        mode = plan(result, front, buffered=buffered)
        match mode:
            case Plain(body):
                assert isinstance(body, bytes)
            case Buffered(fields, pieces):
                if front is None or front.streams:
                    require_headers(headers_in(fields))
                read(pieces)
            case Streamed():
                if mode.prelude:
                    prelude_of(mode.prelude)
                read(mode.pieces)
    except REFUSED:
        pass


@TARGETS.target(
    "payloads",
    "Payloads of every format, and any other JSON, through the front detection, `Wsgi` and "
    "`Asgi`: a response or NotAnHttpRequest, no injected header, no forged log line",
)
def payloads() -> Iterator[Check]:
    drawn = Payloads()
    wsgi = Wsgi(wsgi_echo)
    asgi = Asgi(asgi_echo, lifespan="off")
    written = Written()
    handler = logged_into(written)
    turn = [0]

    def check(data: bytes) -> None:
        payload = drawn.draw(Source(data))
        text = json.dumps(payload)
        sent = payload_of(text.encode("utf-8", "surrogatepass"), "application/json")
        turn[0] += 1
        served = asgi if turn[0] % 8 == 0 else wsgi  # a loop costs much more than a call
        front = front_of(sent)
        try:
            result = served(sent, None)
        except NotAnHttpRequest:
            return
        require_sendable(result, front, buffered=False)
        require_honest_lines(written.take())

    def guarded(data: bytes) -> None:
        try:
            check(data)
        except RuntimeFault as fault:
            if fault.error_type != "Runtime.UnmarshalError":  # NaN and its kin are no JSON
                raise

    try:
        yield guarded
    finally:
        logging.getLogger().removeHandler(handler)
        asgi.stop()


@TARGETS.target(
    "payload_bytes",
    "Any bytes as a payload: JSON or Runtime.UnmarshalError, then a front or none, and a "
    "request or NotAnHttpRequest",
)
def payload_bytes() -> Iterator[Check]:
    texts = [json.dumps(each).encode() for each in samples()]
    wsgi = Wsgi(wsgi_echo)
    written = Written()
    handler = logged_into(written)

    def check(data: bytes) -> None:
        source = Source(data)
        text = source.rest()
        if data[:1] > b"\x40":
            source = Source(data[1:])
            text = source.damaged(source.pick(texts))
        try:
            payload = payload_of(text, "application/json")
        except RuntimeFault as fault:
            if fault.error_type != "Runtime.UnmarshalError":
                raise
            return
        front_of(payload)
        try:
            wsgi(payload, None)
        except NotAnHttpRequest:
            pass
        require_honest_lines(written.take())

    try:
        yield check
    finally:
        logging.getLogger().removeHandler(handler)


class _Odd(str):
    """Text whose `str()` is another, as an enumeration's."""

    def __str__(self) -> str:
        return "a\r\nX-Evil: 1"


def any_value(source: Source, depth: int = 2) -> Any:
    """Returns a value of any type that a handler may write somewhere."""
    kind = source.below(16 if depth else 10)
    if kind < 4:
        return source.text()
    simple = [
        None,
        True,
        False,
        source.number(),
        source.binary(),
        bytearray(b"a\n"),
        Decimal("NaN"),
    ]
    if kind < 10:
        return source.pick([*simple, Decimal("1E+30"), _Odd("x"), 2.5, object, memoryview(b"ab")])
    if kind < 13:
        return [any_value(source, depth - 1) for _ in range(source.below(4))]
    return {source.text(6): any_value(source, depth - 1) for _ in range(source.below(4))}


def any_body(source: Source) -> Any:
    kind = source.below(12)
    if kind < 3:
        return source.text(40)
    if kind < 5:
        return source.binary(40)
    if kind < 8:
        pieces = [source.binary(20) for _ in range(source.below(4))]
        return (piece for piece in pieces)
    if kind < 10:
        pieces = [any_value(source, 1) for _ in range(source.below(4))]
        return (piece for piece in pieces)
    return any_value(source)


def any_headers(source: Source) -> Any:
    if source.chance(10):
        return any_value(source)
    known = ["Content-Type", "Content-Encoding", "content-length", "Set-Cookie", "X-A", "x-a"]
    names = [source.pick(known) if source.chance(70) else source.text(6) for _ in range(3)]
    return {name: any_value(source, 1) for name in names[: source.below(4)]}


def any_result(source: Source) -> Any:
    if source.chance(8):
        return any_value(source)
    result: dict[Any, Any] = {"statusCode": source.pick([200, 204, "201", 304, 404])}
    if source.chance(20):
        result["statusCode"] = any_value(source)
    if source.chance(85):
        result["body"] = any_body(source)
    if source.chance(75):
        result["headers"] = any_headers(source)
    if source.chance(30):
        result["multiValueHeaders"] = any_headers(source)
    if source.chance(30):
        result["cookies"] = any_value(source)
    if source.chance(25):
        result["isBase64Encoded"] = any_value(source, 0) if source.chance(30) else True
    if source.chance(10):
        result[source.text(5)] = any_value(source)
    return result


@TARGETS.target(
    "results",
    "Whatever a handler returns, to each front: sent with a valid status and headers, the "
    "prelude one JSON document within its limit, or refused by a TypeError, ValueError or "
    "RuntimeFault",
)
def results() -> Iterator[Check]:
    def check(data: bytes) -> None:
        source = Source(data)
        front = source.pick(FRONTS)
        buffered = source.chance(30)
        require_sendable(any_result(source), front, buffered=buffered)

    yield check


@TARGETS.target(
    "applications",
    "Whatever status, headers and pieces a WSGI application gives: a response that HTTP can "
    "have, else status 500 and one honest record in the log",
)
def applications() -> Iterator[Check]:
    sample = samples()[0]
    front = front_of(sample)
    written = Written()
    handler = logged_into(written)
    current = SimpleNamespace(source=Source(b""))

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        source: Source = current.source
        status: Any = source.pick(["200 OK", "204 No", "500 X", source.text(), source.json(1)])
        headers: Any = [(source.text(6), source.text()) for _ in range(source.below(4))]
        if source.chance(20):
            headers = source.pick([source.json(2), [("Content-Length", source.text(3))]])
        start_response(status, headers)
        if source.chance(10):
            return source.json(1)
        return [source.binary(20) for _ in range(source.below(4))]

    wsgi = Wsgi(app)

    def check(data: bytes) -> None:
        source = current.source = Source(data)
        path = "/" + quote(source.text(), safe="%", errors="replace")
        result = wsgi({**sample, "rawPath": path}, None)
        assert isinstance(result["statusCode"], int)
        assert 200 <= result["statusCode"] <= 599
        require_headers(headers_in(result))
        require_sendable(result, front, buffered=False)
        require_honest_lines(written.take())

    try:
        yield check
    finally:
        logging.getLogger().removeHandler(handler)
