"""Tests the end of an invocation's time: what is complete counts, what is begun gets through."""

import base64
import itertools
import json
import signal
import socket
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streaming_runtime.last_piece import ASSUMED_BYTES_PER_MS, Backlog
from streaming_runtime.one_response import Content, json_bytes

from tests.support.fake_runtime_api import url_request

TYPE = "lambda-runtime-function-error-type"
# The last tenth of it is for closing.
TIMEOUT_MS = 1_000
ELB = {"body": json.dumps({"httpMethod": "GET", "requestContext": {"elb": {}}}).encode()}


def request(**more):
    return {**url_request(), "timeout_ms": TIMEOUT_MS, **more}


def until_left(context, left_ms):
    """Sleeps until so much time is left."""
    time.sleep(max(0, context.get_remaining_time_in_millis() - left_ms) / 1000)


def late(body):
    """Returns a handler whose body comes when the last tenth of the timeout has begun."""

    def handler(event, context):
        until_left(context, 60)
        return {"statusCode": 200, "body": body()}

    return handler


def pieces():
    yield b"one"
    yield b"two"


def slow_pieces(context, left_ms):
    yield b"one"
    until_left(context, left_ms)
    yield b"two"


@pytest.mark.parametrize("payload", [request(), request(**ELB)], ids=["streamed", "buffered"])
@pytest.mark.parametrize("body", [lambda: "text", lambda: iter([b"a"])], ids=["whole", "iterator"])
def test_a_body_that_is_complete_counts_however_late_it_is(serve, payload, body):
    (post,) = serve(late(body), payload)

    assert post.complete
    assert post.kind == "response"
    assert post.trailers == {}


@pytest.mark.parametrize("payload", [request(), request(**ELB)], ids=["streamed", "buffered"])
def test_an_iterator_that_ends_in_the_last_moment_is_complete(serve, payload):
    def handler(event, context):
        return {"statusCode": 200, "body": slow_pieces(context, 60)}

    (post,) = serve(handler, payload)

    assert post.kind == "response"
    assert post.trailers == {}
    assert b"two" in post.body


def test_an_answer_that_was_late_already_and_has_a_piece_more_is_not_complete(serve):
    bad, buffered = serve(late(pieces), request(), request(**ELB))

    assert bad.content == b"one"
    assert bad.complete
    assert bad.trailers[TYPE] == "Runtime.DeadlineExceeded"
    assert buffered.error["errorType"] == "Runtime.DeadlineExceeded"


def test_an_iterator_that_waits_when_the_time_is_up_is_closed_where_it_waits(serve):
    """A tick each second must not lose its end because the last tick came into the margin."""
    seen = []

    def body(context):
        try:
            yield b"[tick]"
            until_left(context, 160)
            yield b"[tick]"
            time.sleep(10)
        except GeneratorExit:
            seen.append(context.get_remaining_time_in_millis())
            raise
        finally:
            seen.append("closed")

    def handler(event, context):
        return {"statusCode": 200, "body": body(context)}

    bad, good = serve(first_then(handler), request(timeout_ms=2_000), url_request())

    assert bad.content == b"[tick][tick]"
    assert bad.complete
    assert bad.trailers[TYPE] == "Runtime.DeadlineExceeded"
    assert seen[1:] == ["closed"]
    assert 50 < seen[0] <= 115  # a quarter of the margin was for the wait
    assert good.content == b"fine"
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def first_then(handler):
    """Returns a handler that is `handler` the first time, and fine from then on."""
    calls = []

    def both(event, context):
        calls.append(1)
        if len(calls) == 1:
            return handler(event, context)
        return {"statusCode": 200, "body": "fine"}

    return both


def test_an_iterator_that_swallows_this_is_closed_at_its_next_piece(serve):
    def body(context):
        yield b"one"
        until_left(context, 80)
        yield b"two"
        try:
            time.sleep(10)
        except BaseException:
            yield b"three"

    def handler(event, context):
        return {"statusCode": 200, "body": body(context)}

    (post,) = serve(handler, request())

    assert post.content == b"onetwo"
    assert post.trailers[TYPE] == "Runtime.DeadlineExceeded"


