from collections.abc import Iterable
from itertools import pairwise

import pytest
from event_stream import Decoder, EventTooLargeError, Received
from hypothesis import given
from hypothesis import strategies as st

from tests.event_stream.reference import interpret
from tests.support.event_stream_vectors import VECTORS

NAMES = [f"{vector['source']} {vector['name']}" for vector in VECTORS]

# Everything that the rules distinguish: field names, line ends, parts of characters, and characters
# that other splitters take for line ends.
PIECES = [
    *(
        b"data",
        b"event",
        b"id",
        b"retry",
        b"da",
        b"Data",
        b":",
        b": ",
        b" ",
        b"\t",
        b"x",
        b"0",
        b"42",
        b"-",
    ),
    *(
        b"\n",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\r\r",
        b"\r\n\r\n",
        b"\0",
        b"\x0b",
        b"\x0c",
        b"\x1c",
        b"\xc2\x85",
    ),
    *(
        b"\xef\xbb\xbf",
        b"\xef",
        b"\xbb",
        b"\xe2\x82\xac",
        b"\xe2\x82",
        b"\xac",
        b"\xe2\x80\xa8",
        b"\xff",
        b"\xc0\x80",
    ),
    *(b"data: a\n", b"id: 7\n", b"event: e\n", b"retry: 9\n", b": c\n"),
]
BODIES = st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join) | st.binary(max_size=40)


def decoded(chunks: Iterable[bytes], **options) -> tuple[list[Received], str, int | None]:
    decoder = Decoder(**options)
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    return events, decoder.last_event_id, decoder.retry_ms


def cut(body: bytes, positions: Iterable[int]) -> list[bytes]:
    return [body[start:end] for start, end in pairwise([0, *sorted(positions), len(body)])]


def single_bytes(body: bytes) -> list[bytes]:
    return cut(body, range(1, len(body)))


def expected(vector: dict) -> tuple[list[Received], str, int | None]:
    return (
        [Received(**event) for event in vector["events"]],
        vector["last_event_id"],
        vector["retry_ms"],
    )


@pytest.mark.parametrize("vector", VECTORS, ids=NAMES)
def test_each_vector_decodes_as_the_standard_says(vector):
    assert decoded([vector["bytes"]]) == expected(vector)


@pytest.mark.parametrize("vector", VECTORS, ids=NAMES)
def test_each_vector_decodes_the_same_however_it_is_cut(vector):
    body = vector["bytes"]
    for position in range(len(body) + 1):
        assert decoded([body[:position], b"", body[position:]]) == expected(vector), position
    assert decoded(single_bytes(body)) == expected(vector)


@pytest.mark.parametrize("vector", VECTORS, ids=NAMES)
def test_the_reference_agrees_with_each_vector(vector):
    assert interpret(vector["bytes"]) == expected(vector)


def test_no_two_vectors_share_a_name():
    assert len(set(NAMES)) == len(NAMES)


@given(body=BODIES, positions=st.data())
def test_any_bytes_decode_as_the_reference_says(body, positions):
    at = positions.draw(st.lists(st.integers(0, len(body)), max_size=6))
    assert decoded([body]) == interpret(body)
    assert decoded(cut(body, at)) == interpret(body)
    assert decoded(single_bytes(body)) == interpret(body)


@pytest.mark.parametrize(
    ("body", "dispatched_after"),
    [
        (b"data: x\n\n", 9),
        (b"data: x\r\r", 9),
        (b"data: x\r\n\r\n", 11 - 1),  # the CR of the blank line decides; its LF adds nothing
        (b"data: x\r\n\n", 10),
        (b"data: x\n\r\n", 10 - 1),
    ],
)
def test_an_event_is_dispatched_by_the_first_byte_that_decides_it(body, dispatched_after):
    decoder = Decoder()
    counts = [len(decoder.feed(byte)) for byte in single_bytes(body)]
    assert counts.index(1) + 1 == dispatched_after
    assert sum(counts) == 1


def test_the_attributes_stand_at_what_was_fed_so_far():
    decoder = Decoder()
    assert (decoder.last_event_id, decoder.retry_ms) == ("", None)
    decoder.feed(b"retry: 10\nid: 1\n")
    assert (decoder.last_event_id, decoder.retry_ms) == ("", 10)
    decoder.feed(b"\n")
    assert (decoder.last_event_id, decoder.retry_ms) == ("1", 10)


def test_a_resumed_stream_keeps_the_last_event_id_until_it_sets_one():
    # WPT format-field-id: the response to a reconnection sends no id, and the browser still knows
    # the old one.
    assert decoded([b": hb\n\ndata: a\n\n"], last_event_id="7") == (
        [Received("message", "a", "7")],
        "7",
        None,
    )
    assert decoded([b"id\ndata: a\n\n"], last_event_id="7") == (
        [Received("message", "a", "")],
        "",
        None,
    )


@pytest.mark.parametrize(
    ("digits", "retry_ms"),
    [
        (b"0" * 5000 + b"7", 7),
        (b"0" * 5000, 0),
        (b"%d" % (2**53 - 1), 2**53 - 1),
        (b"%d" % 2**53, 2**53 - 1),
        (b"9" * 100_000, 2**53 - 1),
    ],
    ids=["zeros before", "zeros alone", "largest", "larger", "absurd"],
)
def test_a_reconnection_time_of_any_length_is_understood(digits, retry_ms):
    assert decoded([b"retry: " + digits + b"\n"]) == ([], "", retry_ms)


def test_a_received_event_cannot_be_changed():
    (event,) = Decoder().feed(b"data: x\n\n")
    with pytest.raises(AttributeError):
        event.data = "y"
    with pytest.raises(AttributeError):
        event.other = "y"


@pytest.mark.parametrize(
    "body", [b"data: 12345\n", b"data: 1\n:3456\n", b"data\ndata:45\n", b":2345678901"]
)
def test_an_event_within_the_bound_is_followed_and_one_byte_more_is_not(body):
    bound = len(body.replace(b"\n", b""))
    assert decoded(single_bytes(body), max_event_bytes=bound) == decoded([body])
    for chunks in ([body], [body.rstrip(b"\n")], single_bytes(body)):
        with pytest.raises(EventTooLargeError, match=f"larger than {bound - 1} bytes"):
            decoded(chunks, max_event_bytes=bound - 1)


def test_a_byte_order_mark_counts_the_same_however_it_is_cut():
    body = b"\xef\xbb\xbfdata: x\n\n"
    for chunks in ([body], single_bytes(body)):
        with pytest.raises(EventTooLargeError):
            decoded(chunks, max_event_bytes=9)
        assert decoded(chunks, max_event_bytes=10)[0] == [Received("message", "x", "")]


def test_the_bound_is_on_one_event_not_on_the_stream():
    body = b"data: x\n\n: hb\n" * 1000
    assert len(decoded([body], max_event_bytes=20)[0]) == 1000


def test_events_ahead_of_an_oversized_one_are_returned_first():
    decoder = Decoder(max_event_bytes=20)
    assert decoder.feed(b"id: 1\ndata: x\n\nid: 2\ndata: " + b"y" * 20 + b"\n\ndata: z\n\n") == [
        Received("message", "x", "1")
    ]
    assert decoder.last_event_id == "1"
    for chunk in (b"", b"\n\ndata: z\n\n"):
        with pytest.raises(EventTooLargeError):
            decoder.feed(chunk)
