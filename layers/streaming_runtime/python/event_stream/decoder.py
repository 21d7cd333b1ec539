"""Which events do the bytes received so far hold?

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

# typing.NamedTuple costs several times the rest of this package to import.
from collections import namedtuple

_BOM = b"\xef\xbb\xbf"
# A JavaScript client cannot hold more; and Python refuses to parse integers of over 4,300 digits.
_MAX_RETRY_MS = 2**53 - 1


class Received(namedtuple("Received", ("type", "data", "id"))):
    """One event as a client dispatches it.

    `id` is the last event ID at that moment, whether this event set it or an earlier one.
    """

    __slots__ = ()
    type: str
    data: str
    id: str


class EventTooLargeError(ValueError):
    """One event outgrew `max_event_bytes`. The stream cannot be followed any further."""


class Decoder:
    """Decodes one response body, in time and memory linear in its length, however it is cut.

    last_event_id: the position that the client asked to resume after. It stands until the stream
        sets another, as in browsers.
    max_event_bytes: limits one event's `data` lines together with the line under way.

    Drop the decoder at the end of the body: an event without its blank line is discarded.

    `last_event_id` and `retry_ms` (the last reconnection time that the stream set, in milliseconds)
    reflect the bytes fed so far. An `id` counts from its blank line on, a `retry` at once.
    """

    def __init__(self, *, last_event_id: str = "", max_event_bytes: int = 16 * 1024 * 1024) -> None:
        self.last_event_id = last_event_id
        self.retry_ms: int | None = None
        self._max_event_bytes = max_event_bytes
        self._too_large = False
        self._line = bytearray()
        self._is_first_line = True
        self._ended_in_cr = False
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._type = ""
        self._id = last_event_id

    def feed(self, chunk: bytes) -> list[Received]:
        """Returns the events that `chunk` completes.

        Raises EventTooLargeError, though never before the events ahead of the oversized one have
        been returned: if `chunk` completes any, the next call raises.
        """
        received: list[Received] = []
        if not self._too_large:
            self._too_large = not self._interpret_within_bound(chunk, received)
        if self._too_large and not received:
            raise EventTooLargeError(f"an event is larger than {self._max_event_bytes} bytes")
        return received

    def _interpret_within_bound(self, chunk: bytes, received: list[Received]) -> bool:
        for line in self._completed_lines(chunk):
            if self._data_bytes + len(line) > self._max_event_bytes:
                return False
            if self._is_first_line:
                self._is_first_line = False
                line = line.removeprefix(_BOM)
            if line:
                self._process_field(line)
            else:
                self._dispatch(received)
        return self._data_bytes + len(self._line) <= self._max_event_bytes

    def _completed_lines(self, chunk: bytes) -> list[bytes]:
        if not chunk:
            return []
        # A CR completes its line at once, so that no event waits for a LF that may never come.
        if self._ended_in_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._ended_in_cr = chunk.endswith(b"\r")
        lines = chunk.splitlines()  # on bytes, it splits at CRLF, LF and CR only
        rest = lines.pop() if lines and not chunk.endswith((b"\n", b"\r")) else b""
        if lines and self._line:
            lines[0] = bytes(self._line) + lines[0]
            self._line.clear()
        self._line += rest
        return lines

    def _process_field(self, line: bytes) -> None:
        # Each field is decoded by itself. No UTF-8 sequence spans an ASCII byte, so the result is
        # the same as for the decoded whole.
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
            self._data_bytes += len(line)
        elif name == b"event":
            self._type = value.decode("utf-8", "replace")
        elif name == b"id":
            if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit():
            self.retry_ms = min(int(value.lstrip(b"0")[:20] or b"0"), _MAX_RETRY_MS)

    def _dispatch(self, received: list[Received]) -> None:
        self.last_event_id = self._id
        if self._data:
            data = b"\n".join(self._data).decode("utf-8", "replace")
            received.append(Received(self._type or "message", data, self.last_event_id))
            self._data = []
            self._data_bytes = 0
        self._type = ""
