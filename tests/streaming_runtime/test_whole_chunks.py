"""Tests that nothing follows a chunk that was cut off, whatever cut it: on bytes that left."""

import os
import signal
import socket
import subprocess
import sys
import threading
import tracemalloc
from collections import namedtuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streaming_runtime.body import Pieces
from streaming_runtime.runtime_api import SLICE_BYTES, PlatformGone, RuntimeApi

from tests.streaming_runtime.handlers import first_then_fine
from tests.support.fake_runtime_api import FakeRuntimeApi, url_request
from tests.support.paths import ROOT
from tests.support.waiting import eventually

BOOTSTRAP = ROOT / "layers/streaming_runtime/bootstrap"
# Only the fields that a stream's request is made of.
INVOCATION = namedtuple("Named", ["aws_request_id", "invocation_id"])("request-1", None)
MEGABYTE = b"x" * 1_000_000
LARGE = b"y" * 200_000


class Reader:
    """A platform that reads `pause_s` apart, and keeps all bytes of its one connection.

    After `limit` bytes it waits for `go_on`. With `kept_bytes` it keeps the last of them only.
    """

    def __init__(self, pause_s=0.0, limit=None, kept_bytes=1 << 40):
        self.received = bytearray()
        self.go_on = threading.Event()
        self._pause_s = pause_s
        self._limit = limit
        self._kept_bytes = kept_bytes
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLICE_BYTES)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._read)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.go_on.set()
        self._thread.join()
        self._listener.close()

    def stream(self, write_timeout_s=None):
        return RuntimeApi(self.address).open_stream(
            INVOCATION, first=(), content_type="text/plain", write_timeout_s=write_timeout_s
        )

    def _read(self):
        connection, _ = self._listener.accept()
        connection.settimeout(None)
        with connection:
            while True:
                if self._limit is not None and len(self.received) >= self._limit:
                    self.go_on.wait()
                    self._limit = None
                threading.Event().wait(self._pause_s)
                try:
                    data = connection.recv(SLICE_BYTES)
                except ConnectionError:
                    return
                self.received += data
                del self.received[: -self._kept_bytes]
                if not data:
                    return
                if self.received.endswith(b"0\r\n\r\n"):
                    connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")


def write_all(stream, pieces):
    for piece in pieces:
        stream.write(piece)


def chunks_of(received):
    """Returns the whole chunks of a request, and what is left after the last of them."""
    rest = bytes(received).partition(b"\r\n\r\n")[2]
    chunks = []
    while True:
        size, line_end, after = rest.partition(b"\r\n")
        if not line_end or len(after) < int(size, 16) + 2:
            return chunks, rest
        length = int(size, 16)
        assert after[length : length + 2] == b"\r\n"
        chunks.append(after[:length])
        rest = after[length + 2 :]
        if not length:
            return chunks, rest


@pytest.fixture
def default_timeout():
    socket.setdefaulttimeout(0.05)
    yield
    socket.setdefaulttimeout(None)


@pytest.mark.parametrize("write_timeout_s", [None, 20])
def test_a_default_timeout_of_the_function_does_not_reach_the_runtime(
    default_timeout, write_timeout_s
):
    with Reader(pause_s=0.1) as reader:
        stream = reader.stream(write_timeout_s=write_timeout_s)
        write_all(stream, [LARGE] * 2)
        assert stream.end().status == 202

    assert chunks_of(reader.received) == ([LARGE, LARGE, b""], b"")


HOSTILE = """
import select
import socket

def refuse(*_, **__):
    raise AssertionError("the runtime has to use what it took at its own import")

socket.setdefaulttimeout(0.001)
socket.socket = socket.create_connection = socket.getaddrinfo = select.poll = refuse

def handler(event, context):
    return {"statusCode": 200, "body": iter([b"a"])}
"""


def test_the_runtimes_sockets_are_those_from_before_the_function(tmp_path):
    """PySocks and gevent put classes and functions of their own into these modules."""
    (tmp_path / "hostile.py").write_text(HOSTILE)
    with FakeRuntimeApi([url_request(), {"delay_s": 0.1, **url_request()}]) as platform:
        environ = {
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_RUNTIME_API": platform.address,
            "LAMBDA_TASK_ROOT": str(tmp_path),
            "_HANDLER": "hostile.handler",
        }
        subprocess.run([BOOTSTRAP, sys.executable], env=environ, timeout=20, check=False)

    assert [post.content for post in platform.posts] == [b"a", b"a"]


