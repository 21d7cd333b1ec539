"""Which Server-Sent Events does an item of a source become?

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

from event_stream import comment_line, encode

from lambda_streaming.server_sent_events.json_text import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",  # nginx, and what is made of it, passes each piece on at once
}
HEARTBEAT = comment_line()
DEADLINE = "deadline"
# A client that lost a stream waits some seconds, so as not to crowd a server in trouble. One whose
# stream ended by plan need not.
RETRY_AFTER_DEADLINE_MS = 1_000


class Event:
    """One event, with all that the format has.

    data: what any item may be; text as it is, all else as JSON. None: there is no event, only the
        other fields.
    type: what `addEventListener` listens for; without it `message`.
    id: what the client sends as `Last-Event-ID` when it connects again.
    retry_ms: how long the client waits before it connects again, milliseconds.
    comment: a line that clients skip.
    """

    __slots__ = ("comment", "data", "id", "retry_ms", "type")

    def __init__(
        self,
        data: Any = None,
        type: str | None = None,
        id: str | None = None,
        retry_ms: int | None = None,
        comment: str | None = None,
    ) -> None:
        self.data = data
        self.type = type
        self.id = id
        self.retry_ms = retry_ms
        self.comment = comment

    def __repr__(self) -> str:
        fields = [f"{name}={getattr(self, name)!r}" for name in ("data", "type", "id")]
        return f"Event({', '.join(fields)})"


class EventEncoder:
    """Items as Server-Sent Events: text as it is, anything else as JSON.

    `retry_ms` is sent at the beginning, if it is not None. `error_event` and `end_event` are the
    types of the events that say how the stream ended; None leaves the event out.
    """

    headers: Mapping[str, str] = HEADERS

    def __init__(
        self,
        *,
        retry_ms: int | None = None,
        error_event: str | None = "error",
        end_event: str | None = "end",
    ) -> None:
        self._start = b""
        if retry_ms is not None:
            # Without an empty line: it stands in the first event's block, because some clients
            # deliver a block without data as an empty message.
            self._start = encode(retry_ms=retry_ms).removesuffix(b"\n")
        self._retry_ms = retry_ms
        for name in (error_event, end_event):
            if name is not None:
                encode("", event=name)  # raises ValueError now, and not at the stream's end
        self._error_event = error_event
        self._end_event = end_event

    def start(self) -> bytes:
        return self._start

    def item(self, item: Any) -> bytes:
        if isinstance(item, Event):
            return _encoded(item)
        return encode(text_of(item))

    def heartbeat(self) -> bytes:
        return HEARTBEAT

    def error(self, data: Any) -> bytes:
        if self._error_event is None:
            return b""
        return encode(text_of(data), event=self._error_event)

    def end(self, reason: str) -> bytes:
        if self._end_event is None:
            return b""
        retry_ms = None
        if reason == DEADLINE and self._retry_ms is None:
            retry_ms = RETRY_AFTER_DEADLINE_MS
        return encode(json_text({"reason": reason}), event=self._end_event, retry_ms=retry_ms)


def text_of(data: Any) -> str:
    """Returns an item as the text of an event. Raises TypeError or ValueError, with a sentence."""
    if isinstance(data, str):
        return data
    if isinstance(data, (bytes, bytearray, memoryview)):
        try:
            return bytes(data).decode()
        except UnicodeDecodeError:
            raise ValueError("bytes that are no UTF-8 text; encode them as base64") from None
    return json_text(data)


def _encoded(event: Event) -> bytes:
    block = b""
    if event.comment is not None:
        for line in event.comment.splitlines() or [""]:
            block += comment_line(line)
    data = None
    if event.data is not None:
        data = text_of(event.data)
    if data is None and event.id is None and event.retry_ms is None and event.type is None:
        if not block:
            raise ValueError("an Event with nothing in it")
        return block
    return block + encode(data, event=event.type, id=event.id, retry_ms=event.retry_ms)
