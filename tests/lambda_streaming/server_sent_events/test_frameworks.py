"""Is the body one for Starlette, FastAPI and Flask, and under which servers?"""

import asyncio
import threading

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from flask import Flask, Response
from lambda_streaming import Asgi, Wsgi, sse
from starlette.testclient import TestClient

from tests.lambda_streaming.server_sent_events.reading import events, threads
from tests.support.fake_runtime_api import url_request
from tests.support.waiting import eventually

ALL = [("message", "a"), ("message", "b"), ("end", '{"reason":"done"}')]


def letters():
    yield "a"
    yield "b"


async def async_letters():
    yield "a"
    await asyncio.sleep(0)
    yield "b"


def failing():
    yield "a"
    raise LookupError("secret")


def endless():
    while True:
        threading.Event().wait(0.02)
        yield "x"


async def async_endless():
    while True:
        await asyncio.sleep(0.02)
        yield "x"


SOURCES = {
    "letters": letters,
    "async_letters": async_letters,
    "list": lambda: ["a", "b"],
    "failing": failing,
    "endless": endless,
    "async_endless": async_endless,
}
GOOD = ["letters", "async_letters", "list"]
api = FastAPI()
flask = Flask("f")


@api.get("/sync/{name}")
def from_a_function(name: str):
    body = sse(SOURCES[name]())
    return StreamingResponse(body, headers=body.headers)


@api.get("/async/{name}")
async def from_a_coroutine(name: str):
    body = sse(SOURCES[name]())
    return StreamingResponse(body, headers=body.headers)


@flask.get("/<name>")
def from_flask(name):
    body = sse(SOURCES[name]())
    return Response(body, headers=body.headers)


def payload(path, timeout_ms=30_000):
    return {**url_request(path=path, stage="$default"), "timeout_ms": timeout_ms}


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("name", GOOD)
def test_fastapi_streams_it_under_any_server(kind, name):
    response = TestClient(api).get(f"/{kind}/{name}")

    assert events([response.content]) == ALL
    assert response.headers["content-type"].startswith("text/event-stream")
    eventually(lambda: not threads())


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("name", GOOD)
def test_fastapi_streams_it_under_asgi(serve, kind, name):
    (post,) = serve(Asgi(api), payload(f"/{kind}/{name}"))

    assert events([post.content]) == ALL
    assert post.trailers == {}


@pytest.mark.parametrize("name", GOOD)
def test_flask_streams_it_under_any_server_and_under_wsgi(serve, name):
    response = flask.test_client().get(f"/{name}")
    (post,) = serve(Wsgi(flask), payload(f"/{name}"))

    assert events([response.data]) == ALL
    assert events([post.content]) == ALL
    assert post.prelude["headers"]["Content-Type"].startswith("text/event-stream")


HANDLERS = [
    pytest.param(Asgi(api), "/async/", id="asgi"),
    pytest.param(Wsgi(flask), "/", id="wsgi"),
]


@pytest.mark.parametrize(("handler", "path"), HANDLERS)
def test_a_failure_is_an_event_and_a_trailer_there_too(serve, handler, path):
    (post,) = serve(handler, payload(f"{path}failing"))

    assert [kind for kind, _ in events([post.content])] == ["message", "error"]
    assert post.trailers["lambda-runtime-function-error-type"] == "Function.LookupError"


@pytest.mark.parametrize(
    ("handler", "path"),
    [(Asgi(api), "/async/endless"), (Asgi(api), "/async/async_endless"), (Wsgi(flask), "/endless")],
    ids=["asgi, a thread", "asgi", "wsgi"],
)
def test_the_deadline_is_an_event_there_too(serve, handler, path):
    (post,) = serve(handler, payload(path, timeout_ms=1500))

    assert events([post.content])[-1] == ("end", '{"reason":"deadline"}')
    assert post.trailers == {}
    eventually(lambda: not threads())
