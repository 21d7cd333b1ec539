"""Targets of the emulator: templates, requests, results of functions, bytes on its socket."""

import asyncio
import json
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h11
from lambda_streaming.testing import payloads as made
from streaming_runtime.plan import front_of

from local_lambda.fronts import payload_alb, payload_v1, payload_v2, prelude
from local_lambda.fronts.payload import ResultError
from local_lambda.fronts.replies import public_headers
from local_lambda.http.messages import HttpRequest, HttpResponse, is_header
from local_lambda.http.server import BodyTooLarge, HttpExchange, HttpServer
from local_lambda.template import template
from local_lambda.template.text import TemplateError
from tests.fuzz.invariants import Written, require_headers, require_honest_lines
from tests.fuzz.source import Source
from tests.fuzz.target import Check, Registry
from tests.support.corpus import CORPUS

TARGETS = Registry()
BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n" % (c, c, *[c - 1] * 9)
    for c in range(ord("b"), ord("j"))
)
EVIL = [
    b"!!python/object/apply:os.system ['touch {mark}']",
    b"!!python/name:os.system",
    b"!!python/object/new:open ['{mark}', 'w']",
    b"Resources: !Sub '${AWS::Region}'",
    b"Resources: {{resolve:ssm:/a}}",
    b"&a [*a]",
    b"<<: [*a]",
]
LARGEST = 20_000


def _templates() -> list[bytes]:
    texts = [path.read_bytes() for path in sorted(CORPUS.glob("*/*template.*"))]
    return [text for text in texts if len(text) < 3_000]


@TARGETS.target(
    "templates",
    "Any bytes as a template (changed templates of the corpus, tags of Python, bombs of "
    "aliases): an application, or a TemplateError that says what is wrong; no code runs",
)
def templates() -> Iterator[Check]:
    known = _templates()
    with tempfile.TemporaryDirectory() as folder:
        mark = Path(folder, "executed")
        written = Path(folder, "template.yaml")
        evil = [each.replace(b"{mark}", str(mark).encode()) for each in EVIL]

        def check(data: bytes) -> None:
            source = Source(data)
            text = source.damaged(source.pick(known)) if source.chance(75) else source.rest()
            if source.chance(20):
                at = source.below(len(text) + 1)
                text = text[:at] + source.pick([*evil, BOMB]) + text[at:]
            written.write_bytes(text[:LARGEST])
            said = ["findings"]
            try:
                application = template.read(written)
            except TemplateError as error:
                said = [str(error).strip()]
            else:
                said += [each.text for each in application.findings if each.line >= 0]
                assert len(said) == 1 + len(application.findings)
            assert all(said)
            assert not mark.exists()

        yield check


@TARGETS.target(
    "front_payloads",
    "Any method, target, header and body as a request to each front: a payload that is JSON and "
    "that the runtime knows as this front's",
)
def front_payloads() -> Iterator[Check]:
    makers = [made.function_url, made.rest_api, made.http_api, made.load_balancer]

    def check(data: bytes) -> None:
        source = Source(data)
        maker = source.pick(makers)
        headers = [(source.text(6), source.text(20)) for _ in range(source.below(4))]
        options: dict[str, Any] = {"headers": headers}
        if source.chance(40):
            options["body"] = source.binary(40)
        if source.chance(40):
            options["query"] = source.text(20)
        if source.chance(30):
            options["cookies"] = [source.text(8) for _ in range(source.below(3))]
        path = "/" + source.text(20)
        method = source.text(5) if source.chance(20) else source.pick(["GET", "POST", "HEAD"])
        try:
            payload = maker(method, path, **options)
        except (TypeError, ValueError):  # no client can send it
            return
        sent = json.loads(json.dumps(payload))
        assert sent == payload
        assert front_of(sent) is not None

    yield check


SAMPLES: list[Any] = [
    {"statusCode": 200, "headers": {"a": "b"}, "body": "text", "isBase64Encoded": False},
    {"statusCode": 200, "multiValueHeaders": {"a": ["b"]}, "body": "YQ==", "isBase64Encoded": True},
    {"statusCode": "404", "cookies": ["a=1"], "body": None},
    {"statusCode": 204, "statusDescription": "204 No Content"}, "text",
]  # fmt: skip


