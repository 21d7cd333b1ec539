"""Tests what happens between two pieces, and how each response ends."""

import asyncio
import contextlib
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lambda_streaming import Asgi
from lambda_streaming.asgi import TimeLeft
from lambda_streaming.event_loops import application_loop
from lambda_streaming.testing import context
from streaming_runtime import context as runtime_context
from streaming_runtime.errors import RuntimeFault, Shutdown
from streaming_runtime.scopes import finish

from tests.lambda_streaming.asgi.servers import Context, Request, function_url
from tests.support.waiting import eventually

COLOUR = ContextVar("colour", default="none")
START = {"type": "http.response.start", "status": 200}


@pytest.fixture(autouse=True, params=["inline", "in a thread"])
def loop(request):
    """Each test has an event loop of its own, of each kind."""
    application_loop().close()
    loop = application_loop()
    if request.param == "in a thread":
        loop.run_in_thread()
    yield loop
    application_loop().close()


def body(piece, more=True):
    return {"type": "http.response.body", "body": piece, "more_body": more}


def opened(app, context=None, method="GET", handler=None):
    """Returns the body of a response of `app`."""
    handler = handler or Asgi(app, lifespan="off")
    return handler(function_url(Request(method)), context)["body"]


def pieces_of(iterator):
    return [piece for piece in iterator if piece]


# --- pieces


def test_an_application_is_a_piece_ahead_at_most():
    sent = []

    async def app(scope, receive, send):
        await send(START)
        for number in range(5):
            await send(body(b"%d" % number))
            sent.append(number)
        await send(body(b"", more=False))

    pieces = opened(app)
    assert sent == []
    assert next(pieces) == b"0"
    assert sent == []
    assert next(pieces) == b"1"
    assert sent == [0]
    assert pieces_of(pieces) == [b"2", b"3", b"4"]
    assert sent == [0, 1, 2, 3, 4]


def test_while_the_application_waits_there_are_empty_pieces():
    go = threading.Event()

    async def app(scope, receive, send):
        await send(START)
        await send(body(b"a"))
        await asyncio.to_thread(go.wait, 10)
        await send(body(b"b", more=False))

    pieces = opened(app)
    assert next(pieces) == b"a"
    began = time.monotonic()
    assert [next(pieces), next(pieces)] == [b"", b""]
    assert 0.15 < time.monotonic() - began < 2
    go.set()
    assert pieces_of(pieces) == [b"b"]


def test_a_piece_comes_at_the_moment_it_is_sent():
    """Not at the next tick."""

    async def app(scope, receive, send):
        await send(START)
        for _ in range(20):
            await asyncio.sleep(0.001)
            await send(body(b"x"))
        await send(body(b"", more=False))

    began = time.monotonic()
    assert len(pieces_of(opened(app))) == 20
    assert time.monotonic() - began < 1


def test_the_handler_returns_when_the_body_has_begun():
    """An empty piece begins it, too."""

    async def app(scope, receive, send):
        await send(START)
        await send(body(b""))
        await asyncio.Event().wait()

    pieces = opened(app, Context(1, time.time))
    assert next(pieces) == b""
    pieces.close()


@pytest.mark.parametrize("ahead", [0, 1, 2])
def test_two_responses_that_are_read_in_turns_do_not_mix(ahead):
    def app(letter):
        async def app(scope, receive, send):
            await send(START)
            for number in range(5):
                await send(body(b"%s%d" % (letter, number)))
                await asyncio.sleep(0)
            await send(body(b"", more=False))

        return app

    first = opened(app(b"a"))
    read = [next(first) for _ in range(ahead)]
    second = opened(app(b"b"))
    found = {b"a": pieces_of(read), b"b": []}
    open_ones = {b"a": first, b"b": second}
    while open_ones:
        for letter, pieces in [*open_ones.items()]:
            piece = next(pieces, None)
            if piece is None:
                del open_ones[letter]
            elif piece:
                found[letter].append(piece)
    assert found == {
        letter: [b"%s%d" % (letter, number) for number in range(5)] for letter in (b"a", b"b")
    }


