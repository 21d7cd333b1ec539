"""How does a stream of events end on the streaming runtime, and in what order?"""

import asyncio
import threading
import time

import pytest
from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver, Response
from event_stream import Decoder
from lambda_streaming import sse

from tests.lambda_streaming.server_sent_events.reading import events, threads
from tests.support.fake_runtime_api import url_request
from tests.support.waiting import eventually

FOR_EVER_S = 30
HEARTBEATS = [15, None]


def answering(source, **options):
    def handler(event, context):
        body = sse(source(), **options)
        return {"statusCode": 200, "headers": body.headers, "body": body}

    return handler


def lasting(timeout_ms):
    return {**url_request(), "timeout_ms": timeout_ms}


def error_type(post):
    return post.trailers.get("lambda-runtime-function-error-type")


def letters():
    yield "a"
    yield "b"


async def async_letters():
    yield "a"
    await asyncio.sleep(0)
    yield "b"


@pytest.mark.parametrize("source", [letters, async_letters])
def test_each_item_is_a_piece_and_the_headers_are_in_the_prelude(serve, source):
    (post,) = serve(answering(source), url_request())

    assert post.prelude["headers"]["Content-Type"] == "text/event-stream"
    assert [piece for piece in post.pieces[1:] if piece] == [
        b"data: a\n\n",
        b"data: b\n\n",
        b'event: end\ndata: {"reason":"done"}\n\n',
    ]
    assert post.trailers == {}


def test_an_async_handler_streams_an_async_source(serve):
    async def handler(event, context):
        await asyncio.sleep(0)
        body = sse(async_letters())
        return {"statusCode": 200, "headers": body.headers, "body": body}

    (post,) = serve(handler, url_request())

    assert [kind for kind, _ in events([post.content])] == ["message", "message", "end"]


def test_a_response_of_powertools_streams_it(serve):
    app = LambdaFunctionUrlResolver()

    @app.get("/")
    def route():
        body = sse(letters())
        return Response(200, body.headers["Content-Type"], body, headers=body.headers)

    (post,) = serve(app.resolve, url_request(stage="$default"))

    assert [kind for kind, _ in events([post.content])] == ["message", "message", "end"]
    assert post.prelude["headers"]["Cache-Control"] == "no-cache, no-transform"


# --- errors


def failing(before):
    def source():
        yield from before
        raise LookupError("secret")

    return source


def async_failing(before):
    async def source():
        for item in before:
            yield item
        raise LookupError("secret")

    return source


@pytest.mark.parametrize("failing", [failing, async_failing])
def test_an_error_before_the_first_piece_is_an_invocation_error(serve, failing, capsys):
    (post,) = serve(answering(failing([])), url_request())

    assert post.kind == "error"
    assert post.error["errorType"] == "LookupError"
    assert capsys.readouterr().out.count("[ERROR] LookupError: secret") == 1


@pytest.mark.parametrize("failing", [failing, async_failing])
def test_an_error_midway_is_an_event_a_trailer_and_one_record_of_the_log(serve, failing, capsys):
    (post,) = serve(answering(failing(["a"])), url_request())

    data = '{"message":"The stream ended with an error.","requestId":"request-1"}'
    assert events([post.content]) == [("message", "a"), ("error", data)]
    assert error_type(post) == "Function.LookupError"
    log = capsys.readouterr().out
    assert log.count("[ERROR] LookupError: secret") == 1
    assert ", in source" in log
    assert "server_sent_events/body.py" not in log
    assert "secret" not in post.content.decode()


# --- the deadline


def endless():
    while True:
        threading.Event().wait(0.02)
        yield "x"


def silent():
    yield "x"
    while True:
        threading.Event().wait(0.02)


async def async_silent():
    yield "x"
    await asyncio.Event().wait()


