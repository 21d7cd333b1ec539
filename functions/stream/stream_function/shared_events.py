"""How is an event encoded once for all streams of a process that send it?

An item has the same id on every connection, so its bytes are the same for all. The ids of other
events need only be unique within a stream: they carry a number of this process, and all streams at
one position send the same bytes. A stream never sends the same event twice, since it says the
number of the last one that it sent.
"""

import secrets
from collections.abc import Callable
from threading import Lock
from typing import Any, NamedTuple

from dashboard_data import Cursor, FeedEntry, utc_text

from stream_function.event_bytes import EventBytes

MOST_FRAME_BYTES = 256 * 1024  # these items are kept for streams that come a little later


class SharedEvent(NamedTuple):
    data: bytes
    number: int


class SharedEvents:
    """Encodes events for all streams of a process. Threads share it.

    The ids' nonce is drawn for the first stream: environments that are restored from one snapshot
    must not share it.
    """

    def __init__(self) -> None:
        self._guard = Lock()
        self._number = 0
        self._encoders: dict[bytes, EventBytes] = {}
        self._frames: dict[tuple[str, int], bytes] = {}
        self._frame_bytes = 0
        self._heartbeat: tuple[object, SharedEvent] = (None, SharedEvent(b"", 0))

    def item(self, secret: bytes, epoch: str, entry: FeedEntry) -> bytes:
        """Returns a `new_item`, encoded once."""
        at = (epoch, entry.seq)
        with self._guard:
            frame = self._frames.get(at)
            if frame is None:
                frame = self._frames[at] = self._encoder(secret).item(epoch, entry)
                self._frame_bytes += len(frame)
                while self._frame_bytes > MOST_FRAME_BYTES:
                    self._frame_bytes -= len(self._frames.pop(next(iter(self._frames))))
        return frame

    def metrics(
        self, secret: bytes, cursor: Cursor | None, snapshot: dict[str, Any]
    ) -> SharedEvent:
        return self._numbered(secret, lambda encoder: encoder.metrics(cursor, snapshot))

    def heartbeat(
        self, secret: bytes, cursor: Cursor | None, now_s: float, connections: int, after: int
    ) -> SharedEvent:
        """Returns a `heartbeat` of this second with a larger number than `after`."""
        at = (secret, cursor, int(now_s), connections)
        known_at, known = self._heartbeat
        if known_at == at and known.number > after:
            return known
        event = self.own_heartbeat(secret, cursor, now_s, connections)
        self._heartbeat = (at, event)
        return event

    def own_heartbeat(
        self,
        secret: bytes,
        cursor: Cursor | None,
        now_s: float,
        connections: int,
        retry_ms: int | None = None,
    ) -> SharedEvent:
        """Returns a `heartbeat` for one stream alone."""
        timestamp = utc_text(now_s)
        return self._numbered(
            secret, lambda encoder: encoder.heartbeat(cursor, timestamp, connections, retry_ms)
        )

    def reset(self, secret: bytes, cursor: Cursor, now_s: float, reason: str) -> bytes:
        return self._numbered(
            secret, lambda encoder: encoder.reset(cursor, utc_text(now_s), reason)
        ).data

    def failure(self, secret: bytes, cursor: Cursor | None, detail: str) -> bytes:
        return self._numbered(secret, lambda encoder: encoder.failure(cursor, detail)).data

    def _numbered(self, secret: bytes, encode: Callable[[EventBytes], bytes]) -> SharedEvent:
        with self._guard:
            self._number += 1
            return SharedEvent(encode(self._encoder(secret)), self._number)

    def _encoder(self, secret: bytes) -> EventBytes:
        """Returns the encoder for this secret, which each epoch has anew. Under the lock."""
        encoder = self._encoders.get(secret)
        if encoder is None:
            self._encoders.clear()
            # Another one each time: an encoder that was forgotten has given numbers, too.
            encoder = self._encoders[secret] = EventBytes(secret, secrets.token_hex(4))
        return encoder
