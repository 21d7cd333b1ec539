"""From facts to event bytes: each event has an id from which any environment resumes."""

from collections.abc import Mapping
from typing import Any

import event_stream
from dashboard_data import Cursor, FeedEntry, base36, event_id

from stream_function.event_json import ENCODERS


class EventBytes:
    """Encodes the events of one stream, and counts them by type in `sent`.

    `secret` is the feed head's, `nonce` this connection's own. Ids are unique within the stream.
    """

    def __init__(self, secret: bytes, nonce: str) -> None:
        self.secret = secret
        self.sent: dict[str, int] = {}
        self._nonce = nonce
        self._number = 0

    def item(self, epoch: str, entry: FeedEntry) -> bytes:
        """Encodes a `new_item`. An item has the same id on every connection."""
        id = event_id(Cursor(epoch, entry.seq), self.secret)
        return self._event("new_item", entry.item.data(), id)

    def metrics(
        self, cursor: Cursor | None, snapshot: dict[str, Any], retry_ms: int | None = None
    ) -> bytes:
        return self._event("metrics", snapshot, self._id(cursor), retry_ms)

    def heartbeat(
        self,
        cursor: Cursor | None,
        timestamp: str,
        connections: int,
        retry_ms: int | None = None,
    ) -> bytes:
        data = {"timestamp": timestamp, "connections": connections}
        return self._event("heartbeat", data, self._id(cursor), retry_ms)

    def reset(self, cursor: Cursor, timestamp: str, reason: str) -> bytes:
        data = {"reason": reason, "timestamp": timestamp}
        return self._event("reset", data, self._id(cursor))

    def failure(self, cursor: Cursor | None, detail: str) -> bytes:
        return self._event("failure", {"detail": detail}, self._id(cursor))

    def _id(self, cursor: Cursor | None) -> str:
        """Returns a new id. Without a cursor it is one that leads to a `reset`."""
        if cursor is None:
            return f"none-{self._unique()}"
        return event_id(cursor, self.secret, self._unique())

    def _unique(self) -> str:
        self._number += 1
        return self._nonce + base36(self._number)

    def _event(
        self, event_type: str, data: Mapping[str, Any], id: str, retry_ms: int | None = None
    ) -> bytes:
        text = ENCODERS[event_type](data)
        self.sent[event_type] = self.sent.get(event_type, 0) + 1
        return event_stream.encode(text, event=event_type, id=id, retry_ms=retry_ms)
