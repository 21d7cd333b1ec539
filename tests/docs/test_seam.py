"""Is the seam between functions and runtime as thin as docs/moving-to-aws.md says?"""

import ast
import re

import pytest
from lambda_streaming import Asgi, sse
from lambda_streaming.testing import function_url

from tests.support.paths import ROOT

PAGE = ROOT / "docs/moving-to-aws.md"
EXAMPLES = sorted((ROOT / "examples").glob("*/app/**/*.py"))


class FutureStream:
    """Stands in for what a runtime to come might hand over: something to write to."""

    def __init__(self):
        self.calls = []

    def start(self, status, headers):
        self.calls.append(("start", status, headers))

    def write(self, piece):
        self.calls.append(("write", piece))

    def end(self):
        self.calls.append(("end",))


@pytest.fixture
def streamed():
    """The decorator that the page shows."""
    namespace = {}
    exec(re.search(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)[1], namespace)
    return namespace["streamed"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_example_imports_the_runtime(path):
    imported = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")

    assert [name for name in imported if name.split(".")[0] == "streaming_runtime"] == []


def test_a_handler_runs_under_a_stand_in_for_a_runtime_to_come(streamed):
    def handler(event, context):
        return {"statusCode": 201, "headers": {"A": "b"}, "body": (text for text in ("x", "y"))}

    stream = FutureStream()
    streamed(handler)({}, stream, None)

    assert stream.calls == [("start", 201, {"A": "b"}), ("write", b"x"), ("write", b"y"), ("end",)]


def test_its_body_is_closed_when_the_stream_breaks(streamed):
    ended = []

    def body():
        try:
            yield "x"
            yield "y"
        finally:
            ended.append(True)

    class Broken(FutureStream):
        def write(self, piece):
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        streamed(lambda event, context: {"body": body()})({}, Broken(), None)

    assert ended == [True]


def test_a_stand_in_that_takes_an_iterator_needs_nothing_in_between():
    def handler(event, context):
        return {"statusCode": 200, "headers": {}, "body": iter([b"x", b"y"])}

    assert b"".join(handler({}, None)["body"]) == b"xy"


def body_of(stream):
    return b"".join(call[1] for call in stream.calls if call[0] == "write")


def test_events_and_applications_run_under_the_stand_in_too(streamed):
    def events(event, context):
        stream = sse(iter(["one"]), heartbeat_s=None)
        return {"statusCode": 200, "headers": stream.headers, "body": stream}

    async def app(scope, receive, send):
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        await send({"type": "http.response.body", "body": b"b"})

    for handler, body in (
        (events, b'data: one\n\nevent: end\ndata: {"reason":"done"}\n\n'),
        (Asgi(app, lifespan="off"), b"ab"),
    ):
        stream = FutureStream()
        streamed(handler)(function_url(), stream, None)
        assert (stream.calls[0][1], body_of(stream)) == (200, body)
