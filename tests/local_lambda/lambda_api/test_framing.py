"""Decodes what the encoder makes with botocore's decoder."""

from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from local_lambda.lambda_api import framing

NAMES = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=255)


def decoded(data, cut_at=0):
    buffer = EventStreamBuffer()
    for piece in (data[:cut_at], data[cut_at:]):
        if piece:
            buffer.add_data(piece)
    return [*buffer]


@given(st.dictionaries(NAMES, st.text(max_size=300), max_size=4), st.binary(), st.integers(0, 99))
def test_a_message_arrives_as_it_was_made_wherever_it_is_cut(headers, payload, cut_at):
    (found,) = decoded(framing.message(headers, payload), cut_at)

    assert found.headers == headers
    assert found.payload == payload


def test_messages_follow_each_other_without_a_gap():
    first = framing.event("PayloadChunk", b"one", content_type="application/octet-stream")
    second = framing.event("InvokeComplete", b"{}", content_type="application/json")

    found = decoded(first + second)

    assert [each.headers[":event-type"] for each in found] == ["PayloadChunk", "InvokeComplete"]
    assert [each.payload for each in found] == [b"one", b"{}"]
    assert {each.headers[":message-type"] for each in found} == {"event"}


def test_a_message_is_what_the_format_says_byte_for_byte():
    """Lengths, prelude CRC, one header (a byte of length, name, type 7, two bytes of length)."""
    data = framing.message({"a": "b"}, b"c")

    assert data[:8] == b"\0\0\0\x17" + b"\0\0\0\x06"
    assert data[12:18] == b"\x01a\x07\0\x01b"
    assert data[18:19] == b"c"
    assert len(data) == 23
