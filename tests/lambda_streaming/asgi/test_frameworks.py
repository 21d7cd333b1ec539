"""Tests that a client cannot tell uvicorn from `Asgi`, whatever framework it is that responds."""

import asyncio
import functools
import gzip
import time

import pytest
from lambda_streaming import Asgi
from quart import Quart
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import StreamingResponse
from starlette.routing import Route

from tests.lambda_streaming.asgi import apps
from tests.lambda_streaming.asgi.servers import (
    FRONTS,
    Request,
    function_url,
    in_process,
    over_a_socket,
    rest_api,
    uvicorn_of,
)

FORM = ("content-type", "application/x-www-form-urlencoded")
JSON = ("content-type", "application/json")
MULTIPART = ("content-type", "multipart/form-data; boundary=b")
UPLOAD = (
    b'--b\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n" + bytes(range(256)) + b"\r\n--b--\r\n"
)
GETS = {
    "starlette": [
        "/said",
        "/said/a%20b/%C3%A9?x=1&x=2&y=%2F&z",
        "/said/%FF/..//x",
        "/streamed",
        "/streamed-in-a-thread",
        "/broken",
        "/raises",
        "/handled",
        "/forbidden",
        "/background",
        "/failing-background",
        "/cookies",
        "/file",
        "/empty",
        "/not-modified",
        "/redirected",
        "/binary",
        "/long",
        "/slash",
        "/slash/",
        "/nowhere",
        "/mounted/streamed",
        "/mounted/said",
        "/",
    ],
    "fastapi": [
        "/greeting",
        "/depends",
        "/depends-streamed",
        "/blocking-background",
        "/teapot",
        "/fails",
        "/stream",
        "/breaks",
        "/own-events",
        "/own-blocking-events",
        "/events",
        "/docs",
        "/openapi.json",
        "/redoc",
        "/nowhere",
    ],
    "quart": ["/q/a?x=1", "/stream", "/fails", "/nowhere"],
    "litestar": ["/l/a?page=2", "/l/a?page=x", "/stream", "/fails", "/nowhere"],
}
OTHERS = {
    "starlette": [
        Request("HEAD", "/said"),
        Request("HEAD", "/streamed"),
        Request("HEAD", "/file"),
        Request("DELETE", "/streamed"),
        Request("PUT", "/said", body=bytes(range(256))),
        Request("PATCH", "/said", (("content-type", "text/plain"),), "é".encode()),
        Request("DELETE", "/said"),
        Request("POST", "/form", (FORM,), b"a=1&b=2"),
        Request("POST", "/form", (MULTIPART,), UPLOAD),
        Request("POST", "/form", (MULTIPART,), b"no multipart"),
        Request("POST", "/chunks", (), b"x" * 200_000),
        Request("GET", "/file", (("range", "bytes=10-20"),)),
        Request("GET", "/file", (("range", "bytes=-5"),)),
        Request("GET", "/file", (("range", "bytes=99999999-"),)),
        Request("GET", "/file", (("range", "nonsense"),)),
        Request(
            "OPTIONS",
            "/said",
            (("origin", "https://a.example"), ("access-control-request-method", "GET")),
        ),
        Request("GET", "/said", (("origin", "https://a.example"), ("cookie", "a=b; c=d"))),
        Request("GET", "/cookies", (("origin", "https://a.example"), ("cookie", "a=b"))),
        Request("GET", "/said", (("user-agent", "caf\xe9"),)),
    ],
    "fastapi": [
        Request("POST", "/items/3?q=x", (JSON,), b'{"name": "a", "price": 2}'),
        Request("POST", "/items/x", (JSON,), b'{"name": 1}'),
        Request("POST", "/items/3", (JSON,), b"{"),
        Request("POST", "/items/3", (), b""),
        Request("POST", "/upload", (MULTIPART,), UPLOAD),
        Request("POST", "/upload", (FORM,), b"file=x"),
        Request("DELETE", "/greeting"),
        Request("HEAD", "/stream"),
    ],
    "quart": [
        Request("POST", "/q/b", (), b"hello"),
        Request("PUT", "/q/b"),
        Request("OPTIONS", "/q/b"),
        Request("HEAD", "/stream"),
        Request("GET", "/ws"),
    ],
    "litestar": [
        Request("POST", "/echo", (JSON,), b'{"a": [1]}'),
        Request("POST", "/echo", (JSON,), b"{"),
        Request("HEAD", "/l/a"),
        Request("OPTIONS", "/l/a"),
    ],
}
MAKE = {
    "starlette": lambda: apps.starlette,
    "fastapi": lambda: apps.fastapi,
    "quart": lambda: apps.quart,
    "litestar": apps.make_litestar,
}
CASES = [
    (name, request)
    for name, targets in GETS.items()
    for request in [*(Request("GET", target) for target in targets), *OTHERS[name]]
]


@pytest.fixture(scope="module")
def running():
    """Gives the address of uvicorn, below a root path or none, and our handler, by name."""
    found = {}
    servers = []

    def of(name, root_path):
        key = (name, root_path)
        if key not in found:
            server = uvicorn_of(MAKE[name](), root_path=root_path)
            servers.append(server)
            found[key] = (server.__enter__(), Asgi(MAKE[name]()))
        return found[key]

    yield of
    for server in servers:
        server.__exit__(None, None, None)


def name_of(value):
    return f"{value.method} {value.target}" if isinstance(value, Request) else value


