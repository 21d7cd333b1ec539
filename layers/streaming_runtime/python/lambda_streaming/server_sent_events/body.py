"""What does a function write to stream events? `sse(source)`: headers and body of a response.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import math
import sys
import time
from importlib import import_module

from streaming_runtime.context import deadline, request_id

from lambda_streaming import buffered
from lambda_streaming.server_sent_events.events import DEADLINE, EventEncoder
from lambda_streaming.server_sent_events.sources import (
    END,
    NOTHING,
    is_asynchronous,
    reader_of,
    require_source,
    running_loop,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import Any

    from lambda_streaming.encoders import Encoder
    from lambda_streaming.server_sent_events.sources import Reader

DONE = "done"
TICK_S = 0.1  # the longest time without a piece, so that the runtime sees the clock and SIGTERM
# The runtime closes a body so long before the deadline, or a tenth of a short timeout.
MARGIN_MS = 1_000
EARLY_MS = 500  # a stream ends so long before that, or as the margin is if that is shorter
MESSAGE = "The stream ended with an error."


def sse(
    source: Any,
    *,
    heartbeat_s: float | None = 15,
    encoder: Encoder | None = None,
    retry_ms: int | None = None,
    error_event: str | None = "error",
    error_data: Callable[[Exception], Any] | None = None,
    end_event: str | None = "end",
    context: Any = None,
) -> SseBody | WholeSseBody:
    """Returns a body that sends each item of `source` as an event, as soon as it comes.

    source: an iterator or iterable, a context manager around one, or an asynchronous one of these,
        or a coroutine that gives one. Items are text, `Event`, or anything that becomes JSON. None
        and `b""` send nothing.
    heartbeat_s: after so many seconds of silence there is a comment. A blocking source is read in a
        thread for that. None or 0: there are no heartbeats and no thread.
    encoder: another format, from `lambda_streaming.encoders`. It has its own errors and endings.
    retry_ms: how long a client waits before it connects again; sent at the beginning.
    error_event: the type of the event for an exception in the source; None leaves it out. Before
        the first piece the exception is raised, so that the response can have an honest status.
    error_data: returns the data of that event for an exception. Without it there is a general
        message and the request id, and nothing of the exception.
    end_event: the type of the event at the end, with the reason `done` or `deadline`; None leaves
        it out.
    context: the context of the invocation, on other runtimes than this package's; the stream ends
        in good time before its deadline.

    With Lambda's own client, which cannot stream, the source is read to its end here, and the body
    is text; the log says so once. What the source raises comes out of this call then.

    Raises TypeError and ValueError, with a sentence, for a source that gives no items in order and
    for settings without sense.
    """
    require_source(source)
    if encoder is None:
        format: Encoder = EventEncoder(
            retry_ms=retry_ms, error_event=error_event, end_event=end_event
        )
    else:
        format = encoder
    if encoder is not None and (retry_ms, error_event, end_event) != (None, "error", "end"):
        message = "retry_ms, error_event and end_event are for events; the encoder has its own ways"
        raise ValueError(message)
    _say_why_nothing_streams()
    is_stock = buffered.is_stock()
    if is_stock:
        context = context or _context_of_handler()
    progress = Progress(
        format,
        heartbeat_s=_checked_heartbeat(heartbeat_s),
        end_at_s=time.monotonic() + _time_left_s(context),
        error_data=error_data or _general_message,
    )
    body = SseBody(source, progress, dict(format.headers))
    # In an event loop, or in a thread that no handler runs in, an adapter such as `Asgi` calls. It
    # collects the pieces itself.
    if is_stock and context is not None and not running_loop():
        return WholeSseBody(buffered.text(body, context), body.headers)
    return body


def ndjson(source: Any, **options: Any) -> SseBody | WholeSseBody:
    """Returns a body that sends each item of `source` as a line of JSON.

    `options` are those of `sse` that are not about events. See `lambda_streaming.encoders.ndjson`.
    """
    return sse(source, encoder=import_module("lambda_streaming.encoders").ndjson(), **options)


def _say_why_nothing_streams() -> None:
    reason = buffered.why_buffered(None)
    if reason:
        buffered.say_once(reason)


def _context_of_handler() -> Any:
    """Returns the context that a caller has as a local variable, as each handler does, or None."""
    frame = sys._getframe(1).f_back
    while frame is not None:
        for value in [*frame.f_locals.values()]:
            if hasattr(type(value), "get_remaining_time_in_millis"):
                return value
        frame = frame.f_back
    return None


def _checked_heartbeat(heartbeat_s: float | None) -> float:
    """Returns the seconds between heartbeats, which are infinite for none."""
    if not heartbeat_s:
        return math.inf
    if not isinstance(heartbeat_s, (int, float)) or not heartbeat_s > 0:
        raise ValueError(
            f"heartbeat_s cannot be {heartbeat_s!r}: it is seconds, 0 or None for none"
        )
    return heartbeat_s


def _time_left_s(context: Any) -> float:
    """Returns the seconds until a stream must end: a bit before the runtime would close it."""
    if context is not None:
        left_ms: float = context.get_remaining_time_in_millis()
        margin_ms = min(MARGIN_MS, left_ms / 10)
        return max(0.0, left_ms - margin_ms - min(EARLY_MS, margin_ms)) / 1000
    until = deadline()
    if until is None:
        return math.inf
    early_ms = min(EARLY_MS, until.at_ms - until.close_at_ms)
    return max(0.0, until.close_at_ms - early_ms - until.now_ms()) / 1000


def _general_message(_error: Exception) -> dict[str, str]:
    data = {"message": MESSAGE}
    invocation = request_id()
    if invocation:
        data["requestId"] = invocation
    return data


class SseBody:
    """A body of events: an iterator of bytes, asynchronous or not, that can be read once.

    `headers` are those of the response; they are yours to add to. While there is nothing to send,
    the ordinary iterator yields `b""` ten times a second, which the streaming runtime expects.
    """

    def __init__(self, source: Any, progress: Progress, headers: dict[str, str]) -> None:
        self.headers = headers
        self._source = source
        self._progress = progress
        self._reader: Reader | None = None
        self._pieces: Iterator[bytes] | None = None

    @property
    def gi_frame(self) -> object:
        """None once the body has ended, as a generator's: the runtime refuses one that was read."""
        if self._pieces is None:
            return self
        return getattr(self._pieces, "gi_frame", None)

    def __iter__(self) -> SseBody:
        return self

    def __next__(self) -> bytes:
        if self._pieces is None:
            if is_asynchronous(self._source) and running_loop():
                message = "an event loop runs already: read the body with `async for`"
                raise RuntimeError(message)
            in_thread = self._progress.heartbeat_s < math.inf
            self._reader = reader_of(self._source, in_thread=in_thread)
            self._pieces = _pieces(self._reader, self._progress)
        return next(self._pieces)

    def __aiter__(self) -> AsyncIterator[bytes]:
        asynchronous: Any = import_module("lambda_streaming.server_sent_events.async_body")
        pieces: AsyncIterator[bytes] = asynchronous.pieces(self._source, self._progress)
        return pieces

    def close(self) -> None:
        """Closes the source, and waits for its thread if that ends soon."""
        pieces: Any = self._pieces
        if pieces is None:
            self._reader = reader_of(self._source, in_thread=False)
            self._pieces = iter(())
            self._reader.close()
        elif hasattr(pieces, "close"):
            pieces.close()


