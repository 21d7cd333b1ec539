"""One request and all that came back: the facts that every check judges."""

from dataclasses import dataclass, field
from functools import cached_property

from sse_conformance.http1 import Head
from sse_conformance.reading import Event, Reading, read

# How a capture ended.
LEFT = "left"  # the kit closed the connection
COMPLETE = "complete"  # the response ended as its framing says
CUT = "cut"  # the connection ended inside of the response
TIMED_OUT = "timed out"  # nothing that was waited for came in time
FAILED = "failed"  # no connection, no HTTP, or a TLS error


@dataclass
class Capture:
    """The response to one request; times in seconds since the request was sent."""

    asked: str  # for people: "GET with Last-Event-ID 7"
    head: Head | None = None
    body: bytes = b""
    reads: list[tuple[float, int]] = field(default_factory=list)  # (time, length of body by then)
    head_s: float | None = None
    lasted_s: float = 0.0
    ended: str = FAILED
    framing: str = ""
    faults: list[str] = field(default_factory=list)
    after_end: bytes = b""
    error: str = ""  # why it FAILED

    @property
    def status(self) -> int | None:
        """The status, or None if no response came."""
        return self.head.status if self.head else None

    @cached_property
    def reading(self) -> Reading:
        """The body as an event stream."""
        return read(self.body)

    @property
    def events(self) -> tuple[Event, ...]:
        """The events that a client dispatches."""
        return self.reading.events

    @property
    def media_type(self) -> str:
        """The essence of the content type, in lower case."""
        value = self.header("Content-Type") or ""
        return value.partition(";")[0].strip().lower()

    @property
    def is_stream(self) -> bool:
        """Whether a browser would take this for an open event stream."""
        return self.status == 200 and self.media_type == "text/event-stream"

    def header(self, name: str) -> str | None:
        """Returns the header's value, or None."""
        return self.head.value(name) if self.head else None

    def outcome(self) -> str:
        """Says in some words what came, for evidence."""
        if self.status is not None:
            return f"status {self.status}"
        return self.error or "no response in time"
