"""Tests `async def` handlers and asynchronous bodies: what comes, when, and how each one ends."""

import asyncio
import io
import json
import signal
import subprocess
import sys
import threading
from contextlib import asynccontextmanager
from contextvars import ContextVar

import pytest
from streaming_runtime import asynchronous
from streaming_runtime.asynchronous import pieces_of
from streaming_runtime.errors import Shutdown
from streaming_runtime.loop import run

from tests.streaming_runtime import handlers
from tests.support.fake_runtime_api import FakeRuntimeApi, api_request, url_request
from tests.support.paths import PACKAGES
from tests.support.signals import sigterm_once
from tests.support.waiting import eventually

COLOUR = ContextVar("colour", default="none")
HANDLERS = "tests.streaming_runtime.handlers"
BUFFERED = {"STREAMING_RUNTIME_RESPONSE_MODE": "buffered"}


def answering(body, status=200):
    async def handler(event, context):
        await asyncio.sleep(0)
        return {"statusCode": status, "body": body() if callable(body) else body}

    return handler


async def letters():
    for letter in "abc":
        await asyncio.sleep(0)
        yield letter


# --- handlers


def test_the_result_of_an_async_handler_is_sent_as_any_other(serve):
    async def handler(event, context):
        await asyncio.sleep(0)
        return {"word": event["word"], "id": context.aws_request_id}

    (post,) = serve(handler, {"body": b'{"word": "hello"}'})

    assert post.error == {"word": "hello", "id": "request-1"}
    assert post.headers["content-type"] == "application/json"


def test_an_async_handler_with_a_whole_body_answers_http(serve):
    (post,) = serve(answering("text"), url_request())
    assert post.content == b"text"


@pytest.mark.parametrize(
    ("error", "error_type"),
    [
        (KeyError("gone"), "Function.KeyError"),
        (SystemExit(3), "Function.SystemExit"),
        (asyncio.CancelledError(), "Function.CancelledError"),
    ],
)
def test_what_an_async_handler_raises_is_an_invocation_error(serve, error, error_type):
    async def handler(event, context):
        await asyncio.sleep(0)
        raise error

    first, second = serve(handler, url_request(), url_request())

    assert first.kind == second.kind == "error"
    assert first.headers["lambda-runtime-function-error-type"] == error_type


def test_any_awaitable_result_is_awaited(serve):
    class Later:
        def __await__(self):
            yield from asyncio.sleep(0).__await__()
            return "later"

    (post,) = serve(lambda event, context: Later(), {})

    assert post.body == b'"later"'


def test_a_handler_that_is_an_async_generator_streams_its_pieces(serve):
    async def handler(event, context):
        async for letter in letters():
            yield letter

    raw, http = serve(handler, {}, url_request())

    assert raw.body == b"abc"
    assert raw.headers["lambda-runtime-function-response-mode"] == "streaming"
    assert http.content == b"abc"
    assert http.prelude["statusCode"] == 200


def test_what_an_async_handler_sets_in_its_context_is_seen_by_its_body(serve):
    def body():
        yield COLOUR.get()

    async def handler(event, context):
        COLOUR.set("red")
        return {"statusCode": 200, "body": body()}

    (post,) = serve(handler, url_request())

    assert post.content == b"red"


def test_the_loop_is_kept_between_invocations_so_that_clients_can_be_used_again(serve):
    seen = []

    async def handler(event, context):
        seen.append(asyncio.get_running_loop())

    serve(handler, {}, {}, {})

    assert seen[0] is seen[1] is seen[2]


def test_a_loop_that_the_function_has_set_is_used_and_one_that_it_closed_is_not(serve):
    own = asyncio.new_event_loop()
    seen = []

    async def handler(event, context):
        seen.append(asyncio.get_running_loop())

    def in_a_thread_of_its_own():
        asyncio.set_event_loop(own)
        serve(handler, {})
        own.close()
        serve(handler, {})

    thread = threading.Thread(target=in_a_thread_of_its_own)
    thread.start()
    thread.join(10)

    assert seen[0] is own
    assert seen[1] is not own