def test_a_function_that_uses_the_alarm_keeps_it(serve):
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(True))
    signal.setitimer(signal.ITIMER_REAL, 5)
    try:

        def handler(event, context):
            return {"statusCode": 200, "body": slow_pieces(context, 60)}

        (post,) = serve(handler, request())
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 3
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    assert post.content == b"onetwo"
    assert post.trailers[TYPE] == "Runtime.DeadlineExceeded"  # nothing could end the wait
    assert rung == []


# --- sam local


def test_under_sam_local_a_body_that_ended_late_is_complete(serve, capfd):
    environ = {"AWS_SAM_LOCAL": "true"}
    (post,) = serve(late(pieces), request(), environ=environ)

    assert json.loads(post.body)["body"] == "onetwo"
    assert "body_cut" not in "".join(capfd.readouterr())


def test_under_sam_local_the_wait_ends_before_the_invocations_time(serve, capfd):
    def body():
        yield b"now"
        time.sleep(5)

    def handler(event, context):
        return {"statusCode": 200, "body": body()}

    began_at = time.monotonic()
    (post,) = serve(handler, request(), environ={"AWS_SAM_LOCAL": "true"})

    assert json.loads(post.body)["body"] == "now"
    assert time.monotonic() - began_at < 1
    assert "runtime.body_cut: the body had not ended after 0." in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("character", "size", "is_cut"),
    [
        (b"x", 6_200_000, False),
        (b"x", 6_300_000, True),
        (b"\n", 3_100_000, False),
        (b"\n", 3_200_000, True),
        (b"\xff", 4_600_000, False),
        (b"\xff", 4_800_000, True),
        ("\u0436".encode(), 3_100_000, False),
        ("\u0436".encode(), 3_200_000, True),
    ],
)
@pytest.mark.parametrize("whole", [True, False])
def test_under_sam_local_a_body_is_cut_where_the_response_is_full_and_the_log_says_so(
    serve, capfd, character, size, is_cut, whole
):
    data = character * size
    body = data if whole else iter([data[: len(data) // 2], data[len(data) // 2 :]])
    (post,) = serve(
        lambda event, context: {"statusCode": 200, "body": body},
        url_request(),
        environ={"AWS_SAM_LOCAL": "true"},
    )

    response = json.loads(post.body)
    sent = response["body"].encode()
    if response["isBase64Encoded"]:
        sent = base64.b64decode(sent)
    assert data.startswith(sent)
    assert (len(sent) < len(data)) == is_cut
    assert 6_000_000 < len(post.body) <= 6_291_556
    assert ("runtime.body_cut: the first" in "".join(capfd.readouterr())) == is_cut


@given(
    text=st.text('a"\n\x01\u0436\u20ac\U0001f600', max_size=60),
    cuts=st.lists(st.integers(0, 240), max_size=6),
    room_bytes=st.integers(1, 200),
)
def test_the_part_that_fits_is_a_beginning_and_fits(text, cuts, room_bytes):
    data = text.encode()
    places = [0, *sorted(min(each, len(data)) for each in cuts), len(data)]
    content = Content(room_bytes)
    for start, end in itertools.pairwise(places):
        content.add(data[start:end])

    assert data.startswith(content.bytes)
    assert json_bytes(content.bytes.decode()) <= room_bytes
    if json_bytes(text) <= room_bytes:
        assert (content.bytes, content.is_full) == (data, False)
    else:
        assert content.is_full
        assert json_bytes(text[: len(content.bytes.decode()) + 1]) > room_bytes


# --- a client that is slower than the source


class SlowPlatform:
    """Reads a stream at a rate, and kills it at the deadline, as Lambda does."""

    def __init__(self, bytes_per_s, timeout_ms):
        self._bytes_per_s = bytes_per_s
        self._timeout_ms = timeout_ms
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.received = bytearray()
        self.is_complete = False
        self.left_ms = 0.0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        next_connection, _ = self._listener.accept()
        with next_connection:
            next_connection.recv(1 << 16)
            deadline_at = time.time() + self._timeout_ms / 1000
            body = url_request()["body"]
            head = (
                "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\n"
                f"Lambda-Runtime-Deadline-Ms: {int(deadline_at * 1000)}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            next_connection.sendall(head.encode() + body)
            connection, _ = self._listener.accept()
            with connection:
                self._read(connection, deadline_at)
            next_connection.recv(1 << 16)
            next_connection.sendall(b"HTTP/1.1 500 End\r\nContent-Length: 0\r\n\r\n")
        self._listener.close()

    def _read(self, connection, deadline_at):
        began_at = time.time()
        while time.time() < deadline_at:
            ahead_s = len(self.received) / self._bytes_per_s - (time.time() - began_at)
            if ahead_s > 0.005:
                time.sleep(min(ahead_s, 0.02))
                continue
            self.received += connection.recv(65_536)
            if b"\r\n0\r\n" in self.received[-8_000:] and self.received.endswith(b"\r\n\r\n"):
                self.is_complete = True
                self.left_ms = (deadline_at - time.time()) * 1000
                connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
                return


@pytest.mark.parametrize("piece", [bytes(1_000), bytes(100_000)], ids=len)
def test_a_stream_whose_client_is_slower_than_its_source_ends_with_a_whole_piece(piece, work):
    platform = SlowPlatform(5_000_000, timeout_ms=3_000)

    def body():
        while True:
            yield piece

    work(platform.address, lambda event, context: {"statusCode": 200, "body": body()})

    assert platform.is_complete
    assert b"Runtime.DeadlineExceeded" in platform.received[-8_000:]
    assert (platform.received.count(0) - 8) % len(piece) == 0  # eight end the prelude
    assert len(platform.received) > 6_000_000  # most of the time was used
    assert platform.left_ms > 0


# --- the pace


@given(
    st.lists(st.tuples(st.integers(1, 1_000), st.integers(1, 999_999)), min_size=3, max_size=20),
    st.integers(1, 10**7),
)
def test_the_backlog_takes_as_long_as_the_reader_took_for_as_many_bytes(steps, more_bytes):
    backlog = Backlog()
    at_ms = 0.0
    sent_bytes = 1_000_000
    backlog.note(at_ms, sent_bytes, 1_000_000)
    for took_ms, taken_bytes in steps:
        at_ms += took_ms
        sent_bytes += taken_bytes
        backlog.note(at_ms, sent_bytes, 1_000_000)

    bytes_per_ms = (sent_bytes - 1_000_000) / at_ms
    if at_ms <= 100:
        bytes_per_ms = ASSUMED_BYTES_PER_MS
    assert backlog.drain_ms(more_bytes) == pytest.approx((1_000_000 + more_bytes) / bytes_per_ms)


def test_a_reader_that_keeps_up_needs_no_time():
    backlog = Backlog()
    for second in range(5):
        backlog.note(second * 1000.0, second * 100, 0)

    assert backlog.drain_ms(100) == 0


def test_a_tick_that_is_looked_at_before_anybody_could_read_it_is_no_backlog():
    backlog = Backlog()
    for second in range(1, 5):
        backlog.note(second * 1000.0, second * 10_000, 10_000)

    assert backlog.drain_ms(1_000) == 5


def test_a_few_bytes_that_wait_are_no_backlog_whatever_their_pace():
    backlog = Backlog()
    for tick in range(1, 5):
        backlog.note(tick * 50.0, 100 + tick, 100)

    assert backlog.drain_ms(12) == 0


def test_a_reader_that_stands_still_is_taken_for_lambdas_own_rate():
    backlog = Backlog()
    for second in range(5):
        backlog.note(second * 1000.0, 4_000_000, 4_000_000)

    assert backlog.drain_ms(0) == 2_000
