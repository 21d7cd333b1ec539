"""Tells a page what changes, as an event stream: each part of the overview when it is another.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import json
import time
from typing import Any

from local_lambda.admin.overview import PARTS, Overview
from local_lambda.http.messages import Headers
from local_lambda.http.server import HttpExchange

_PAUSE_S = 0.25  # at most four events of a kind in a second
_HEARTBEAT_S = 15.0
_HEARTBEAT = b": heartbeat\n\n"
_SHOWN_INVOCATIONS = 50
_HEADERS: Headers = (
    ("Content-Type", "text/event-stream; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("X-Accel-Buffering", "no"),
)


def encode(event_type: str, data: str) -> bytes:
    """Returns one event. JSON has no line breaks of its own, so its data is one line."""
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"event: {event_type}\n{lines}\n".encode()


class LiveView:
    """Sends the overview to any number of readers.

    Nobody waits for a reader: one that is slow gets fewer, newer events.
    """

    def __init__(self, overview: Overview) -> None:
        self._overview = overview
        self._texts: dict[str, str] = {}
        self._read_at_s = -_PAUSE_S
        self.readers = 0

    async def follow(self, exchange: HttpExchange) -> None:
        """Sends changes until the reader leaves."""
        await exchange.start(200, _HEADERS)
        gone = asyncio.ensure_future(exchange.peer_closed())
        self.readers += 1
        try:
            await self._send_changes(exchange, gone)
        finally:
            self.readers -= 1
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)

    async def _send_changes(self, exchange: HttpExchange, gone: asyncio.Future[None]) -> None:
        seen: dict[str, str] = {}
        sent_at_s = time.monotonic()
        while not gone.done():
            current = self._current()
            changed = {name: text for name, text in current.items() if seen.get(name) != text}
            seen = current
            if changed:
                events = b"".join(encode(name, text) for name, text in changed.items())
                await exchange.send(events)
            elif time.monotonic() - sent_at_s >= _HEARTBEAT_S:
                await exchange.send(_HEARTBEAT)
            else:
                await asyncio.wait((gone,), timeout=_PAUSE_S)
                continue
            sent_at_s = time.monotonic()
            await asyncio.wait((gone,), timeout=_PAUSE_S)

    def _current(self) -> dict[str, str]:
        """Returns each part as JSON. All readers share what was read within the same moment."""
        if time.monotonic() - self._read_at_s >= _PAUSE_S / 2:
            self._read_at_s = time.monotonic()
            self._texts = {name: _json(self._shown(name)) for name in PARTS}
        return self._texts

    def _shown(self, name: str) -> Any:
        value = self._overview.part(name)
        return value[:_SHOWN_INVOCATIONS] if name == "invocations" else value


def _json(value: Any) -> str:
    """Returns ASCII, so that U+2028 and lone surrogates travel too."""
    return json.dumps(value, separators=(",", ":"))
