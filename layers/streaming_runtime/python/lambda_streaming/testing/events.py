"""Which Server-Sent Events does a body hold, and when did each arrive?

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from event_stream import Decoder


@dataclass(frozen=True)
class Event:
    """One event as a client dispatches it.

    `id` is the last event ID at that moment. `retry_ms` is the reconnection time that stands beside
    this event, None without one. `at_s`: when its end arrived, seconds after the invocation's
    start.
    """

    type: str
    data: str
    id: str = ""
    retry_ms: int | None = None
    at_s: float = 0.0

    def json(self) -> Any:
        """Returns `data`, which is JSON. Raises ValueError if it is none."""
        return json.loads(self.data)


class EventReader:
    """Reads events piece by piece, however they are cut.

    `comments` are the texts of the comments so far, such as heartbeats; `retry_ms` is the last
    reconnection time.
    """

    def __init__(self, last_event_id: str = "") -> None:
        self._decoder = Decoder(last_event_id=last_event_id)
        self._line = bytearray()
        self.comments: list[str] = []
        self.retry_ms: int | None = None

    def feed(self, piece: bytes, at_s: float = 0.0) -> list[Event]:
        """Returns the events that `piece` completes."""
        events: list[Event] = []
        for part in piece.splitlines(keepends=True):
            self._line += part
            received = self._decoder.feed(part)
            retry_ms = self._decoder.retry_ms
            if retry_ms is not None:
                self.retry_ms = retry_ms
            events += [
                Event(each.type, each.data, each.id, retry_ms=retry_ms, at_s=at_s)
                for each in received
            ]
            if part.endswith((b"\r", b"\n")):
                self._end_line()
        return events

    def _end_line(self) -> None:
        line = self._line.decode("utf-8", "replace").rstrip("\r\n")
        self._line.clear()
        if line.startswith(":"):
            self.comments.append(line[1:].removeprefix(" "))
        if not line:  # the end of a block: a later event has a reconnection time of its own
            self._decoder.retry_ms = None
