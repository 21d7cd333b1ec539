"""Does twice the input cost twice the work, not four times?

The large input is 16 times the small one: a quadratic cost is 256 times. That takes seconds, as
lines and chunks are sized so that copying earlier input dwarfs the rest. The bound leaves room for
a busy machine and for its caches.
"""

from collections.abc import Callable
from time import process_time

import pytest
from event_stream import Decoder, encode

SMALL_BYTES, LARGE_BYTES = 200_000, 3_200_000
BOUND = 64
RESOLUTION_S = 0.005  # below this, times say more about caches and the clock


def seconds(work: Callable[[bytes], object], body: bytes) -> float:
    def once() -> float:
        start = process_time()
        work(body)
        return process_time() - start

    return min(once() for _ in range(3))


def assert_linear(work: Callable[[bytes], object], line: bytes) -> None:
    small, large = line * (SMALL_BYTES // len(line)), line * (LARGE_BYTES // len(line))
    assert seconds(work, large) < BOUND * max(seconds(work, small), RESOLUTION_S)


def feed_in_one_chunk(body: bytes) -> None:
    Decoder().feed(body + b"\n\n")


def feed_in_many_chunks(body: bytes) -> None:
    decoder = Decoder()
    for start in range(0, len(body), 100):
        decoder.feed(body[start : start + 100])
    decoder.feed(b"\n\n")


@pytest.mark.parametrize("feed", [feed_in_one_chunk, feed_in_many_chunks])
@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"data:" * 20, id="one huge line"),
        pytest.param(b":" * 100, id="one huge comment"),
        pytest.param(b"data: " + b"x" * 93 + b"\n", id="one event of many data lines"),
        pytest.param(b"data: " + b"x" * 91 + b"\r\n\r\n", id="many events"),
        pytest.param(b": " + b"x" * 97 + b"\n", id="many comments"),
        pytest.param(b"id: " + b"x" * 95 + b"\n", id="many ids"),
    ],
)
def test_the_cost_of_decoding_is_linear(feed, line):
    assert_linear(feed, line)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"x" * 100, id="one huge line"),
        pytest.param(b"x" * 98 + b"\r\n", id="many lines"),
        pytest.param("\u20ac".encode() * 33 + b"\r", id="many lines, not ASCII"),
    ],
)
def test_the_cost_of_encoding_is_linear(line):
    assert_linear(lambda body: encode(body.decode()), line)