@pytest.mark.parametrize(("name", "request_"), CASES, ids=name_of)
def test_a_response_through_each_front_is_the_one_through_uvicorn(name, request_, running):
    for front in FRONTS.values():
        root_path = "/prod" if front is rest_api else ""
        server, handler = running(name, root_path)
        assert in_process(handler, request_, front) == over_a_socket(server, request_)


def test_ranges_of_a_file_are_those_that_uvicorn_sends(running):
    """The boundary between them is drawn by lot."""
    server, handler = running("starlette", "")
    request = Request("GET", "/file", (("range", "bytes=10-20,30-40"),))

    ours = in_process(handler, request)
    theirs = over_a_socket(server, request)

    (boundary,) = ours.header("content-type")
    (their_boundary,) = theirs.header("content-type")
    assert ours.status == theirs.status == 206
    assert boundary.startswith("multipart/byteranges; boundary=")
    assert (
        ours.body.replace(
            boundary.partition("=")[2].encode(), their_boundary.partition("=")[2].encode()
        )
        == theirs.body
    )


def test_what_an_application_compresses_reaches_lambda_as_it_was_before(running):
    server, handler = running("starlette", "")
    request = Request("GET", "/long", (("accept-encoding", "gzip"),))

    ours = in_process(handler, request)
    theirs = over_a_socket(server, request)

    assert theirs.header("content-encoding") == ["gzip"]
    assert ours.header("content-encoding") == []
    assert ours.header("vary") == theirs.header("vary")
    assert ours.body == gzip.decompress(theirs.body)


@pytest.mark.parametrize(
    ("name", "target", "pieces"),
    [
        ("starlette", "/streamed", [b"0\n", b"1\n", b"2\n"]),
        ("starlette", "/streamed-in-a-thread", [b"0\n", b"1\n", b"2\n"]),
        ("fastapi", "/stream", [b"0\n", b"1\n", b"2\n"]),
        ("quart", "/stream", [b"0\n", b"1\n", b"2\n"]),
        ("litestar", "/stream", [b"0\n", b"1\n", b"2\n"]),
    ],
)
def test_a_piece_of_the_application_is_a_piece_of_the_body(name, target, pieces, running):
    _, handler = running(name, "")
    assert in_process(handler, Request("GET", target)).pieces == pieces


@pytest.mark.parametrize("target", ["/background", "/mounted/background"])
def test_a_background_task_has_run_when_the_body_was_read(target, running):
    _, handler = running("starlette", "")
    apps.DONE.clear()

    assert in_process(handler, Request("GET", target)).body == b"ok"

    assert apps.DONE == ["starlette"]


def test_an_error_behind_the_response_is_logged_and_hurts_nobody(running, caplog):
    _, handler = running("starlette", "")

    response = in_process(handler, Request("GET", "/failing-background"))

    assert response.body == b"ok"
    assert not response.is_broken
    assert "in the background" in caplog.text
    assert "ValueError" in caplog.text


def test_an_error_midway_ends_the_body_with_it(running):
    _, handler = running("fastapi", "")

    response = in_process(handler, Request("GET", "/breaks"))

    assert response.pieces == [b"begun"]
    assert "midway" in repr(response.error)


# --- servers' own tricks


def opened(app):
    """Returns the body of a response, to be read piece by piece."""
    return Asgi(app, lifespan="off")(function_url(Request()), None)["body"]


def until_left(ends):
    async def source():
        try:
            for number in range(1_000_000):
                yield f"{number}\n"
                await asyncio.sleep(0.001)
        finally:
            ends.append("closed")

    return source


async def plain(source, scope, receive, send):
    await StreamingResponse(source())(scope, receive, send)


async def behind_middleware(source, scope, receive, send):
    app = Starlette(
        routes=[Route("/", lambda request: StreamingResponse(source()))],
        middleware=[Middleware(apps.Stamp), Middleware(GZipMiddleware)],
    )
    await app(scope, receive, send)


async def events_of_sse_starlette(source, scope, receive, send):
    await EventSourceResponse({"data": item} async for item in source())(scope, receive, send)


async def of_quart(source, scope, receive, send):
    app = Quart("left")

    @app.route("/")
    async def page():
        return source(), 200

    await app(scope, receive, send)


LEFT = [plain, behind_middleware, events_of_sse_starlette, of_quart]


@pytest.mark.flaky(reruns=2)
@pytest.mark.parametrize("shape", LEFT, ids=lambda shape: shape.__name__)
def test_the_source_of_a_response_is_closed_when_the_reader_leaves(shape):
    ends = []
    pieces = opened(functools.partial(shape, until_left(ends)))
    assert sum(1 for piece in (next(pieces) for _ in range(20)) if piece) > 1

    began = time.monotonic()
    pieces.close()

    assert ends == ["closed"]
    assert time.monotonic() - began < 0.9


def test_sse_starlette_pings_while_its_source_is_silent():
    async def silent():
        yield {"data": "first"}
        await asyncio.sleep(60)

    async def app(scope, receive, send):
        await EventSourceResponse(silent(), ping=1)(scope, receive, send)

    pieces = opened(app)
    began = time.monotonic()
    read = b""
    while b": ping" not in read and time.monotonic() - began < 10:
        read += next(pieces)
    pieces.close()

    assert read.startswith(b"data: first")
    assert b": ping" in read
