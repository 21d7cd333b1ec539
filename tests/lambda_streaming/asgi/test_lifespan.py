"""Tests that an application starts once, before its first request, and how it stops."""

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import pytest
from lambda_streaming import Asgi
from lambda_streaming.event_loops import application_loop
from lambda_streaming.lifespan import LifespanFailed
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.lambda_streaming.asgi.servers import Request, function_url, in_process


@pytest.fixture(autouse=True, params=["inline", "in a thread"])
def loop(request):
    """Each test has an event loop of its own, of each kind."""
    application_loop().close()
    loop = application_loop()
    if request.param == "in a thread":
        loop.run_in_thread()
    yield loop
    application_loop().close()


class Application:
    """Follows the lifespan protocol step by step, and notes what it saw."""

    def __init__(self, *messages, raises=None, returns=False):
        self.seen = []
        self.loops = set()
        self.messages = messages
        self.raises = raises
        self.returns = returns

    async def __call__(self, scope, receive, send):
        self.loops.add(asyncio.get_running_loop())
        if scope["type"] == "lifespan":
            await self.live(scope, receive, send)
            return
        self.seen.append("request")
        text = str(sorted(scope["state"])).encode()
        scope["state"]["of the request"] = 1
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": text})

    async def live(self, scope, receive, send):
        self.seen.append((await receive())["type"])
        scope["state"]["pool"] = object()
        await asyncio.sleep(0.001)
        for message in self.messages or ({"type": "lifespan.startup.complete"},):
            await send(message)
        if self.raises:
            raise self.raises
        if self.returns:
            return
        self.seen.append((await receive())["type"])
        await send({"type": "lifespan.shutdown.complete"})


def call(handler):
    return in_process(handler, Request())


def test_an_application_starts_before_its_first_request_and_once():
    app = Application()
    handler = Asgi(app)

    assert [call(handler).body, call(handler).body] == [b"['pool']"] * 2

    assert app.seen == ["lifespan.startup", "request", "request"]
    assert len(app.loops) == 1


@pytest.mark.parametrize("concurrent", [False, True])
def test_the_runtime_starts_it_before_the_first_invocation(concurrent):
    app = Application()
    handler = Asgi(app)

    handler.lambda_start(concurrent=concurrent)
    assert app.seen == ["lifespan.startup"]
    handler.lambda_start(concurrent=concurrent)
    assert call(handler).body == b"['pool']"

    assert app.seen == ["lifespan.startup", "request"]
    assert len(app.loops) == 1


def test_threads_that_come_at_once_start_it_once():
    app = Application()
    handler = Asgi(app)
    gate = threading.Barrier(8)

    def come(_):
        gate.wait(10)
        return call(handler).status

    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(come, range(8))] == [200] * 8
    assert app.seen.count("lifespan.startup") == 1


def test_an_application_shuts_down_in_the_loop_that_it_started_in():
    app = Application()
    handler = Asgi(app)
    handler.lambda_start()

    handler.stop()
    handler.stop()

    assert app.seen == ["lifespan.startup", "lifespan.shutdown"]
    assert len(app.loops) == 1


@pytest.mark.parametrize("mode", ["auto", "on"])
def test_a_startup_that_fails_is_an_error_with_the_applications_message(mode):
    failed = {"type": "lifespan.startup.failed", "message": "no database"}
    handler = Asgi(Application(failed, returns=True), lifespan=mode)

    with pytest.raises(LifespanFailed, match="no database"):
        handler.lambda_start()
    with pytest.raises(LifespanFailed, match="no database"):
        handler(function_url(Request()), None)


def test_a_startup_that_fails_without_a_message_says_so():
    handler = Asgi(Application({"type": "lifespan.startup.failed"}, returns=True))
    with pytest.raises(LifespanFailed, match="startup failed"):
        handler.lambda_start()


def test_an_application_without_lifespan_is_served_without(caplog):
    caplog.set_level(logging.INFO)

    async def app(scope, receive, send):
        assert scope["type"] == "http"
        await Application()(scope, receive, send)

    assert call(Asgi(app)).body == b"[]"
    assert "asgi.lifespan_unsupported: AssertionError" in caplog.text


def test_where_lifespan_is_demanded_an_application_without_is_an_error():
    async def app(scope, receive, send):
        raise NotImplementedError(scope["type"])

    with pytest.raises(LifespanFailed, match="NotImplementedError: lifespan"):
        Asgi(app, lifespan="on").lambda_start()


def test_where_lifespan_is_off_the_application_is_not_asked():
    app = Application()
    handler = Asgi(app, lifespan="off")

    handler.lambda_start()

    assert call(handler).body == b"[]"
    assert app.seen == ["request"]


def test_an_application_that_returns_at_once_has_started():
    app = Application(returns=True)
    handler = Asgi(app)
    assert call(handler).status == 200
    handler.stop()


def test_requests_share_the_values_of_the_state_and_not_its_names():
    app = Application()
    handler = Asgi(app)
    assert [call(handler).body for _ in range(2)] == [b"['pool']"] * 2


@pytest.mark.parametrize(
    "message",
    [
        {"type": "http.response.start", "status": 200},
        {"type": "lifespan.shutdown.complete"},
        {"type": "lifespan.startup.perhaps"},
    ],
)
def test_messages_out_of_order_are_errors_in_the_application(message):
    with pytest.raises(LifespanFailed, match=message["type"]):
        Asgi(Application(message), lifespan="on").lambda_start()


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ({"type": "lifespan.shutdown.failed", "message": "no disk"}, "no disk"),
        (None, "asgi.shutdown_cut"),
    ],
)
def test_a_shutdown_that_fails_or_hangs_is_logged(message, says, caplog):
    async def app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if message is None:
            await asyncio.sleep(60)
        await send(message)

    handler = Asgi(app)
    handler.lambda_start()
    handler.stop()

    assert says in caplog.text


def test_an_error_in_the_shutdown_is_logged(caplog):
    async def app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        raise ValueError("while it shut down")

    handler = Asgi(app)
    handler.lambda_start()
    handler.stop()

    assert "while it shut down" in caplog.text


def test_starlettes_lifespan_gives_its_state_to_each_request():
    seen = []

    @asynccontextmanager
    async def lifespan(app):
        seen.append("up")
        yield {"name": "shop"}
        seen.append("down")

    async def name(request):
        return JSONResponse(request.state.name)

    handler = Asgi(Starlette(routes=[Route("/", name)], lifespan=lifespan))
    assert call(handler).body == b'"shop"'
    handler.stop()

    assert seen == ["up", "down"]


def test_starlettes_failed_startup_is_told_with_its_traceback():
    @asynccontextmanager
    async def lifespan(app):
        raise ConnectionError("no database")
        yield

    with pytest.raises(LifespanFailed, match="ConnectionError: no database"):
        Asgi(Starlette(lifespan=lifespan)).lambda_start()