@pytest.mark.parametrize("source", [endless, silent, async_silent])
def test_shortly_before_the_deadline_the_stream_ends_well_and_says_why(serve, source):
    (post,) = serve(answering(source), lasting(1500))

    decoder = Decoder()
    last = decoder.feed(post.content)[-1]
    assert (last.type, last.data) == ("end", '{"reason":"deadline"}')
    assert decoder.retry_ms == 1000
    assert post.complete
    assert post.trailers == {}
    eventually(lambda: not threads())


def test_a_busy_source_without_a_thread_ends_at_the_deadline_too(serve):
    (post,) = serve(answering(endless, heartbeat_s=None), lasting(1000))

    assert events([post.content])[-1] == ("end", '{"reason":"deadline"}')
    assert post.trailers == {}


def test_a_retry_time_of_the_functions_own_stands_at_the_deadline(serve):
    (post,) = serve(answering(endless, retry_ms=5000), lasting(1000))

    decoder = Decoder()
    decoder.feed(post.content)
    assert decoder.retry_ms == 5000
    assert post.content.startswith(b"retry: 5000\ndata:")


def test_the_retry_time_at_the_start_makes_no_message_of_its_own(serve):
    """Some clients deliver every block that an empty line closes, though it has no data."""
    (post,) = serve(answering(lambda: ["x"], retry_ms=5000, end_event=None), url_request())

    assert post.content == b"retry: 5000\ndata: x\n\n"


def test_without_an_end_event_the_stream_just_ends(serve):
    (post,) = serve(answering(endless, end_event=None), lasting(1000))

    assert {kind for kind, _ in events([post.content])} == {"message"}
    assert post.complete
    assert post.trailers == {}


def test_a_source_that_cannot_be_interrupted_is_waited_for_after_the_response(serve):
    let_go = threading.Lock()
    let_go.acquire()
    asked = []

    def source():
        yield "x"
        let_go.acquire(timeout=FOR_EVER_S)

    def next_asked():
        return len([path for _, path in serve.platform.calls if path == "invocation/next"])

    def let_it_go():
        eventually(lambda: serve.platform.posts and serve.platform.posts[0].complete)
        asked.append((next_asked(), len(threads())))
        let_go.release()

    helper = threading.Timer(0.1, let_it_go)
    helper.start()
    (post,) = serve(answering(source), lasting(1000))

    assert asked == [(1, 1)]
    assert next_asked() == 2
    assert threads() == []
    assert events([post.content])[-1] == ("end", '{"reason":"deadline"}')


def test_a_source_is_closed_when_the_platform_hangs_up(serve):
    closed = []

    def source():
        try:
            while True:
                yield "x" * 10_000
        finally:
            closed.append(threading.current_thread().name)

    first, second = serve(answering(source), url_request(), lasting(400), verdicts={0: (413, 1)})

    assert closed == ["lambda_streaming.sse"] * 2
    assert threads() == []
    assert second.complete
    assert not first.complete


# --- other runtimes


class Context:
    """A handler's context as every runtime has it."""

    def __init__(self, left_s):
        self._until_s = time.monotonic() + left_s

    def get_remaining_time_in_millis(self):
        return int((self._until_s - time.monotonic()) * 1000)


def test_a_body_that_somebody_has_read_is_an_error_and_no_empty_response(serve):
    def handler(event, context):
        body = sse(letters())
        list(body)
        return {"statusCode": 200, "headers": body.headers, "body": body}

    (post,) = serve(handler, url_request())

    assert post.error["errorType"] == "Runtime.BodyAlreadyRead"


@pytest.mark.parametrize("heartbeat_s", HEARTBEATS)
def test_elsewhere_the_context_tells_the_deadline(heartbeat_s):
    body = sse(endless(), context=Context(0.4), heartbeat_s=heartbeat_s)

    assert events(body)[-1] == ("end", '{"reason":"deadline"}')


def test_a_deadline_that_has_passed_ends_the_stream_at_once():
    assert events(sse(endless(), context=Context(0))) == [("end", '{"reason":"deadline"}')]