def test_a_body_that_is_over_stays_over():
    async def app(scope, receive, send):
        await send(START)
        await send(body(b"a", more=False))

    pieces = opened(app)
    assert pieces_of(pieces) == [b"a"]
    pieces.close()
    pieces.close()
    assert list(pieces) == []


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0, 0.0001, 0.15]))), st.booleans())
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pieces_keep_their_order_whether_they_are_written_or_read(loop, pieces, is_last_empty):
    """The runtime takes a piece in the application's `send`, or has it read as any other."""
    numbers = range(len(pieces))

    async def app(scope, receive, send):
        await send(START)
        await send(body(b"begun"))
        for number in numbers:
            await asyncio.sleep(pieces[number][1] / 100)
            await send(body(b" %d" % number))
        await send(body(b"" if is_last_empty else b" end", more=False))

    taken = []

    def write(piece):
        number = len(taken) - 1
        if not (0 <= number < len(pieces) and pieces[number][0]):
            return False
        taken.append(piece)
        return True

    response = opened(app)
    response.write_through(write)
    while (piece := next(response, None)) is not None:
        if piece:
            taken.append(piece)

    end = [] if is_last_empty else [b" end"]
    assert taken == [b"begun", *(b" %d" % number for number in numbers), *end]


def test_an_error_of_the_reader_is_raised_to_the_reader_and_ends_the_application(loop):
    ends = []

    async def app(scope, receive, send):
        await receive()
        await send(START)
        try:
            while True:
                await send(body(b"x"))
        finally:
            ends.append("ended")

    def write(piece):
        raise ConnectionError("the reader has gone")

    pieces = opened(app, Context(2, time.time))
    pieces.write_through(write)
    with pytest.raises(ConnectionError) if loop.is_run_by_caller() else contextlib.nullcontext():
        assert [next(pieces) for _ in range(3)]
    pieces.close()

    assert ends == ["ended"]


# --- disconnect


def listening(ends):
    """An application that streams until it is disconnected, and says how it ended."""

    async def app(scope, receive, send):
        await receive()

        async def stream():
            while True:
                await send(body(b"x"))

        await send(START)
        streaming = asyncio.create_task(stream())
        message = await receive()
        streaming.cancel()
        ends.append(message["type"])

    return app


def test_a_body_that_is_closed_early_disconnects_the_application():
    ends = []
    pieces = opened(listening(ends))
    assert next(pieces) == b"x"

    pieces.close()

    assert ends == ["http.disconnect"]


@pytest.mark.flaky(reruns=2)
def test_an_application_that_does_not_listen_is_cancelled_after_a_while():
    ends = []

    async def app(scope, receive, send):
        await send(START)
        try:
            while True:
                await send(body(b"x"))
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise
        finally:
            await asyncio.sleep(0)
            ends.append("cleaned up")

    pieces = opened(app, Context(1, time.time))
    next(pieces)
    began = time.monotonic()
    pieces.close()

    assert ends == ["cancelled", "cleaned up"]
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("waits", ["send", "receive", "empty pieces"])
def test_an_endless_loop_of_messages_is_cancelled_too(waits):
    """After a disconnect these return at once, and nothing else in the loop makes it pause."""
    ends = []

    async def app(scope, receive, send):
        await send(START)
        await send(body(b"x"))
        try:
            while True:
                if waits == "send":
                    await send(body(b"x"))
                elif waits == "receive":
                    await receive()
                else:
                    await send(body(b""))
        finally:
            ends.append("ended")

    pieces = opened(app, Context(2, time.time))
    assert next(pieces) == b"x"
    pieces.close()

    assert ends == ["ended"]


@pytest.mark.parametrize("pause_s", [0, 0.05])
def test_generators_that_the_application_dropped_are_closed(pause_s):
    """Such as the source of a response whose client has left: it closes what it reads from."""
    ends = []

    async def source():
        try:
            while True:
                yield b"x"
        finally:
            await asyncio.sleep(pause_s)
            ends.append("closed")

    async def copied():
        async for piece in source():
            yield piece

    async def app(scope, receive, send):
        await receive()
        await send(START)
        async for piece in copied():
            await send(body(piece))

    pieces = opened(app, Context(2, time.time))
    assert next(pieces) == b"x"
    assert next(pieces) == b"x"
    pieces.close()

    eventually(lambda: ends == ["closed"])


def stubborn(over, gone):
    """Returns an application that catches its cancellation until `over`; then it is `gone`."""

    async def app(scope, receive, send):
        await send(START)
        await send(body(b"x"))
        while not over:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)
        gone.append(True)

    return app


def test_an_application_that_catches_its_cancellation_is_left_with_a_line_in_the_log(caplog):
    over = []
    gone = []
    app = stubborn(over, gone)
    pieces = opened(app, Context(1, time.time))
    next(pieces)
    pieces.close()

    assert "asgi.not_cancelled" in caplog.text
    over.append(True)
    assert pieces_of(opened(listening_to_nobody)) == [b"ok"]
    eventually(lambda: gone or opened(listening_to_nobody).close())