class WholeSseBody(str):
    """All the events of a source as one text, where nothing can stream."""

    headers: dict[str, str]

    def __new__(cls, text: str, headers: dict[str, str]) -> WholeSseBody:
        body = super().__new__(cls, text)
        body.headers = headers
        return body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yields the text at once, for frameworks that ask for an iterator."""
        yield self.encode()

    def close(self) -> None:
        """Does nothing: the source is closed."""


def _pieces(reader: Reader, progress: Progress) -> Iterator[bytes]:
    progress.begin()
    try:
        while not progress.is_over:
            try:
                piece = progress.overdue()
                if not piece:
                    piece = progress.after(reader.take(min(TICK_S, progress.due_s())))
            except Exception as error:
                farewell = progress.failed(error)
                if farewell:
                    yield farewell
                raise
            if piece or not progress.is_over:
                yield piece
    finally:
        reader.close()


class Progress:
    """How far a stream is, and which bytes come next. It knows the time, and does not wait.

    All pieces go through it. `failed` is for an exception, after which there is nothing more.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        heartbeat_s: float,
        end_at_s: float,
        error_data: Callable[[Exception], Any],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.heartbeat_s = heartbeat_s
        self.is_over = False
        self._encoder = encoder
        self._end_at_s = end_at_s
        self._error_data = error_data
        self._monotonic = monotonic
        self._heartbeat_at_s = math.inf
        self._has_started = False
        self._has_sent = False
        self._count = 0

    def begin(self) -> None:
        self._heartbeat_at_s = self._monotonic() + self.heartbeat_s

    def due_s(self) -> float:
        """Returns in how many seconds something must be sent, whatever the source does."""
        due_at_s = min(self._heartbeat_at_s, self._end_at_s)
        return max(0.0, due_at_s - self._monotonic())

    def overdue(self) -> bytes:
        """Returns the end if the time is over, and nothing otherwise."""
        if self._monotonic() < self._end_at_s:
            return b""
        return self._ended(DEADLINE)

    def after(self, taken: Any) -> bytes:
        """Returns the bytes for what a reader has taken."""
        if taken is NOTHING:
            return self._after_silence()
        if taken is END:
            return self._ended(DONE)
        self._count += 1
        if taken is None or (type(taken) is bytes and not taken):
            return self._after_silence()
        try:
            piece = self._started() + self._encoder.item(taken)
        except (TypeError, ValueError, RecursionError) as error:
            kind = type(taken).__name__
            message = f"item {self._count} of the source ({kind}) cannot be sent: {error}"
            if isinstance(error, TypeError):
                raise TypeError(message) from error
            raise ValueError(message) from error
        return self._sent(piece)

    def failed(self, error: Exception) -> bytes:
        """Returns what says that the source has failed; nothing before the first piece."""
        if not self._has_sent:
            return b""
        try:
            return self._encoder.error(self._error_data(error))
        except Exception as failure:
            from logging import getLogger

            getLogger("lambda_streaming").warning(
                "sse.error_data_failed: the client gets the general message",
                exc_info=failure,
            )
            return self._encoder.error(_general_message(error))

    def _after_silence(self) -> bytes:
        if self._monotonic() < self._heartbeat_at_s:
            return b""
        self.begin()
        heartbeat = self._encoder.heartbeat()
        if not heartbeat:
            return b""
        return self._sent(self._started() + heartbeat)

    def _ended(self, reason: str) -> bytes:
        self.is_over = True
        return self._sent(self._started() + self._encoder.end(reason))

    def _started(self) -> bytes:
        if self._has_started:
            return b""
        self._has_started = True
        return self._encoder.start()

    def _sent(self, piece: bytes) -> bytes:
        if piece:
            self._has_sent = True
            self._heartbeat_at_s = self._monotonic() + self.heartbeat_s
        return piece
