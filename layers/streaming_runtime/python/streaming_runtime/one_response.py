"""How much of a body becomes one response, for tools that cannot stream (`sam local`)?

Imported only there.
"""

from __future__ import annotations

import codecs
import json
import threading
from bisect import bisect_right
from contextvars import copy_context

from streaming_runtime.errors import Shutdown
from streaming_runtime.scopes import StreamScopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from streaming_runtime.body import Bytes, Pieces
    from streaming_runtime.invocation import Process

RESPONSE_BYTES = 6_291_556  # the most that Lambda takes as one response
SLICE_CHARACTERS = 65_536
FIELDS_BYTES = 100  # `body`, `isBase64Encoded` and what stands around them


class Content:
    """The bytes of a body for as long as they fit into a JSON response, as text or as base64.

    `room_bytes` is what the other fields leave.
    """

    def __init__(self, room_bytes: int) -> None:
        self._room_bytes = room_bytes
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text_bytes = 0
        self._is_text = True
        self.bytes = bytearray()
        self.is_full = False

    def add(self, piece: Bytes) -> None:
        """Adds `piece`, or as much of it as fits: then it `is_full`."""
        if self.is_full:
            return
        size = len(piece)
        if self._is_text:
            size = self._fitting_as_text(bytes(piece))
        if not self._is_text:
            size = self._room_bytes // 4 * 3 - len(self.bytes)
        self.is_full = size < len(piece)
        if size < 0:  # not even the character that had begun
            del self.bytes[size:]
        self.bytes += memoryview(piece)[: max(0, size)]

    def _fitting_as_text(self, piece: bytes) -> int:
        """Returns how many bytes of `piece` fit, as long as it is text."""
        begun_bytes = len(self._decoder.getstate()[0])  # a character that goes on here
        try:
            text = self._decoder.decode(piece)
        except UnicodeDecodeError:
            self._is_text = False
            return 0
        for start in range(0, len(text), SLICE_CHARACTERS):
            part = text[start : start + SLICE_CHARACTERS]
            room_bytes = self._room_bytes - self._text_bytes
            self._text_bytes += json_bytes(part)
            if self._text_bytes > self._room_bytes:
                fits = text[:start] + fitting(part, room_bytes)
                return len(fits.encode()) - begun_bytes
        return len(piece)


def fitting(text: str, room_bytes: int) -> str:
    """Returns as much of `text` as becomes no more than `room_bytes` of JSON."""
    ends = range(len(text) + 1)
    return text[: bisect_right(ends, room_bytes, key=lambda end: json_bytes(text[:end])) - 1]


def json_bytes(text: str) -> int:
    """Returns how many bytes of JSON `text` becomes."""
    return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "surrogatepass")) - 2


def collected_for(
    wait_s: float, pieces: Pieces, process: Process, other_bytes: int
) -> tuple[bytes, str]:
    """Returns what comes of `pieces` in `wait_s` seconds, and why that is not all of it, or "".

    `other_bytes` is the size of the response's other fields as JSON. Clients poll for more.
    """
    content = Content(RESPONSE_BYTES - FIELDS_BYTES - other_bytes)
    until = process.monotonic() + wait_s
    failures: list[BaseException] = []
    ended: list[bool] = []

    def read() -> None:
        try:
            with StreamScopes(pieces.is_whole), pieces:
                for piece in pieces:
                    content.add(piece)
                    if process.stop:
                        raise Shutdown
                    if content.is_full or (process.monotonic() > until and not pieces.is_whole):
                        return
            ended.append(True)
        except BaseException as error:
            failures.append(error)

    if pieces.is_asynchronous or pieces.is_whole:  # no body blocks there
        read()
    else:
        thread = threading.Thread(target=copy_context().run, args=(read,), daemon=True)
        thread.start()
        thread.join(wait_s)
    for failure in failures:
        raise failure
    found = bytes(content.bytes)
    if content.is_full:
        return found, f"the first {len(found)} bytes of the body fill a response; nothing streams"
    if not ended:
        return found, f"the body had not ended after {wait_s:g} s; nothing streams here"
    return found, ""
