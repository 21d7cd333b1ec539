"""Which blocks, lines and events do the bytes of a stream hold? Pure, and keeps every oddity.

It is stricter than a client's decoder, which rightly passes over what it does not understand.
https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

import re
from dataclasses import dataclass, field
from functools import cached_property

BOM = b"\xef\xbb\xbf"
FIELDS = (b"data", b"event", b"id", b"retry")
_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True)
class Event:
    """One event as a client dispatches it."""

    type: str
    data: str
    id: str  # the last event ID at that moment
    sets_id: bool  # whether this event's own block set it
    ends_at: int  # offset in bytes after the line end that completed it


@dataclass
class Block:
    """The lines up to an empty one. `ends_at` is None if the empty line never came."""

    lines: list[bytes] = field(default_factory=list)
    starts_at: int = 0
    ends_at: int | None = None

    @property
    def fields(self) -> list[tuple[bytes, bytes]]:
        """The lines that are no comments, each as its name and its value."""
        found = []
        for line in self.lines:
            if not line.startswith(b":"):
                name, _, value = line.partition(b":")
                found.append((name, value.removeprefix(b" ")))
        return found

    def values(self, name: bytes) -> list[bytes]:
        """Returns the values of all fields of this name."""
        return [value for each, value in self.fields if each == name]


@dataclass(frozen=True)
class Reading:
    """The blocks that the bytes of one stream hold."""

    blocks: tuple[Block, ...]
    line_ends: frozenset[bytes]
    starts_with_bom: bool
    body: bytes

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """The events that a client dispatches, in order."""
        return tuple(_interpret(self.blocks)[0])

    @cached_property
    def last_id(self) -> str:
        """The last event ID that a client would send when it reconnects."""
        return _interpret(self.blocks)[1]

    @cached_property
    def retries_ms(self) -> tuple[int, ...]:
        """All reconnection times that a client would take over."""
        values = [value for block in self.blocks for value in block.values(b"retry")]
        return tuple(int(value) for value in values if value.isdigit() and len(value) < 19)


def read(body: bytes) -> Reading:
    """Splits the whole bytes of a stream into blocks, in linear time."""
    has_bom = body.startswith(BOM)
    start = len(BOM) if has_bom else 0
    blocks: list[Block] = []
    line_ends = set()
    block = Block(starts_at=start)
    for found in _LINE_END.finditer(body, start):
        line = body[start : found.start()]
        start = found.end()
        line_ends.add(found[0])
        if line:
            block.lines.append(line)
            continue
        block.ends_at = start
        blocks.append(block)
        block = Block(starts_at=start)
    if start < len(body):
        block.lines.append(body[start:])
    if block.lines:
        blocks.append(block)
    return Reading(tuple(blocks), frozenset(line_ends), has_bom, body)


def _interpret(blocks: tuple[Block, ...]) -> tuple[list[Event], str]:
    events = []
    last_id = ""
    for block in blocks:
        if block.ends_at is None:
            break
        ids = [value for value in block.values(b"id") if b"\0" not in value]
        if ids:
            last_id = ids[-1].decode("utf-8", "replace")
        data = block.values(b"data")
        if data:
            types = block.values(b"event")
            events.append(
                Event(
                    type=(types[-1].decode("utf-8", "replace") if types else "") or "message",
                    data=b"\n".join(data).decode("utf-8", "replace"),
                    id=last_id,
                    sets_id=bool(ids),
                    ends_at=block.ends_at,
                )
            )
    return events, last_id