@pytest.mark.flaky(reruns=2)
def test_after_sigterm_nobody_waits_for_long_for_an_application_that_does_not_end():
    over = []
    app = stubborn(over, [])
    pieces = opened(app, Context(30, time.time))
    next(pieces)
    began_s = time.monotonic()
    try:
        raise Shutdown
    except Shutdown:
        pieces.close()

    assert time.monotonic() - began_s < 0.9
    over.append(True)
    assert pieces_of(opened(listening_to_nobody)) == [b"ok"]


async def listening_to_nobody(scope, receive, send):
    await asyncio.sleep(0.02)
    await send(START)
    await send(body(b"ok", more=False))


def test_an_error_after_the_disconnect_is_logged(caplog):
    async def app(scope, receive, send):
        await receive()
        await send(START)
        await send(body(b"x"))
        assert (await receive())["type"] == "http.disconnect"
        raise ValueError("too late")

    pieces = opened(app)
    next(pieces)
    pieces.close()

    assert "too late" in caplog.text


def test_a_response_that_is_complete_is_no_disconnect_when_it_is_closed():
    ends = []

    async def app(scope, receive, send):
        await send(START)
        await send(body(b"x", more=False))
        await asyncio.sleep(0.01)
        ends.append("ended")

    opened(app).close()

    assert ends == ["ended"]


def test_after_the_response_receive_says_disconnect():
    ends = []

    async def app(scope, receive, send):
        await send(START)
        await send(body(b"x", more=False))
        ends.append((await receive())["type"])
        ends.append((await receive())["type"])

    assert pieces_of(opened(app)) == [b"x"]
    assert ends == ["http.disconnect"] * 2


# --- the deadline


@pytest.mark.parametrize("remaining_s", [0.5, 3, 900])
def test_a_response_ends_before_lambda_ends_its_invocation(loop, remaining_s):
    left = TimeLeft(remaining_s, loop)
    assert left.at_s - remaining_s / 10 <= left.close_at_s < left.end_at_s < left.at_s
    assert left.at_s - 1 <= left.close_at_s


@pytest.mark.flaky(reruns=2)
def test_an_application_that_does_not_respond_is_disconnected_before_the_deadline():
    ends = []

    async def app(scope, receive, send):
        await receive()
        ends.append((await receive())["type"])

    began = time.monotonic()
    with pytest.raises(RuntimeFault, match="before the application's response began"):
        opened(app, Context(0.5, time.time))

    assert ends == ["http.disconnect"]
    assert time.monotonic() - began < 0.5


@pytest.mark.flaky(reruns=2)
def test_one_that_does_not_listen_is_cancelled_before_the_deadline():
    ends = []

    async def app(scope, receive, send):
        try:
            await asyncio.sleep(60)
        finally:
            ends.append("ended")

    began = time.monotonic()
    with pytest.raises(RuntimeFault):
        opened(app, Context(0.5, time.time))

    assert ends == ["ended"]
    assert time.monotonic() - began < 0.5


@pytest.mark.flaky(reruns=2)
def test_a_body_whose_reader_does_not_look_at_the_deadline_ends_before_it():
    async def app(scope, receive, send):
        await send(START)
        await send(body(b"x"))
        await asyncio.sleep(60)

    began = time.monotonic()
    pieces = opened(app, Context(0.5, time.time))
    with pytest.raises(RuntimeFault, match="before the application's response ended"):
        pieces_of(pieces)
    pieces.close()

    assert time.monotonic() - began < 0.5


@pytest.mark.flaky(reruns=2)
def test_background_work_is_cancelled_before_the_deadline(caplog):
    ends = []

    async def app(scope, receive, send):
        await send(START)
        await send(body(b"x", more=False))
        try:
            await asyncio.sleep(60)
        finally:
            ends.append("ended")

    began = time.monotonic()
    assert pieces_of(opened(app, Context(0.5, time.time))) == [b"x"]

    assert ends == ["ended"]
    assert time.monotonic() - began < 0.5
    assert "asgi.background_cut" in caplog.text


def test_a_handler_without_a_context_takes_the_running_invocations_deadline(invocation_of):
    async def app(scope, receive, send):
        await asyncio.sleep(60)

    invocation_of(0.3)
    with pytest.raises(RuntimeFault):
        opened(app)


def test_the_deadline_of_an_invocation_that_is_over_is_none(invocation_of):
    """As in a test whose neighbour has left one."""
    invocation_of(0)
    assert pieces_of(opened(listening_to_nobody)) == [b"ok"]


