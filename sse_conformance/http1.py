"""Which response do these bytes hold? Pure: it reads HTTP/1.1 and keeps what is wrong with it.

https://www.rfc-editor.org/rfc/rfc9112
"""

import re
from dataclasses import dataclass, field

# Longer heads are refused by real clients, too: Node's limit is 16 KB, nginx's and curl's more.
LONGEST_HEAD_BYTES = 256 * 1024
_STATUS_LINE = re.compile(rb"(HTTP/1\.[01]) ([0-9]{3})(?: (.*))?")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SIZE = re.compile(rb"[0-9A-Fa-f]+")
_CONTROLS = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_WITHOUT_BODY = {204, 304}


class NotHttpError(ValueError):
    """The bytes are no HTTP response."""


@dataclass
class Head:
    """The status line and the header lines of a response."""

    version: str
    status: int
    reason: str
    headers: list[tuple[str, str]]
    raw: bytes

    def values(self, name: str) -> list[str]:
        """Returns the values of all header lines of this name, in order."""
        return [value for each, value in self.headers if each.lower() == name.lower()]

    def value(self, name: str) -> str | None:
        """Returns the values of this name as one list, as RFC 9110 combines them, or None."""
        found = self.values(name)
        return ", ".join(found) if found else None


@dataclass
class ResponseReader:
    """Takes the bytes of one connection and splits them into head and body.

    `is_complete` is true when the framing says that the response ended. `faults` describe what is
    not legal HTTP; after a fault of the chunks the rest cannot be read, and is dropped.
    """

    to_head: bool = False  # the request was HEAD: there is no body
    head: Head | None = None
    body: bytearray = field(default_factory=bytearray)
    faults: list[str] = field(default_factory=list)
    is_complete: bool = False
    framing: str = ""  # "chunked", "length", "close" or "none"
    after_end: bytes = b""  # bytes after a complete response
    interim: int = 0  # how many 1xx responses came before
    _buffer: bytearray = field(default_factory=bytearray)
    _left: int = 0
    _state: str = "head"

    def feed(self, data: bytes) -> None:
        """Reads further. Raises NotHttpError if the response does not begin as HTTP does."""
        self._buffer += data
        while self._step():
            pass

    def end(self) -> None:
        """Says that the connection ended."""
        if self._state == "close":
            self.is_complete = True

    def _step(self) -> bool:
        """Takes one part out of the buffer. Returns False when more bytes are needed."""
        if self._state == "head":
            return self._take_head()
        if self._state in ("length", "data"):
            return self._take_body()
        if self._state == "close":
            self.body += self._buffer
            self._buffer.clear()
            return False
        if self._state == "done":
            self.after_end += bytes(self._buffer)
            self._buffer.clear()
            return False
        if self._state == "broken":
            self._buffer.clear()
            return False
        return self._take_line()

    def _take_head(self) -> bool:
        found = re.search(rb"\r?\n\r?\n", self._buffer)
        if found is None:
            start = bytes(self._buffer[:5])
            if not b"HTTP/".startswith(start) or len(self._buffer) > LONGEST_HEAD_BYTES:
                raise NotHttpError("the response does not begin with an HTTP status line")
            return False
        raw = bytes(self._buffer[: found.end()])
        del self._buffer[: found.end()]
        head = parse_head(raw, self.faults)
        if 100 <= head.status < 200 and head.status != 101:
            self.interim += 1
            return True
        self.head = head
        self._begin_body(head)
        return True

    def _begin_body(self, head: Head) -> None:
        codings = (head.value("Transfer-Encoding") or "").lower()
        coding = [each.strip() for each in codings.split(",")]
        values = head.value("Content-Length")
        lengths = {each.strip() for each in values.split(",")} if values is not None else set()
        if self.to_head or head.status in _WITHOUT_BODY:
            self.framing = "none"
            self._finish()
        elif coding[-1] == "chunked":
            self.framing = "chunked"
            self._state = "size"
            if lengths:
                self.faults.append("both Content-Length and Transfer-Encoding are sent")
        elif lengths:
            self.framing = "length"
            self._begin_length(lengths)
        else:
            self.framing = "close"
            self._state = "close"

    def _begin_length(self, lengths: set[str]) -> None:
        length = min(lengths)
        if len(lengths) > 1 or not length.isascii() or not length.isdigit():
            self._break(f"Content-Length is {', '.join(sorted(lengths))}")
            return
        self._left = int(length)
        self._state = "length"
        if not self._left:
            self._finish()

    def _take_body(self) -> bool:
        piece = self._buffer[: self._left]
        self.body += piece
        del self._buffer[: len(piece)]
        self._left -= len(piece)
        if self._left:
            return False
        if self._state == "length":
            self._finish()
        else:
            self._state = "after"
        return True

    def _take_line(self) -> bool:
        """Takes a line of the chunked coding: a size, the end of a chunk, or a trailer."""
        end = self._buffer.find(b"\n")
        if end < 0:
            if len(self._buffer) > LONGEST_HEAD_BYTES:
                self._break("a line of the chunked coding does not end")
            return False
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        if not line.endswith(b"\r"):
            self._break("a line of the chunked coding ends in LF alone")
            return False
        self._process_line(line[:-1])
        return True

    def _process_line(self, line: bytes) -> None:
        if self._state == "after":
            if line:
                self._break("a chunk is longer than its size says")
                return
            self._state = "size"
        elif self._state == "size":
            size = line.partition(b";")[0].strip(b" \t")
            if not _SIZE.fullmatch(size) or len(size) > 15:
                self._break(f"a chunk's size is {line[:40]!r}")
                return
            self._left = int(size, 16)
            self._state = "data" if self._left else "trailers"
        elif not line:
            self._finish()

    def _break(self, fault: str) -> None:
        self.faults.append(fault)
        self._state = "broken"

    def _finish(self) -> None:
        self.is_complete = True
        self._state = "done"


def parse_head(raw: bytes, faults: list[str]) -> Head:
    """Returns the head, and adds to `faults` what is not legal in it.

    Raises NotHttpError if there is no status line.
    """
    lines = raw.split(b"\n")
    if any(line and not line.endswith(b"\r") for line in lines[:-1]):
        faults.append("lines of the response's head end in LF alone")
    lines = [line.removesuffix(b"\r") for line in lines]
    found = _STATUS_LINE.fullmatch(lines[0])
    if not found:
        raise NotHttpError("the response does not begin with an HTTP status line")
    headers = []
    for line in filter(None, lines[1:]):
        name, colon, value = line.partition(b":")
        if not colon or not _NAME.fullmatch(name):
            faults.append(f"a header line is not legal: {line[:60]!r}")
            continue
        if _CONTROLS.search(value):
            faults.append(f"the header {name.decode()} holds control characters")
        headers.append((name.decode("ascii"), value.strip(b" \t").decode("latin-1")))
    return Head(
        version=found[1].decode(),
        status=int(found[2]),
        reason=(found[3] or b"").decode("latin-1"),
        headers=headers,
        raw=raw,
    )
