"""Tests readers that are slow, or read nothing: the former are waited for, the latter are not."""

import os
import signal
import socket
import threading
import time
from collections import namedtuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streaming_runtime.loop import run
from streaming_runtime.runtime_api import SLICE_BYTES, RuntimeApi, Stalled
from streaming_runtime.settings import Settings

from tests.streaming_runtime import handlers
from tests.support.fake_runtime_api import HELD, FakeRuntimeApi, url_request
from tests.support.waiting import eventually

NAME = "STREAMING_RUNTIME_WRITE_TIMEOUT_S"
BRIEF = {NAME: "0.3"}
# Only the fields that a stream's request is made of.
INVOCATION = namedtuple("Named", ["aws_request_id", "invocation_id"])("request-1", None)


def flood(ended, piece=b"x" * 100_000):
    try:
        while True:
            yield piece
    finally:
        ended.set()


@pytest.mark.parametrize("piece", [b"x" * 300, b"x" * 100_000, b"x" * 20_000_000])
def test_a_stream_that_nobody_reads_is_given_up_and_the_next_invocation_is_served(
    serve, capfd, piece
):
    ended = threading.Event()
    posts = serve(
        handlers.first_then_fine(lambda: {"statusCode": 200, "body": flood(ended, piece)}),
        url_request(),
        url_request(),
        verdicts={0: (HELD, 1_000)},
        environ=BRIEF,
    )

    assert ended.is_set()
    assert not posts[0].complete
    assert posts[1].content == b"fine"
    log = capfd.readouterr().out
    assert "gone" not in log
    assert "broken" not in log
    assert "runtime.response_stalled: less than 65536 bytes were read in 0.3 s" in log


def test_a_failing_finally_of_such_a_stream_is_logged_too(serve, capfd):
    def body():
        try:
            yield from flood(threading.Event())
        finally:
            raise LookupError("in the finally")

    posts = serve(
        handlers.first_then_fine(lambda: {"statusCode": 200, "body": body()}),
        url_request(),
        url_request(),
        verdicts={0: (HELD, 1_000)},
        environ=BRIEF,
    )

    assert posts[1].content == b"fine"
    log = capfd.readouterr().out
    assert "LookupError" in log
    assert "runtime.response_stalled" in log


def test_an_end_that_nobody_reads_is_given_up_too(serve, capfd):
    ended = threading.Event()

    def body():
        yield b"all of it"
        ended.set()

    posts = serve(
        handlers.first_then_fine(lambda: {"statusCode": 200, "body": body()}),
        url_request(),
        url_request(),
        verdicts={0: HELD},
        environ=BRIEF,
    )

    assert ended.is_set()
    assert posts[1].content == b"fine"
    log = capfd.readouterr().out
    assert "runtime.response_stalled: the end was not read within 0.4 s" in log


@pytest.fixture
def slow_reader():
    """Reads 64 KB of a connection every 20 ms. Returns its address, and what it has read."""
    read = bytearray()
    stop = threading.Event()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLICE_BYTES)
    listener.bind(("127.0.0.1", 0))
    listener.listen()

    def run_reader():
        connection, _ = listener.accept()
        with connection:
            while not stop.wait(0.02) and not read.endswith(b"0\r\n\r\n"):
                read.extend(connection.recv(SLICE_BYTES))
            connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")

    thread = threading.Thread(target=run_reader)
    thread.start()
    yield f"127.0.0.1:{listener.getsockname()[1]}", read
    stop.set()
    thread.join()
    listener.close()


def test_a_reader_that_is_slow_but_reads_gets_a_large_piece_whole(slow_reader):
    address, read = slow_reader
    stream = RuntimeApi(address).open_stream(
        INVOCATION, first=(), content_type="text/plain", write_timeout_s=0.5
    )
    began_at = time.monotonic()
    stream.write(bytes(8_000_000))
    took_s = time.monotonic() - began_at

    assert stream.end().status == 202
    assert read.count(0) == 8_000_000
    assert took_s > 0.5  # longer than a reader may take over 64 KB


def test_an_end_that_waits_in_the_socket_has_no_more_time_than_a_write():
    """The time for the end grows with the body, but not for a reader that takes nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        stream = RuntimeApi(address).open_stream(
            INVOCATION, first=(), content_type="text/plain", write_timeout_s=1
        )
        for _ in range(16):
            stream.write(bytes(10_000))  # more than the other side's buffer takes unread
        with pytest.raises(Stalled, match=r"within 1(\.\d+)? s"):
            stream.end()


def test_a_stalled_stream_says_so_each_time():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        stream = RuntimeApi(address).open_stream(
            INVOCATION, first=(), content_type="text/plain", write_timeout_s=0.1
        )
        with pytest.raises(Stalled):
            stream.write(bytes(50_000_000))
        with pytest.raises(Stalled):
            stream.end()
        connection, _ = listener.accept()
        with connection, pytest.raises(ConnectionResetError):  # not an ordinary end
            read_all(connection)


def read_all(connection):
    while connection.recv(1 << 20):
        pass


@pytest.mark.parametrize("timeout_s", ["0", "60"])
def test_sigterm_in_a_blocked_write_ends_the_process(timeout_s):
    before = signal.getsignal(signal.SIGTERM)
    handlers.EVENTS.clear()
    script = [url_request()]
    with FakeRuntimeApi(script, verdicts={0: (HELD, 1_000)}) as platform:
        environ = {
            "AWS_LAMBDA_RUNTIME_API": platform.address,
            "_HANDLER": "tests.streaming_runtime.handlers.flood",
            NAME: timeout_s,
        }

        def end_it():
            eventually(platform.held.is_set)
            seen = -1
            while seen != (seen := len(handlers.EVENTS)):  # until no further piece is taken
                threading.Event().wait(0.3)
            os.kill(os.getpid(), signal.SIGTERM)

        thread = threading.Thread(target=end_it)
        thread.start()
        try:
            assert run(environ) == 0
        finally:
            thread.join()
            signal.signal(signal.SIGTERM, before)

    assert handlers.EVENTS[-1] == "closed"


def write_timeout_of(text):
    return Settings.from_environ({"AWS_LAMBDA_RUNTIME_API": "a:1", NAME: text}).write_timeout_s


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", 20), (" ", 20), ("5", 5), ("0.5", 0.5), ("0", None), ("86400", 86400)],
)
def test_the_time_for_a_write_is_a_setting(text, seconds):
    assert write_timeout_of(text) == seconds


@given(st.text() | st.floats().filter(lambda number: not 0 <= number <= 86_400).map(str))
def test_nonsense_is_refused_and_the_error_names_the_setting(text):
    try:
        assert not text.strip() or 0 <= float(text) <= 86_400
    except (ValueError, AssertionError):
        with pytest.raises(ValueError, match=NAME):
            write_timeout_of(text)
