"""How are blocking sources read: their silence, their closing, their thread?"""

import concurrent.futures
import gc
import http.client
import io
import queue
import socket
import threading
import time
from contextvars import ContextVar

import pytest
from lambda_streaming import sse

from tests.lambda_streaming.server_sent_events.reading import events, threads, until_error
from tests.support.waiting import eventually

COLOUR = ContextVar("colour", default="none")
FOR_EVER_S = 30


def closing(closed, items=()):
    """A generator that says in which thread it was closed."""
    try:
        yield from items
        while True:
            yield "more"
    finally:
        closed.append(threading.current_thread().name)


def pieces_until(body, condition):
    """Reads `body` until a piece meets `condition`."""
    seen = []
    for piece in body:
        seen.append(piece)
        if condition(piece):
            return seen
    raise AssertionError(seen)


class Stream:
    """Like the stream objects of SDKs: an iterator, a context manager, and `close()`."""

    def __init__(self, items):
        self._items = iter(items)
        self.closed = 0

    def __iter__(self):
        yield from self._items

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.closed += 1


class Manager:
    """A context manager that gives a stream and is none itself."""

    def __init__(self, items):
        self.stream = Stream(items)
        self.exited = []

    def __enter__(self):
        return self.stream

    def __exit__(self, kind, *_):
        self.exited.append(kind)


@pytest.mark.parametrize("heartbeat_s", [15, None])
@pytest.mark.parametrize(
    "source",
    [
        lambda: ["a", "b"],
        lambda: ("a", "b"),
        lambda: iter("ab"),
        lambda: map(str, "ab"),
        lambda: {"a": 1, "b": 2}.keys(),
        lambda: Stream("ab"),
    ],
)
def test_any_iterable_with_an_order_is_a_source(source, heartbeat_s):
    body = sse(source(), heartbeat_s=heartbeat_s)

    assert events(body) == [("message", "a"), ("message", "b"), ("end", '{"reason":"done"}')]
    assert threads() == []


def test_a_file_is_a_source_of_lines():
    file = io.StringIO("a\nb")

    assert events(sse(file, end_event=None)) == [("message", "a\n"), ("message", "b")]
    assert file.closed


@pytest.mark.parametrize("heartbeat_s", [15, None])
def test_a_context_manager_is_entered_around_its_items(heartbeat_s):
    manager = Manager("ab")

    assert events(sse(manager, heartbeat_s=heartbeat_s, end_event=None)) == [
        ("message", "a"),
        ("message", "b"),
    ]
    assert manager.exited == [None]


def test_a_list_and_a_source_without_heartbeats_need_no_thread():
    seen = []

    def source():
        seen.append(threading.current_thread())
        yield "a"

    list(sse(source(), heartbeat_s=None))
    assert seen == [threading.current_thread()]

    body = sse(["a", "b"])
    next(body)
    assert threads() == []


def test_silence_has_heartbeats_and_the_runtime_sees_the_clock():
    go_on = threading.Event()

    def source():
        yield "a"
        go_on.wait(FOR_EVER_S)
        yield "b"

    body = sse(source(), heartbeat_s=0.25)
    seen = pieces_until(body, lambda piece: piece == b":\n")
    go_on.set()
    rest = list(body)

    assert seen[0] == b"data: a\n\n"
    assert set(seen[1:-1]) == {b""}
    assert len(seen) >= 4
    assert events([*seen, *rest])[:2] == [("message", "a"), ("message", "b")]


def test_a_source_that_says_that_it_has_nothing_is_silent_too():
    pause = threading.Event()

    def source():
        while True:
            pause.wait(0.02)
            yield None

    body = sse(source(), heartbeat_s=0.2)
    seen = pieces_until(body, lambda piece: piece == b":\n")
    body.close()

    assert set(seen[:-1]) == {b""}


def test_a_busy_source_has_no_heartbeats():
    pause = threading.Event()

    def source():
        for number in range(8):
            pause.wait(0.05)
            yield number

    assert b":\n" not in list(sse(source(), heartbeat_s=0.2))


def test_a_silent_source_makes_no_load():
    go_on = threading.Event()

    def source():
        go_on.wait(FOR_EVER_S)
        yield "a"

    body = sse(source(), heartbeat_s=10)
    cpu_s = time.thread_time()
    until = time.monotonic() + 0.5
    count = sum(1 for _ in iter(lambda: next(body) == b"" and time.monotonic() < until, False))
    assert time.thread_time() - cpu_s < 0.05
    go_on.set()
    assert 3 <= count <= 6
    assert list(body)


def test_the_source_is_asked_for_an_item_when_the_reader_is():
    taken = []

    def source():
        for number in range(10):
            taken.append(number)
            yield number

    body = sse(source())
    for number in range(4):
        assert next(body) == b"data: %d\n\n" % number
        assert len(taken) <= number + 2
    body.close()
    assert len(taken) <= 5


def test_context_variables_reach_the_source_and_stay_in_it():
    def source():
        yield COLOUR.get()
        COLOUR.set("blue")
        yield COLOUR.get()

    COLOUR.set("red")
    body = sse(source(), end_event=None)

    assert events(body) == [("message", "red"), ("message", "blue")]
    assert COLOUR.get() == "red"


@pytest.mark.parametrize("heartbeat_s", [15, None])
def test_closing_the_body_closes_the_source_where_it_was_read(heartbeat_s):
    closed = []
    body = sse(closing(closed), heartbeat_s=heartbeat_s)
    next(body)
    next(body)

    body.close()

    own = threading.current_thread().name
    assert closed == ["lambda_streaming.sse" if heartbeat_s else own]
    assert threads() == []
    assert list(body) == []


def test_a_body_that_nobody_read_closes_its_source():
    stream = Stream("ab")
    sse(stream).close()
    assert stream.closed
    assert threads() == []