def test_a_synchronous_handler_can_run_a_loop_of_its_own_between_the_others(serve):
    async def answer():
        return "own"

    def synchronous(event, context):
        return asyncio.run(answer())

    handle = iter([answering(letters), synchronous, answering(letters)])

    first, own, second = serve(
        lambda event, context: next(handle)(event, context), url_request(), {}, url_request()
    )

    assert own.body == b'"own"'
    assert first.content == second.content == b"abc"


# --- bodies


@pytest.mark.parametrize("request_of", [url_request, api_request])
def test_an_async_generator_is_streamed(serve, request_of):
    (post,) = serve(answering(letters), request_of())

    assert post.headers["lambda-runtime-function-response-mode"] == "streaming"
    assert post.pieces[1:] == [b"a", b"b", b"c"]
    assert post.trailers == {}


def test_a_synchronous_handler_may_return_an_async_body(serve):
    (post,) = serve(lambda event, context: {"statusCode": 200, "body": letters()}, url_request())
    assert post.content == b"abc"


def test_each_piece_is_sent_when_it_is_yielded_and_not_later(serve):
    async def body():
        yield "a"
        while not any(post.content == b"a" for post in serve.platform.posts):
            await asyncio.sleep(0.01)
        yield "b"

    (post,) = serve(answering(body), {**url_request(), "timeout_ms": 8_000})

    assert post.content == b"ab"
    assert post.trailers == {}


def test_the_source_is_never_more_than_one_piece_ahead(serve):
    seen = []

    class Piece(bytes):
        pass

    async def source():
        for number in range(5):
            seen.append(number)
            yield Piece([number])

    for piece in pieces_of(source()):
        if piece:
            assert len(seen) == piece[0] + 1


def test_an_async_body_is_collected_where_nothing_can_stream(serve):
    buffered, http_api = serve(answering(letters), url_request(), environ=BUFFERED) + serve(
        answering(letters), url_request(domainName="x.execute-api.eu-west-1.amazonaws.com")
    )

    assert json.loads(buffered.body)["body"] == json.loads(http_api.body)["body"] == "abc"


def test_an_endless_async_body_under_sam_local_gives_what_came_in_time(serve):
    closed = []

    async def body():
        try:
            yield "first"
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    environ = {"AWS_SAM_LOCAL": "true", "STREAMING_RUNTIME_LOCAL_WAIT_S": "0.2"}
    (post,) = serve(answering(body), url_request(), environ=environ)

    assert json.loads(post.body)["body"] == "first"
    assert closed == [True]


def test_an_async_body_that_may_not_be_sent_is_closed_unread(serve):
    closed = []

    class Body:
        def __aiter__(self):
            raise AssertionError("read")

        async def aclose(self):
            closed.append(True)

    (post,) = serve(answering(Body()), url_request("HEAD"))

    assert post.prelude["headers"]["content-length"] == "0"
    assert closed == [True]


def test_an_async_context_manager_is_entered_around_its_body(serve):
    seen = []

    @asynccontextmanager
    async def stream():
        seen.append("entered")
        try:
            yield letters()
        finally:
            await asyncio.sleep(0)
            seen.append("left")

    (post,) = serve(answering(stream), url_request())

    assert post.content == b"abc"
    assert seen == ["entered", "left"]


def test_an_async_context_manager_hears_what_ends_its_body(serve):
    heard = []

    class Stream:
        async def __aenter__(self):
            return self

        async def __aexit__(self, kind, error, traceback):
            heard.append(kind)

        async def __aiter__(self):
            yield "a"
            raise LookupError

    (post,) = serve(answering(Stream()), url_request())

    assert heard == [LookupError]
    assert post.trailers["lambda-runtime-function-error-type"] == "Function.LookupError"


