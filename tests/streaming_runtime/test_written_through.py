"""Tests bodies that write their pieces themselves, while the runtime lets them."""

import threading
import time

import pytest
from streaming_runtime.scopes import after_response

from tests.support.fake_runtime_api import HELD, url_request


class Writing:
    """A body that offers each of `pieces` to the runtime, and yields those that it does not take.

    `pause_s` is what each of them costs. An error of a write is raised where the body is read.
    """

    never_blocks = True

    def __init__(self, pieces, pause_s=0):
        self._pieces = iter(pieces)
        self._pause_s = pause_s
        self.write = None
        self.written = []
        self.yielded = []
        self.closed = 0

    def write_through(self, write):
        self.write = write

    def __iter__(self):
        return self

    def __next__(self):
        for piece in self._pieces:
            time.sleep(self._pause_s)
            if self.write and self.write(piece):
                self.written.append(piece)
            else:
                self.yielded.append(piece)
                return piece
        raise StopIteration

    def close(self):
        self.closed += 1


def answering(body, **fields):
    return lambda event, context: {"statusCode": 200, "body": body, **fields}


PIECES = [b"%d," % number for number in range(200)]


def test_pieces_are_written_in_their_order_after_the_first_one_was_yielded(serve):
    body = Writing(PIECES)

    (post,) = serve(answering(body), url_request())

    assert post.content == b"".join(PIECES)
    assert post.trailers == {}
    assert body.yielded == PIECES[:1]
    assert body.written == PIECES[1:]
    assert body.closed


@pytest.mark.parametrize(
    "changed",
    [{"isBase64Encoded": True}, {"headers": {"Content-Encoding": "gzip"}}],
    ids=["base64", "compressed"],
)
def test_a_body_that_is_decoded_on_its_way_is_not_asked_to_write(serve, changed):
    body = Writing([])

    serve(answering(body, **changed), url_request())

    assert body.write is None


def test_a_buffered_response_is_not_written_through(serve):
    body = Writing(PIECES)

    serve(answering(body), url_request(), environ={"STREAMING_RUNTIME_RESPONSE_MODE": "buffered"})

    assert body.written == []
    assert body.yielded == PIECES


def test_near_the_deadline_the_runtime_takes_over_and_ends_the_body(serve):
    body = Writing(PIECES, pause_s=0.01)

    (post,) = serve(answering(body), {**url_request(), "timeout_ms": 600})

    assert post.trailers["lambda-runtime-function-error-type"] == "Runtime.DeadlineExceeded"
    assert post.content == b"".join([*body.yielded[:1], *body.written, *body.yielded[1:-1]])
    assert body.closed


def test_a_write_that_fails_ends_the_body(serve, capfd):
    body = Writing([b"x" * 60_000] * 1000)
    later = []

    def handler(event, context):
        after_response(lambda: later.append(bool(body.closed)))
        return {"statusCode": 200, "body": body}

    serve(
        handler,
        url_request(),
        verdicts={0: (HELD, 1_000)},
        environ={"STREAMING_RUNTIME_WRITE_TIMEOUT_S": "0.3"},
    )

    assert "runtime.response_stalled" in capfd.readouterr().out
    assert later == [True]


class Murmuring:
    """A body whose signs of life another thread writes without waiting, while it sleeps itself."""

    def __init__(self, first, most):
        self._first = first
        self._most = most
        self.taken = []
        self.refused = 0

    def write_through(self, write):
        self.write = write

    def __iter__(self):
        yield self._first
        thread = threading.Thread(target=self._murmur)
        thread.start()
        thread.join(10)
        yield b"last"

    def _murmur(self):
        for number in range(self._most):
            piece = b"%07d," % number * 1_000
            if not self.write(piece, wait=False):
                self.refused += 1
                return
            self.taken.append(piece)


def test_another_thread_may_write_while_the_body_sleeps(serve):
    body = Murmuring(b"first", most=20)

    (post,) = serve(answering(body), url_request())

    assert body.refused == 0
    assert post.content == b"first" + b"".join(body.taken) + b"last"
    assert post.trailers == {}


def test_another_thread_never_waits_for_a_reader_that_is_slow(serve):
    """A piece of which only a part was sent goes on with the next one."""
    body = Murmuring(b"first", most=100_000)
    began_s = time.monotonic()

    (post,) = serve(
        answering(body),
        url_request(),
        verdicts={0: (HELD, 1_000)},
        environ={"STREAMING_RUNTIME_WRITE_TIMEOUT_S": "0.3"},
    )

    assert body.refused == 1
    assert not post.complete
    assert time.monotonic() - began_s < 10
