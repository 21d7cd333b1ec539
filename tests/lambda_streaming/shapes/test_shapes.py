"""Applications as the frameworks' documentation writes them run unchanged, and stream.

Each request goes to the server that people use (uvicorn, waitress) and to ours. The source of the
items waits for the client, so what does not stream does not end (shapes/source.py).
"""

import contextlib
import importlib
from typing import Any

import lambda_streaming
import pytest
from lambda_streaming.event_loops import application_loop
from lambda_streaming.testing import function_url, opened

from tests.lambda_streaming.shapes import fastapi_shapes, source
from tests.lambda_streaming.shapes.sides import Ask, OurSide, uvicorn_side, waitress_side

JSON = {"Content-Type": "application/json"}
# The number of notes that the application makes for the request, if there are any.
FASTAPI = {
    "async-generator": (Ask("/async-generator"), 1),
    "generator": (Ask("/generator"), 1),
    "file-like": (Ask("/file-like"), 2),
    "yielded": (Ask("/yielded"), 1),
    "yielded-blocking": (Ask("/yielded-blocking"), 1),
    "yielded-image": (Ask("/yielded-image"), 0),
    "json-lines": (Ask("/json-lines"), 1),
    "json-lines-blocking": (Ask("/json-lines-blocking"), 1),
    "events": (Ask("/events"), 1),
    "events-blocking": (Ask("/events-blocking"), 1),
    "events-fields": (Ask("/events-fields"), 1),
    "events-resumed": (Ask("/events-resumed", headers={"Last-Event-ID": "3"}), 1),
    "events-over-post": (Ask("/chat", "POST", headers=JSON, body=b'{"text": "hi"}'), 1),
    "invalid-body": (Ask("/chat", "POST", headers=JSON, body=b'{"text": 1}'), 0),
    "dependency": (Ask("/dependency"), 4),
    "background": (Ask("/background"), 2),
    "lifespan": (Ask("/lifespan"), 0),
    "refused-in-the-stream": (Ask("/refused"), 0),
    "crash": (Ask("/crash"), 0),
    "broken": (Ask("/broken"), 1),
    "document": (Ask("/openapi.json"), 0),
    "missing": (Ask("/missing"), 0),
    "left": (Ask("/async-generator", leave_after=2), 1),
    "left-events": (Ask("/events", leave_after=2), 1),
}
STARLETTE = {
    "slow-numbers": (Ask("/"), 1),
    "blocking": (Ask("/blocking"), 1),
    "file": (Ask("/file"), 0),
    "file-range": (Ask("/file", headers={"Range": "bytes=10-20"}), 0),
    "file-ranges": (Ask("/file", headers={"Range": "bytes=5000000-"}), 0),
    "file-head": (Ask("/file", "HEAD"), 0),
    "download": (Ask("/download"), 0),
    "background": (Ask("/background"), 2),
    "background-tasks": (Ask("/background-tasks"), 2),
    "events": (Ask("/events"), 1),
    "events-of-classes": (Ask("/events-of-classes"), 1),
    "connected": (Ask("/connected"), 1),
    "left": (Ask("/until-disconnected", leave_after=2), 1),
    "state": (Ask("/state"), 0),
    "names": (Ask("/names/x%20%2f%C3%A4"), 0),
    "mounted": (Ask("/mounted/inner"), 1),
    "redirect": (Ask("/mounted/inner/"), 0),
    "upload": (Ask("/upload", "POST", body=b"x" * 100_000), 0),
    "broken": (Ask("/broken"), 1),
    "broken-at-once": (Ask("/broken-at-once"), 0),
    "crash": (Ask("/crash"), 0),
}
FLASK = {
    "large-csv": (Ask("/large.csv"), 2),
    "response-class": (Ask("/response-class"), 2),
    "template": (Ask("/template", query="name=you"), 3),
    "template-string": (Ask("/template-string"), 3),
    "with-context": (Ask("/with-context", query="name=%3Cyou%3E"), 3),
    "with-context-decorated": (Ask("/with-context-decorated"), 3),
    "events": (Ask("/events"), 2),
    "file": (Ask("/file"), 1),
    "file-range": (Ask("/file", headers={"Range": "bytes=10-20"}), 1),
    "file-like": (Ask("/file-like"), 3),
    "call-on-close": (Ask("/call-on-close"), 3),
    "upload": (Ask("/upload", "POST", body=b"x" * 100_000), 1),
    "refused": (Ask("/refused"), 1),
    "crash": (Ask("/crash"), 1),
    "broken": (Ask("/broken"), 2),
    "left": (Ask("/large.csv", leave_after=2), 2),
    "missing": (Ask("/missing"), 1),
}
CALL = (
    b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", '
    b'"params": {"name": "work", "arguments": {}, "_meta": {"progressToken": 7}}}'
)
MCP = JSON | {"Accept": "application/json, text/event-stream"}
CASES = {
    "fastapi": FASTAPI,
    "starlette": STARLETTE,
    "flask": FLASK,
    "mcp": {
        "progress": (Ask("/mcp/", "POST", headers=MCP, body=CALL), 1),
        "json-refused": (Ask("/mcp/", "POST", headers=JSON, body=CALL), 0),
        "left": (Ask("/mcp/", "POST", headers=MCP, body=CALL, leave_after=2), 1),
        "document": (Ask("/openapi.json"), 0),
    },
    "quart": {
        "generator": (Ask("/"), 1),
        "with-context": (Ask("/with-context", query="name=x"), 1),
    },
    "litestar": {
        "stream": (Ask("/stream"), 1),
        "stream-blocking": (Ask("/stream-blocking"), 1),
        "events": (Ask("/events"), 1),
    },
    "bottle": {"generator": (Ask("/"), 1), "file": (Ask("/file"), 0)},
    "django-wsgi": {"large-csv": (Ask("/large.csv"), 1), "file": (Ask("/source"), 0)},
    "django-asgi": {"asynchronous": (Ask("/asynchronous"), 1), "file": (Ask("/source"), 0)},
}
ON_WSGI = {"flask": "app", "bottle": "app", "django-wsgi": "wsgi"}