@TARGETS.target(
    "front_results",
    "Any JSON or bytes as a function's result or as a prelude, to each front: a response with "
    "valid status and headers, or its error for a malformed one",
)
def front_results() -> Iterator[Check]:
    def on_rest_api(result: bytes, source: Source) -> HttpResponse:
        return payload_v1.render(result, source.pick([None, "*/*", "image/png"]), ("image/*",))

    def on_load_balancer(result: bytes, source: Source) -> HttpResponse:
        return payload_alb.render(result, multi_value=source.chance(50))

    fronts = [
        lambda result, _: payload_v2.render(result),
        lambda result, _: payload_v1.render_for_http_api(result),
        on_rest_api,
        on_load_balancer,
    ]

    def check(data: bytes) -> None:
        source = Source(data)
        value = source.changed(source.pick(SAMPLES))
        text = json.dumps(value).encode()
        if source.chance(30):
            text = source.damaged(text)
        for front in fronts:
            try:
                found = front(text, source)
            except ResultError:
                continue
            _require(found.status, found.headers)
        try:
            parsed = prelude.parse(text)
        except prelude.PreludeError:
            return
        _require(parsed.status, public_headers(parsed.status, parsed.headers, parsed.cookies))

    yield check


def _require(status: int, headers: Any) -> None:
    assert 200 <= status <= 999
    require_headers(headers)
    assert all(is_header(name, value) for name, value in headers), headers


REQUESTS = [
    b"GET /a?b=c HTTP/1.1\r\nHost: a\r\nX-A: b\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nT: 1\r\n\r\n",
    b"GET /\xff%0a HTTP/1.0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
    b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
]  # fmt: skip
MOST_BODY = 200


async def _handle(exchange: HttpExchange) -> None:
    """Responds as a front does, and with what the request says."""
    request = HttpRequest(exchange.method, exchange.target, exchange.headers)
    try:
        body = await exchange.body(MOST_BODY)
    except BodyTooLarge:
        body = b"too large"
    values = [value for _, value in exchange.headers if is_header("X", value)]
    headers = tuple((f"X-{number}", value) for number, value in enumerate(values))
    await exchange.respond(HttpResponse(200, headers, request.raw_path.encode() + body))


@TARGETS.target(
    "http_server",
    "Any bytes on the emulator's socket, however they are cut: well-formed responses or an end, "
    "no unexpected exception, no forged log line, and the server goes on",
)
def http_server() -> Iterator[Check]:
    loop = asyncio.new_event_loop()
    written = Written()
    handler = logging.StreamHandler(written)
    log = logging.getLogger("local_lambda.http.server")
    log.addHandler(handler)
    level, propagates = log.level, log.propagate
    log.setLevel(logging.INFO)
    log.propagate = False
    server = HttpServer(_handle, "fuzz", linger_s=0.01)
    loop.run_until_complete(server.start())

    async def exchange(pieces: list[bytes]) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(0)
            writer.write_eof()
            return await reader.read()
        except OSError:  # the server has ended the connection
            return b""
        finally:
            writer.close()

    def check(data: bytes) -> None:
        source = Source(data)
        sent = b"".join(source.pick(REQUESTS) for _ in range(1 + source.below(3)))
        sent = source.damaged(sent) if source.chance(90) else source.rest()
        received = loop.run_until_complete(exchange(source.cuts(sent)))
        _require_responses(received)
        said = written.take()
        require_honest_lines(said)
        assert "connection.failed" not in said, said

    try:
        yield check
    finally:
        loop.run_until_complete(server.close())
        loop.close()
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate = propagates


def _require_responses(received: bytes) -> None:
    """Requires that what came is a sequence of responses, the last of which may be cut."""
    client = h11.Connection(h11.CLIENT)
    while received:
        client = h11.Connection(h11.CLIENT)
        client.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
        client.send(h11.EndOfMessage())
        client.receive_data(received)
        while True:
            event = client.next_event()
            if event is h11.NEED_DATA:
                return
            if isinstance(event, h11.Response):
                require_headers((k.decode(), v.decode("latin-1")) for k, v in event.headers)
            if isinstance(event, h11.EndOfMessage):
                break
        received = client.trailing_data[0]
