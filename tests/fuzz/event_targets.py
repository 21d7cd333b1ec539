"""Targets of the event format: the encoder, the decoder under every cut, and `sse`."""

from collections.abc import Iterator
from typing import Any

import event_stream
from event_stream import Decoder, EventTooLargeError
from lambda_streaming import Event, sse
from lambda_streaming.server_sent_events.events import text_of

from tests.fuzz.runtime_targets import any_value
from tests.fuzz.source import Source
from tests.fuzz.target import Check, Registry

TARGETS = Registry()
LINES = [
    b"data: a", b"data:", b"data", b"id: 7", b"id", b"id: a\0b", b"event: x", b"retry: 10",
    b"retry: 1x", b": c", b"", b"", b"\xef\xbb\xbfdata: b", b"datax: y", b"data: \xff\xfe",
    b"retry: " + b"9" * 5_000,
]  # fmt: skip
MAXIMUM_BYTES = 2_000


def lines_of(text: str) -> str:
    """Returns text as it arrives: every line end of the format has become LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def decoded(data: bytes, source: Source) -> list[Any]:
    decoder = Decoder()
    return [event for piece in source.cuts(data) for event in decoder.feed(piece)]


@TARGETS.target(
    "encoder",
    "Any fields: an encoded event decodes, however it is cut, to exactly these and to no other "
    "event; what cannot be sent exactly is a TypeError or ValueError",
)
def encoder() -> Iterator[Check]:
    def check(data: bytes) -> None:
        source = Source(data)
        text: Any = source.pick([None, source.text(30), source.json(1)])
        fields: dict[str, Any] = {
            "event": source.text(6) if source.chance(60) else None,
            "id": source.text(6) if source.chance(60) else None,
            "retry_ms": source.number() if source.chance(30) else None,
        }
        comment = source.text()
        stream = b""
        try:
            stream += event_stream.comment(comment)
            stream += event_stream.comment_line(comment)
        except (TypeError, ValueError):
            pass
        before = len(stream)
        try:
            stream += event_stream.encode(text, **fields)
        except (TypeError, ValueError):
            text = None
        expected = []
        if text is not None:
            given = fields["id"] if len(stream) > before else None
            expected = [(fields["event"] or "message", lines_of(text), given or "")]
        stream += event_stream.encode("last")
        found = decoded(stream, source)
        assert [tuple(each[:2]) for each in found] == [
            *[each[:2] for each in expected],
            ("message", "last"),
        ], (stream, found)
        assert [each.id for each in found[:-1]] == [each[2] for each in expected]

    yield check


@TARGETS.target(
    "decoder",
    "Any bytes, in any pieces: the same events as in one piece, or EventTooLargeError; nothing "
    "else is raised",
)
def decoder() -> Iterator[Check]:
    def check(data: bytes) -> None:
        source = Source(data)
        stream = stream_of(source)
        pieces = source.cuts(stream)
        whole = Decoder(last_event_id="before", max_event_bytes=MAXIMUM_BYTES)
        cut = Decoder(last_event_id="before", max_event_bytes=MAXIMUM_BYTES)
        assert _events(whole, [stream]) == _events(cut, pieces), (stream, pieces)
        assert (whole.last_event_id, whole.retry_ms) == (cut.last_event_id, cut.retry_ms)

    yield check


def stream_of(source: Source) -> bytes:
    """Returns an event stream most of whose lines are fields."""
    stream = b""
    for _ in range(source.below(24)):
        line = source.pick(LINES) if source.chance(80) else source.binary(20)
        stream += line + source.pick([b"\n", b"\n", b"\r", b"\r\n"])
    return stream + source.binary(8)


def _events(decoder: Decoder, pieces: list[bytes]) -> list[Any]:
    found: list[Any] = []
    try:
        for piece in pieces:
            found += decoder.feed(piece)
        found += decoder.feed(b"")
    except EventTooLargeError:
        found.append("too large")
    return found


@TARGETS.target(
    "sse",
    "`sse` over items of any type: exactly one event for each item that is one, in order, then "
    "one end; an item that cannot be sent ends the stream by one error event, and injects "
    "nothing",
)
def sse_target() -> Iterator[Check]:
    def check(data: bytes) -> None:
        source = Source(data)
        items = [_item(source) for _ in range(source.below(5))]
        expected, fails = _expected(items)
        body = sse(iter(items), heartbeat_s=None)
        stream = b""
        raised = False
        try:
            for piece in body:
                stream += piece
        except (TypeError, ValueError, RecursionError):
            raised = True
        assert raised == fails, items
        found = [(each.type, each.data) for each in decoded(stream, source)]
        ending = found[len(expected) :]
        assert found[: len(expected)] == expected, (items, stream)
        if fails:
            assert [kind for kind, _ in ending] in ([], ["error"])
        else:
            assert [kind for kind, _ in ending] == ["end"]

    yield check


def _item(source: Source) -> Any:
    if source.chance(60):
        return any_value(source)
    return Event(
        any_value(source, 1),
        type=any_value(source, 0) if source.chance(50) else None,
        id=any_value(source, 0) if source.chance(50) else None,
        retry_ms=any_value(source, 0) if source.chance(20) else None,
        comment=source.text() if source.chance(40) else None,
    )


def _expected(items: list[Any]) -> tuple[list[tuple[str, str]], bool]:
    """Returns the events that these items are meant to be, and whether one cannot be sent.

    An item is encoded by itself, so this does not tell whether it is one event: `check` does.
    """
    events = []
    for item in items:
        if item is None or (isinstance(item, (bytes, bytearray)) and not item):
            continue
        event = item if isinstance(item, Event) else Event(item)
        try:
            text = None if event.data is None else lines_of(text_of(event.data))
            if event.comment is not None:
                event.comment.encode()
            if event.comment is None or (text, event.type, event.id, event.retry_ms) != (None,) * 4:
                event_stream.encode(text, event=event.type, id=event.id, retry_ms=event.retry_ms)
        except (TypeError, ValueError, RecursionError):
            return events, True
        if text is not None:
            events.append((event.type or "message", text))
    return events, False