@pytest.fixture(scope="module")
def sides():
    """Returns a function that gives both sides of a framework, each made once."""
    made: dict[str, tuple[Any, Any]] = {}
    with contextlib.ExitStack() as stack:

        def get(framework):
            if framework not in made:
                side, app, serve = both_of(framework)
                made[framework] = (stack.enter_context(side), OurSide(serve(app)))
            return made[framework]

        yield get


def both_of(framework):
    """Returns the usual server with an application, an application for ours, and what serves it."""
    name = framework.partition("-")[0]
    module = importlib.import_module(f"tests.lambda_streaming.shapes.{name}_shapes")
    if framework in ON_WSGI:
        app = getattr(module, ON_WSGI[framework])
        return waitress_side(app), app, lambda_streaming.Wsgi
    if framework == "mcp":
        return uvicorn_side(module.make_app()), module.make_app(), lambda_streaming.Asgi
    app = module.asgi if framework == "django-asgi" else module.app
    # Litestar cannot live twice at the same time.
    lifespan = "off" if framework == "litestar" else "auto"
    return uvicorn_side(app, lifespan=lifespan), app, lambda_streaming.Asgi


@pytest.mark.parametrize(
    ("framework", "case"), [(name, case) for name, cases in CASES.items() for case in cases]
)
def test_a_shape_gives_the_same_response_as_with_the_usual_server(sides, framework, case):
    theirs, ours = sides(framework)
    ask, notes = CASES[framework][case]

    expected = theirs(ask, notes)
    seen = ours(ask, notes)

    assert seen == expected


@pytest.mark.parametrize("path", ["/async-generator", "/yielded", "/events", "/json-lines"])
def test_a_source_that_the_client_left_is_closed_before_the_invocation_ends(path):
    application_loop().close()  # the next one is run by the handler's thread, as on Lambda
    handler = lambda_streaming.Asgi(fastapi_shapes.app)
    gate = source.new_gate()
    gate.leave()

    with opened(handler, function_url(path=path)) as stream:
        next(stream)

    assert gate.notes == ["source closed"]