def test_an_async_file_is_read_in_blocks(serve):
    class File:
        """Like those of aiofiles and of aiobotocore."""

        def __init__(self):
            self._file = io.BytesIO(b"line\n" * 40_000)

        async def read(self, size=-1):
            return self._file.read(size)

        def __aiter__(self):
            raise AssertionError("read by lines")

    (post,) = serve(answering(File()), url_request())

    assert post.content == b"line\n" * 40_000
    assert len(post.pieces) == 1 + 4  # the prelude, and 200,000 bytes in blocks of 64 KB


def test_an_http_response_of_an_async_client_is_read_as_bytes(serve):
    class Response:
        """Like HTTPX's."""

        stream = letters()

        async def aiter_bytes(self):
            yield b"x"
            yield b"y"

    (post,) = serve(answering(Response()), url_request())

    assert post.content == b"xy"


def test_a_context_manager_around_nothing_that_can_be_read_is_refused_by_name(serve):
    @asynccontextmanager
    async def stream():
        yield {"a": 1}

    (post,) = serve(answering(stream), url_request())

    assert post.kind == "error"
    assert "dict" in post.error["errorMessage"]


def test_one_task_reads_the_whole_body_as_timeouts_and_task_groups_want_it(serve):
    async def body():
        tasks = {asyncio.current_task()}
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(0))
            for letter in "abc":
                yield letter
                tasks.add(asyncio.current_task())
        assert len(tasks) == 1

    (post,) = serve(answering(body), url_request())

    assert post.content == b"abc"
    assert post.trailers == {}


def test_context_variables_live_as_long_as_the_body(serve):
    async def body():
        yield COLOUR.get()
        COLOUR.set("blue")
        yield COLOUR.get()
        await asyncio.sleep(0)
        yield COLOUR.get()

    async def handler(event, context):
        COLOUR.set("red")
        return {"statusCode": 200, "body": body()}

    (post,) = serve(handler, url_request())

    assert post.content == b"redblueblue"


# --- endings


def recording(seen, waits):
    async def body():
        try:
            yield "a"
            await waits()
            yield "never"
        except BaseException as error:
            seen.append(type(error).__name__)
            raise
        finally:
            await asyncio.sleep(0.01)
            seen.append("closed")

    return body


def for_ever():
    return asyncio.Event().wait()


def test_the_deadline_is_seen_while_the_body_waits(serve):
    seen = []

    (post,) = serve(answering(recording(seen, for_ever)), {**url_request(), "timeout_ms": 600})

    assert seen == ["CancelledError", "closed"]
    assert post.content == b"a"
    assert post.trailers["lambda-runtime-function-error-type"] == "Runtime.DeadlineExceeded"


def test_a_body_that_is_closed_between_two_pieces_ends_where_it_yielded(serve):
    seen = []

    async def body():
        try:
            while True:
                yield "a" * 1000
        except BaseException as error:
            seen.append(type(error).__name__)
            raise
        finally:
            await asyncio.sleep(0)
            seen.append("closed")

    (post,) = serve(answering(body), {**url_request(), "timeout_ms": 300})

    assert seen == ["GeneratorExit", "closed"]
    assert post.trailers["lambda-runtime-function-error-type"] == "Runtime.DeadlineExceeded"


def test_a_body_is_closed_when_the_platform_hangs_up(serve):
    closed = []

    async def body():
        try:
            while True:
                yield "a" * 10_000
                await asyncio.sleep(0)
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    first, second = serve(
        answering(body), url_request(), {**url_request(), "timeout_ms": 200}, verdicts={0: (413, 1)}
    )

    assert closed == [True, True]
    assert second.complete
    assert not first.complete


def test_an_error_after_the_first_piece_is_said_in_the_trailers(serve):
    async def body():
        yield "a"
        raise LookupError("late")

    (post,) = serve(answering(body), url_request())

    assert post.content == b"a"
    assert post.trailers["lambda-runtime-function-error-type"] == "Function.LookupError"


def test_an_error_before_the_first_piece_is_an_invocation_error(serve):
    async def body():
        raise LookupError("early")
        yield

    (post,) = serve(answering(body), url_request())

    assert post.kind == "error"
    assert post.error["errorMessage"] == "early"


