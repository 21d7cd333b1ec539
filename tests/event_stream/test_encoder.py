import subprocess
import sys
from enum import Enum
from pathlib import Path
from types import ModuleType

import event_stream
import pytest
from event_stream import Decoder, Received, comment, comment_line, encode
from hypothesis import given
from hypothesis import strategies as st

PRINTABLE = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "))
# Characters that some parsers treat as special, beside any text at all.
DATA = st.text() | st.text(
    st.sampled_from("\r\n\0\x0b\x0c\x1c\x85\u2028\ufeff :dataidx\u20ac\U0001f600")
)


def with_lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize(
    ("arguments", "block"),
    [
        ({"data": "x"}, b"data: x\n\n"),
        ({"data": ""}, b"data: \n\n"),
        ({"data": "a\nb\rc\r\nd"}, b"data: a\ndata: b\ndata: c\ndata: d\n\n"),
        ({"data": "a\n"}, b"data: a\ndata: \n\n"),
        ({"data": "\n"}, b"data: \ndata: \n\n"),
        ({"data": "\n\r"}, b"data: \ndata: \ndata: \n\n"),
        ({"data": " \u20ac"}, b"data:  \xe2\x82\xac\n\n"),
        ({"data": "x", "event": "e"}, b"event: e\ndata: x\n\n"),
        ({"id": "7"}, b"id: 7\n\n"),
        ({"id": ""}, b"id: \n\n"),
        ({"retry_ms": 0}, b"retry: 0\n\n"),
        ({"retry_ms": 2**31 - 1}, b"retry: 2147483647\n\n"),
        (
            {"data": "x", "event": "e", "id": "7", "retry_ms": 5},
            b"retry: 5\nevent: e\ndata: x\nid: 7\n\n",
        ),
    ],
)
def test_an_event_is_written_field_by_field(arguments, block):
    assert encode(**arguments) == block


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("", b": \n\n"),
        ("hb", b": hb\n\n"),
        ("a\n\nb\rc\r\nd", b": a\n: \n: b\n: c\n: d\n\n"),
        ("\0", b": \0\n\n"),
    ],
)
def test_a_comment_is_written_line_by_line(text, block):
    assert comment(text) == block


class Colour(str, Enum):  # noqa: UP042  its str() is "Colour.RED", unlike that of a StrEnum
    RED = "red"


def test_a_text_enumeration_is_written_as_its_text():
    assert (
        encode(Colour.RED, event=Colour.RED, id=Colour.RED) == b"event: red\ndata: red\nid: red\n\n"
    )


@st.composite
def accepted_events(draw) -> dict:
    data = draw(st.none() | DATA)
    event = None if data is None else draw(st.none() | PRINTABLE.filter(bool))
    id = draw(PRINTABLE if data is None else st.none() | PRINTABLE)
    return {
        "data": data,
        "event": event,
        "id": id,
        "retry_ms": draw(st.none() | st.integers(0, 2**31 - 1)),
    }


def outcome_of(events: list[dict]) -> tuple[list[Received], str, int | None]:
    received, last_event_id, retry_ms = [], "", None
    for event in events:
        last_event_id = last_event_id if event["id"] is None else event["id"]
        retry_ms = retry_ms if event["retry_ms"] is None else event["retry_ms"]
        if event["data"] is not None:
            received.append(
                Received(event["event"] or "message", with_lf(event["data"]), last_event_id)
            )
    return received, last_event_id, retry_ms


def outcome_of_chunks(*chunks: bytes) -> tuple[list[Received], str, int | None]:
    decoder = Decoder()
    received = [event for chunk in chunks for event in decoder.feed(chunk)]
    return received, decoder.last_event_id, decoder.retry_ms


@given(events=st.lists(accepted_events(), max_size=4), heartbeat=DATA, cuts=st.data())
def test_whatever_is_accepted_arrives_exactly_however_it_is_cut(events, heartbeat, cuts):
    body = b"".join(encode(**event) + comment(heartbeat) for event in events)
    first, second = sorted(
        cuts.draw(st.tuples(st.integers(0, len(body)), st.integers(0, len(body))))
    )
    assert outcome_of_chunks(body[:first], body[first:second], body[second:]) == outcome_of(events)


@given(event=accepted_events())
def test_whatever_is_accepted_arrives_exactly_at_every_cut(event):
    body = encode(**event)
    for position in range(len(body) + 1):
        assert outcome_of_chunks(body[:position], body[position:]) == outcome_of([event])


def test_the_package_names_exactly_what_it_offers():
    public = {
        name
        for name, value in vars(event_stream).items()
        if name[0] != "_" and not isinstance(value, ModuleType)
    }
    assert event_stream.__all__ == sorted(public)


def test_the_package_is_cheap_to_import():
    root = Path(event_stream.__file__).parent.parent
    program = (
        f"import sys; sys.path.insert(0, {str(root)!r}); import event_stream; print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-IS", "-c", program], check=True, capture_output=True, text=True
    ).stdout
    assert not {"re", "typing", "dataclasses", "json", "http", "enum"} & set(loaded.split())


@pytest.mark.parametrize(
    ("text", "line"),
    [("", b":\n"), ("why", b": why\n"), ("\u20ac\u2028", ": \u20ac\u2028\n".encode())],
)
def test_a_comment_line_is_one_line_and_no_block(text, line):
    assert comment_line(text) == line


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "\n", "\ud800", None, b"bytes"])
def test_a_comment_line_of_more_than_a_line_is_refused(text):
    with pytest.raises((TypeError, ValueError), match="comment"):
        comment_line(text)


@given(st.lists(st.tuples(DATA, st.booleans()), max_size=5), st.integers(1, 9))
def test_comment_lines_between_events_change_nothing(events, size):
    body = b"".join(b":\n" * commented + encode(data) for data, commented in events)
    decoder = Decoder()
    received = []
    for start in range(0, len(body), size):
        received += decoder.feed(body[start : start + size])

    assert [each.data for each in received] == [with_lf(data) for data, _ in events]