def test_closing_twice_closes_once():
    stream = Stream("ab")
    body = sse(stream)
    next(body)
    body.close()
    times = stream.closed
    body.close()
    assert stream.closed == times


def test_a_body_that_is_dropped_leaves_no_thread():
    closed = []
    body = sse(closing(closed))
    next(body)
    del body
    gc.collect()
    eventually(lambda: closed and not threads())


def test_an_error_in_the_sources_finally_comes_out_of_close():
    def source():
        try:
            yield "a"
            yield "b"
        finally:
            raise LookupError("closing")

    body = sse(source())
    next(body)
    with pytest.raises(LookupError, match="closing"):
        body.close()
    assert threads() == []


# --- a source that waits when it is closed


def wait_in_python(entered):
    while True:
        entered.set()
        threading.Event().wait(0.02)


def wait_for_queue(entered):
    entered.set()
    queue.Queue().get()


def wait_for_event(entered):
    entered.set()
    threading.Event().wait(FOR_EVER_S)


def wait_for_future(entered):
    entered.set()
    concurrent.futures.Future().result()


def wait_for_socket(entered):
    one, other = socket.socketpair()
    with one, other:
        entered.set()
        one.makefile("rb").read(1)


def wait_for_http(entered):
    with socket.create_server(("127.0.0.1", 0)) as server:
        connection = http.client.HTTPConnection(*server.getsockname(), timeout=FOR_EVER_S)
        connection.request("GET", "/")
        entered.set()
        connection.getresponse()


def wait_for_urllib3(entered):
    import urllib3

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        entered.set()
        urllib3.request("GET", f"http://127.0.0.1:{port}/", retries=False, timeout=FOR_EVER_S)


@pytest.mark.flaky(reruns=2)
@pytest.mark.parametrize("wait", [wait_in_python, wait_for_socket, wait_for_http, wait_for_urllib3])
def test_a_source_that_waits_is_interrupted_when_the_body_is_closed(wait):
    entered = threading.Event()
    seen = []

    def source():
        try:
            yield "a"
            wait(entered)
        finally:
            seen.append("closed")

    body = sse(source())
    assert next(body) == b"data: a\n\n"
    assert next(body) == b""
    assert entered.wait(5)
    began_s = time.monotonic()
    body.close()
    took_s = time.monotonic() - began_s

    eventually(lambda: not threads())
    assert seen == ["closed"]
    assert took_s < 1


@pytest.mark.flaky(reruns=2)
def test_a_source_that_cannot_be_interrupted_does_not_keep_the_client_waiting():
    let_go = threading.Lock()
    let_go.acquire()

    def source():
        yield "a"
        let_go.acquire(timeout=FOR_EVER_S)  # no exception comes through
        yield "b"

    body = sse(source())
    assert next(body)
    assert next(body) == b""
    began_s = time.monotonic()
    body.close()
    took_s = time.monotonic() - began_s

    assert len(threads()) == 1
    let_go.release()
    eventually(lambda: not threads())
    assert took_s < 1


def test_a_source_that_swallows_the_interruption_ends_at_its_next_item():
    def source():
        yield "a"
        while True:
            try:
                while True:
                    threading.Event().wait(0.01)
            except BaseException:
                yield "caught"

    body = sse(source())
    next(body)
    assert next(body) == b""
    body.close()
    eventually(lambda: not threads())


# --- errors of the source


def test_an_exception_before_the_first_piece_is_raised_so_that_the_status_can_be_honest():
    def source():
        raise LookupError("early")
        yield

    pieces, error = until_error(sse(source()))

    assert pieces == []
    assert str(error) == "early"
    assert threads() == []


def test_an_exception_midway_is_an_event_without_its_message_and_then_raised():
    def source():
        yield "a"
        raise LookupError("secret")

    pieces, error = until_error(sse(source()))

    assert events(pieces) == [
        ("message", "a"),
        ("error", '{"message":"The stream ended with an error."}'),
    ]
    assert isinstance(error, LookupError)
    frames = [frame.name for frame in _frames(error)]
    assert "source" in frames
    assert threads() == []


def _frames(error):
    import traceback

    return traceback.extract_tb(error.__traceback__)


def test_the_error_event_has_the_type_and_the_data_that_a_function_wants():
    def source():
        yield "a"
        raise LookupError("for the client")

    body = sse(source(), error_event="failure", error_data=lambda error: {"why": str(error)})
    pieces, _ = until_error(body)

    assert events(pieces)[1] == ("failure", '{"why":"for the client"}')


def test_without_an_error_event_the_exception_is_only_raised():
    def source():
        yield "a"
        raise LookupError

    pieces, error = until_error(sse(source(), error_event=None))

    assert events(pieces) == [("message", "a")]
    assert isinstance(error, LookupError)


def test_error_data_that_fails_itself_is_logged_and_the_client_gets_the_general_message(caplog):
    def source():
        yield "a"
        raise LookupError

    def error_data(error):
        raise KeyError("broken")

    pieces, error = until_error(sse(source(), error_data=error_data))

    assert events(pieces)[1] == ("error", '{"message":"The stream ended with an error."}')
    assert isinstance(error, LookupError)
    assert "sse.error_data_failed" in caplog.text
    assert "broken" in caplog.text


def test_a_heartbeat_commits_the_response_so_a_later_error_is_an_event():
    go_on = threading.Event()

    def source():
        go_on.wait(FOR_EVER_S)
        raise LookupError
        yield

    body = sse(source(), heartbeat_s=0.05)
    pieces_until(body, lambda piece: piece == b":\n")
    go_on.set()
    pieces, error = until_error(body)

    assert [kind for kind, _ in events(pieces)] == ["error"]
    assert isinstance(error, LookupError)