def test_an_error_of_the_bodys_finally_is_said_too(serve):
    async def body():
        try:
            yield "a"
            await for_ever()
        finally:
            raise LookupError("in finally")

    (post,) = serve(answering(body), {**url_request(), "timeout_ms": 300})

    assert post.trailers["lambda-runtime-function-error-type"] == "Function.LookupError"


def test_a_body_that_ignores_its_cancellation_and_goes_on_is_ended_at_its_next_piece(serve):
    async def body():
        yield "a"
        try:
            await for_ever()
        except asyncio.CancelledError:
            yield "too late"

    (post,) = serve(answering(body), {**url_request(), "timeout_ms": 300})

    assert post.content == b"a"
    assert post.complete


def test_tasks_that_a_handler_leaves_behind_do_not_disturb_the_next_invocation(serve):
    async def handler(event, context):
        handler.left.append(asyncio.create_task(asyncio.sleep(3600)))
        return "done"

    handler.left = []

    posts = serve(handler, {}, {}, {})

    assert [post.body for post in posts] == [b'"done"'] * 3
    for task in handler.left:
        task.cancel()


@pytest.fixture
def sigterm_as_before():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("sigterm_as_before")
@pytest.mark.parametrize("name", ["async_body_until_sigterm", "async_handler_until_sigterm"])
def test_sigterm_unwinds_what_waits(name):
    handlers.EVENTS.clear()
    with FakeRuntimeApi([url_request()], hold_next_at=1) as platform:
        with sigterm_once(lambda: handlers.EVENTS):
            environ = {
                "AWS_LAMBDA_RUNTIME_API": platform.address,
                "_HANDLER": f"{HANDLERS}.{name}",
            }
            assert run(environ) == 0
        eventually(lambda: not platform.posts or platform.posts[0].complete)

    assert handlers.EVENTS == ["waiting", "closed"]


@pytest.mark.usefixtures("sigterm_as_before")
def test_each_worker_thread_has_a_loop_of_its_own():
    handlers.SEEN.clear()
    script = [url_request() for _ in range(3)]
    with FakeRuntimeApi(script) as platform:
        environ = {
            "AWS_LAMBDA_RUNTIME_API": platform.address,
            "_HANDLER": f"{HANDLERS}.async_meet",
            "AWS_LAMBDA_MAX_CONCURRENCY": "3",
            "STREAMING_RUNTIME_CONCURRENCY": "threads",
        }
        run(environ)

    assert len(platform.posts) == 3
    assert sorted(post.content for post in platform.posts) == [
        b"request-1",
        b"request-2",
        b"request-3",
    ]
    assert len(set(handlers.SEEN)) == 3


def test_a_function_without_async_does_not_pay_for_it(tmp_path):
    (tmp_path / "app.py").write_text(
        "import sys\n"
        "def handler(event, context):\n"
        "    def body():\n"
        "        yield 'asyncio' in sys.modules and 'imported' or 'not imported'\n"
        "    return {'statusCode': 200, 'body': body()}\n"
    )
    with FakeRuntimeApi([url_request()]) as platform:
        subprocess.run(
            [sys.executable, "-S", PACKAGES["streaming_runtime"] / "__main__.py"],
            env={
                "AWS_LAMBDA_RUNTIME_API": platform.address,
                "_HANDLER": "app.handler",
                "LAMBDA_TASK_ROOT": str(tmp_path),
            },
            timeout=20,
            check=False,
        )

    assert platform.posts[0].content == b"not imported"


def test_a_signal_that_one_caller_has_unwound_is_none_of_the_next_ones():
    async def interrupted():
        asynchronous.postpone(Shutdown())
        return "done"

    def stop():
        raise Shutdown

    assert asynchronous.awaited(interrupted(), stop) == "done"
    asynchronous.run(asynchronous.event_loop(), 0)
    asynchronous.raise_postponed()