# --- after the response


@pytest.fixture
def invocation_of():
    """Returns a function that begins an invocation with so many seconds left."""

    def begin(left_s):
        context(timeout_s=left_s)

    yield begin
    runtime_context.LEFT_FOR_LATER.set(None)
    runtime_context.REQUEST_ID.set(None)


@pytest.fixture
def invoked():
    """The rest of the test runs as if the runtime had called it."""
    runtime_context.LEFT_FOR_LATER.set([])
    yield
    runtime_context.LEFT_FOR_LATER.set(None)


def test_on_the_streaming_runtime_background_work_waits_for_the_end_of_the_response(invoked):
    done = []

    async def app(scope, receive, send):
        await send(START)
        await send(body(b"x", more=False))
        await asyncio.sleep(0.01)
        done.append("background")

    pieces = opened(app)
    assert pieces_of(pieces) == [b"x"]
    pieces.close()
    assert done == []

    assert list(finish()) == []
    assert done == ["background"]


def test_a_body_that_nobody_read_is_disconnected_after_the_response(invoked):
    ends = []
    handler = Asgi(listening(ends), lifespan="off")
    handler(function_url(Request()), None)

    assert list(finish()) == []
    assert ends == ["http.disconnect"]


def test_on_lambdas_own_runtime_the_response_is_whole_and_the_work_behind_it_done(monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")
    done = []

    async def app(scope, receive, send):
        await send(START)
        await send(body(b"a"))
        await asyncio.sleep(0.15)
        await send(body("é".encode(), more=False))
        done.append("background")

    result = Asgi(app, lifespan="off")(function_url(Request()), Context(5, time.time))

    assert result["body"] == "aé"
    assert result["isBase64Encoded"] is False
    assert done == ["background"]


# --- where it runs


def test_the_application_sees_the_context_variables_of_the_handler():
    async def app(scope, receive, send):
        await send(START)
        await send(body(COLOUR.get().encode()))
        COLOUR.set("its own")
        await send(body(COLOUR.get().encode(), more=False))

    token = COLOUR.set("blue")
    try:
        assert pieces_of(opened(app)) == [b"blue", b"its own"]
        assert COLOUR.get() == "blue"
    finally:
        COLOUR.reset(token)


def test_many_threads_share_one_loop_and_get_their_own_pieces():
    loops = set()

    async def app(scope, receive, send):
        loops.add(asyncio.get_running_loop())
        name = scope["path"].encode()
        await send(START)
        for number in range(30):
            await send(body(b"%s-%d " % (name, number)))
            if number % 7 == 0:
                await asyncio.sleep(0.001)
        await send(body(b"", more=False))

    handler = Asgi(app, lifespan="off")

    def read(number):
        pieces = handler(function_url(Request("GET", f"/{number}")), None)["body"]
        return b"".join(pieces)

    with ThreadPoolExecutor(16) as pool:
        found = [*pool.map(read, range(64))]

    assert found == [
        b"".join(b"/%d-%d " % (number, piece) for piece in range(30)) for number in range(64)
    ]
    assert len(loops) == 1


def test_a_caller_with_an_event_loop_of_its_own_is_served():
    async def call():
        return pieces_of(opened(listening_to_nobody))

    assert asyncio.run(call()) == [b"ok"]


def test_an_application_that_calls_its_own_handler_gets_an_error(caplog):
    async def app(scope, receive, send):
        opened(listening_to_nobody)

    assert pieces_of(opened(app)) == [b"Internal Server Error"]
    assert "its event loop would wait for itself" in caplog.text


def test_what_a_task_raises_that_the_application_has_left_hurts_nobody_else(caplog):
    """sys.exit() in a task comes out of the loop, wherever that runs."""

    async def leave():
        raise SystemExit(3)

    async def app(scope, receive, send):
        app.task = asyncio.create_task(leave())
        await asyncio.sleep(0.01)
        await listening_to_nobody(scope, receive, send)

    with contextlib.suppress(SystemExit):
        opened(app)
    assert pieces_of(opened(listening_to_nobody)) == [b"ok"]


def test_blocking_work_in_threads_does_not_stop_the_ticks(caplog):
    caplog.set_level(logging.ERROR)
    go = threading.Event()

    async def app(scope, receive, send):
        await send(START)
        await send(body(b""))
        await asyncio.to_thread(go.wait, 10)
        await send(body(b"a", more=False))

    pieces = opened(app)
    assert [next(pieces) for _ in range(3)] == [b""] * 3
    go.set()
    assert pieces_of(pieces) == [b"a"]