class Interrupted(Exception):
    """A signal handler of the function's raises it."""


@pytest.fixture
def alarm():
    """SIGUSR1 raises Interrupted in whatever runs."""

    def raise_it(*_):
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, raise_it)
    yield lambda: os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("write_timeout_s", [None, 20])
@pytest.mark.parametrize("limit", [0, 1, 200, 70_000, 500_000])
def test_a_signal_inside_a_write_is_the_last_thing_that_the_platform_sees(
    alarm, limit, write_timeout_s
):
    with Reader(limit=limit) as reader:
        stream = reader.stream(write_timeout_s=write_timeout_s)

        def interrupt():
            eventually(lambda: len(reader.received) >= limit)
            seen_bytes = -1
            while seen_bytes != (seen_bytes := len(reader.received)):
                threading.Event().wait(0.05)
            alarm()

        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(Interrupted):
            write_all(stream, [MEGABYTE] * 20)
        thread.join()
        with pytest.raises(PlatformGone, match="interrupted"):
            stream.end(LookupError("in the trailers"))

    whole, rest = chunks_of(reader.received)
    assert set(whole) <= {MEGABYTE}
    assert b"Lambda-Runtime" not in rest
    assert not rest.endswith(b"0\r\n\r\n")


def interrupting(line_number, lines):
    """Returns a trace function that raises Interrupted before one line of the runtime runs."""

    def trace(frame, event, _argument):
        if "/streaming_runtime/python/" not in frame.f_code.co_filename:
            return None
        if event == "line":
            lines.append(frame.f_lineno)
            if len(lines) == line_number:
                sys.settrace(None)
                raise Interrupted
        return trace

    return trace


def test_an_interruption_before_any_line_of_a_write_leaves_nothing_broken_or_twice():
    line_number = 0
    lines = []
    while len(lines) >= line_number:  # until a write ran to its end
        line_number += 1
        lines = []
        with Reader() as reader:
            stream = reader.stream()
            before = sys.gettrace()
            sys.settrace(interrupting(line_number, lines))
            try:
                stream.write(b"first")
                stream.write(MEGABYTE)
            except Interrupted:
                pass
            finally:
                sys.settrace(before)
            try:
                verdict = stream.end()
            except PlatformGone:
                verdict = None
        pieces, rest = chunks_of(reader.received) if reader.received else ([], b"")
        if verdict:
            assert (pieces[-1], rest) == (b"", b"")
            assert pieces[:-1] == [b"first", MEGABYTE][: len(pieces) - 1]
        else:
            assert pieces == [b"first", MEGABYTE][: len(pieces)]
            assert not rest.endswith(b"0\r\n\r\n")
    assert line_number > 20


def test_a_handler_whose_signal_hits_a_write_loses_that_stream_only(serve, alarm, capfd):
    def body():
        threading.Timer(0.3, alarm).start()
        while True:
            yield MEGABYTE

    handler = first_then_fine(lambda: {"statusCode": 200, "body": body()})
    bad, good = serve(handler, url_request(), url_request())

    assert not bad.complete
    assert good.content == b"fine"
    assert "Interrupted" in "".join(capfd.readouterr())


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
@given(sizes=st.lists(st.integers(1, 3 * SLICE_BYTES), min_size=1, max_size=5))
def test_pieces_of_any_size_and_kind_arrive_as_chunks_of_their_own(kind, sizes):
    pieces = [bytes([number + 1]) * size for number, size in enumerate(sizes)]
    with Reader() as reader:
        stream = reader.stream(write_timeout_s=20)
        write_all(stream, map(kind, pieces))
        assert stream.end().status == 202

    assert chunks_of(reader.received) == ([*pieces, b""], b"")


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_large_piece_is_not_copied(kind):
    piece = kind(bytes(50_000_000))
    with Reader(kept_bytes=16) as reader:
        stream = reader.stream(write_timeout_s=20)
        tracemalloc.start()
        try:
            write_all(stream, Pieces(iter([piece])))
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert stream.end().status == 202

    assert peak_bytes < 2_000_000
