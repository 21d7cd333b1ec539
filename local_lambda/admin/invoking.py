"""Invokes a function for the page, and tells it each piece of the reply as the function writes it.

The response is one JSON object on a line (application/x-ndjson): `request_id` first, then `prelude`
if there is one, `piece` for each piece, and `end`, with `error` where the function failed. `log` is
a line that the invocation has logged, and may come after the end.
"""

import asyncio
import codecs
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from local_lambda.environments.invocation import (
    Buffered,
    Failed,
    Invocation,
    Reply,
    Streamed,
    StreamEnd,
)
from local_lambda.environments.pool import FunctionPool
from local_lambda.environments.records import Records
from local_lambda.fronts import prelude
from local_lambda.http.messages import Headers
from local_lambda.http.server import HttpExchange
from local_lambda.logs import Line, Log

_HEADERS: Headers = (
    ("Content-Type", "application/x-ndjson; charset=utf-8"),
    ("Cache-Control", "no-store"),
)
_RECORD_WITHIN_S = 2.0
_LATE_LINES_S = 0.1  # a pipe still holds what a process has just written
_MOST_LOG_LINES = 1_000


async def tell(exchange: HttpExchange, pool: FunctionPool, payload: bytes, log: Log | None) -> None:
    """Invokes the function and sends the lines. It runs on if the page leaves.

    Raises Throttled before anything is sent.
    """
    teller = _Teller(exchange)
    leave = log.subscribe(teller.logged) if log else lambda: None
    logging: asyncio.Task[None] | None = None
    try:
        invocation = await pool.invoke(payload)
        logging = asyncio.create_task(teller.send_log(invocation.request_id))
        try:
            await exchange.start(200, _HEADERS)
            await _tell_reply(teller, invocation, pool.records)
            await asyncio.wait((logging,), timeout=_LATE_LINES_S)
            await exchange.finish()
        finally:
            invocation.abandon()
    finally:
        leave()
        if logging:
            logging.cancel()
            await asyncio.gather(logging, return_exceptions=True)


async def _tell_reply(teller: "_Teller", invocation: Invocation, records: Records) -> None:
    await teller.send({"request_id": invocation.request_id})
    reply = await invocation.reply
    async for fields in _lines(reply):
        await teller.send(fields)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_RECORD_WITHIN_S):
            await invocation.reported.wait()
    record = records.find(invocation.request_id)
    await teller.send({**_end(reply), "record": record.describe() if record else None})


class _Teller:
    """Sends what the reply and the log say, each line whole."""

    def __init__(self, exchange: HttpExchange) -> None:
        self._exchange = exchange
        self._begun_s = time.monotonic()
        self._loop = asyncio.get_running_loop()
        self._sending = asyncio.Lock()
        self._begun_sending = asyncio.Event()
        self._log_lines: asyncio.Queue[Line] = asyncio.Queue()

    async def send(self, fields: dict[str, Any]) -> None:
        elapsed_ms = round((time.monotonic() - self._begun_s) * 1000, 1)
        line = json.dumps({**fields, "at_ms": elapsed_ms}).encode() + b"\n"
        async with self._sending:
            await self._exchange.send(line)
        self._begun_sending.set()

    def logged(self, line: Line) -> None:
        """Takes a line of the log, from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop has been closed
            self._loop.call_soon_threadsafe(self._log_lines.put_nowait, line)

    async def send_log(self, request_id: str) -> None:
        """Sends the lines of one invocation, those that came before it was known included."""
        await self._begun_sending.wait()
        sent = 0
        while sent < _MOST_LOG_LINES:
            line = await self._log_lines.get()
            if line.request_id == request_id:
                sent += 1
                await self.send({"log": line.text})


async def _lines(reply: Reply) -> AsyncIterator[dict[str, Any]]:
    if isinstance(reply, Buffered):
        yield _piece(reply.body.decode("utf-8", "replace"), len(reply.body))
    elif isinstance(reply, Streamed):
        lines = StreamLines(reply.content_type)
        async for piece in reply.pieces():
            for fields in lines.feed(piece):
                yield fields
        for fields in lines.end():
            yield fields


class StreamLines:
    """Turns the bytes of a stream into lines. A prelude that cannot be read is shown as it came."""

    def __init__(self, content_type: str) -> None:
        media_type = content_type.partition(";")[0].strip().lower()
        self._in_prelude = media_type == prelude.CONTENT_TYPE
        self._reader = prelude.PreludeReader()
        self._unread = b""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, piece: bytes) -> list[dict[str, Any]]:
        if not self._in_prelude:
            return self._text(piece)
        self._unread += piece
        try:
            found = self._reader.feed(piece)
        except prelude.PreludeError as error:
            return self._malformed(str(error))
        if found is None:
            return []
        self._in_prelude = False
        parsed, first = found
        return [{"prelude": vars(parsed)}, *self._text(first)]

    def end(self) -> list[dict[str, Any]]:
        last = []
        if self._in_prelude:
            last = self._malformed("the response ended before the delimiter")
        rest = self._decoder.decode(b"", final=True)
        return [*last, _piece(rest, size_bytes=0)] if rest else last

    def _malformed(self, reason: str) -> list[dict[str, Any]]:
        self._in_prelude = False
        return [{"malformed": reason}, *self._text(self._unread)]

    def _text(self, piece: bytes) -> list[dict[str, Any]]:
        return [_piece(self._decoder.decode(piece), len(piece))] if piece else []


def _piece(text: str, size_bytes: int) -> dict[str, Any]:
    return {"piece": text, "size_bytes": size_bytes}


def _end(reply: Reply) -> dict[str, Any]:
    """Returns how the reply ended: `complete`, `error`, or `cut` when its last bytes miss."""
    if isinstance(reply, Failed):
        return {"end": "error", "error_type": reply.error_type, "error": reply.text}
    end = reply.end if isinstance(reply, Streamed) else None
    end = end or StreamEnd()
    fields = {"end": "cut" if end.cut else "complete"}
    if end.error_type:
        fields |= {"error_type": end.error_type, "error": end.error_body.decode("utf-8", "replace")}
        if not end.cut:
            fields["end"] = "error"
    return fields
