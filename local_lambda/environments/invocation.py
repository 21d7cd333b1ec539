"""Represents one invocation: its payload, and its reply, which comes whole or piece by piece."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

BUFFERED_LIMIT_BYTES = 6_291_556  # as in Lambda's interface emulator; documented as 6 MB
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
STREAMED_LIMIT_BYTES = 200 * 1024 * 1024

TIMED_OUT = "Sandbox.Timedout"
UNKNOWN_ERROR = "Runtime.Unknown"  # an error report came without a type


@dataclass(frozen=True)
class Buffered:
    """Holds a complete reply."""

    body: bytes
    content_type: str


@dataclass(frozen=True)
class Failed:
    """Reports a function error. `body` is the error object as JSON.

    `message` is that of the platform's own errors.
    """

    error_type: str
    body: bytes
    message: str = ""

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def for_request(self, request_id: str) -> "Failed":
        """Names the request in an error of the platform that an environment died of."""
        if not self.message.startswith("Error: "):
            return self
        return platform_error(self.error_type, f"RequestId: {request_id} {self.message}")


class Throttled(Exception):
    """No execution environment may be started for the invocation."""


@dataclass(frozen=True)
class StreamEnd:
    """Tells how a streamed reply ended. `cut` is true when its last bytes are missing."""

    error_type: str | None = None
    error_body: bytes = b""
    cut: bool = False


class StreamClosed(Exception):
    """The invocation is over, and no further pieces are accepted."""


class Streamed:
    """Carries a reply that is still coming.

    The writer waits until each piece is taken, so a slow client slows the function down.
    """

    def __init__(self, content_type: str) -> None:
        self.content_type = content_type
        self.end: StreamEnd | None = None
        self.size_bytes = 0
        self._piece: bytes | None = None
        self._abandoned = False
        self._cut = asyncio.Event()
        self._filled = asyncio.Event()
        self._free = asyncio.Event()
        self._free.set()

    async def put(self, piece: bytes) -> None:
        """Adds a piece when the previous one is taken. Raises StreamClosed after the end."""
        await self._free.wait()
        self.offer(piece)

    def offer(self, piece: bytes) -> bool:
        """Adds a piece if the previous one is taken. Returns whether it is added.

        Raises StreamClosed after the end.
        """
        if not self._free.is_set():
            return False
        if self.end:
            raise StreamClosed
        self.size_bytes += len(piece)
        if not self._abandoned:
            self._piece = piece
            self._free.clear()
            self._filled.set()
        return True

    def close(self, end: StreamEnd) -> None:
        """Ends the stream. Only the first end counts."""
        self.end = self.end or end
        if self.end.cut:
            self._cut.set()
        self._free.set()
        self._filled.set()

    async def cut(self) -> None:
        """Returns when the stream is cut: what a client has not taken by then is lost."""
        await self._cut.wait()

    def abandon(self) -> None:
        """Drops all further pieces: the client has gone. As on Lambda, the function is not told."""
        self._abandoned = True
        self._piece = None
        self._free.set()

    async def pieces(self) -> AsyncIterator[bytes]:
        while True:
            await self._filled.wait()
            if self._piece is None:
                return
            # The piece keeps its place until the reader has sent it: at most one is in flight.
            yield self._piece
            self._piece = None
            if not self.end:
                self._filled.clear()
            self._free.set()


Reply = Buffered | Failed | Streamed


async def collect(reply: Reply) -> Buffered | Failed:
    """Reads a streamed reply to its end, as a plain Invoke does.

    An error in the trailers replaces the body.
    """
    if not isinstance(reply, Streamed):
        return reply
    body = bytearray()
    async for piece in reply.pieces():
        body += piece
        if len(body) > BUFFERED_LIMIT_BYTES:
            reply.abandon()
            message = "Response payload size exceeded 6 MB"
            return platform_error("Function.ResponseSizeTooLarge", message)
    if reply.end and reply.end.error_type:
        return Failed(reply.end.error_type, reply.end.error_body)
    return Buffered(bytes(body), reply.content_type)


@dataclass(eq=False)
class Invocation:
    payload: bytes
    client_context: str | None = None
    trace_id: str = ""
    qualifier: str = ""  # the version or alias that was asked for
    tenant_id: str | None = None
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    invocation_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    deadline_ms: int = 0
    reply: asyncio.Future[Reply] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    is_debugged: bool = False  # a debugger may stop it: it has no time limit
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    reported: asyncio.Event = field(default_factory=asyncio.Event)  # its record and lines are there

    def resolve(self, reply: Reply) -> bool:
        """Sets the reply. Only the first one counts; returns False for a later one."""
        if self.reply.done():
            return False
        self.reply.set_result(reply)
        return True

    def limit_s(self, limit_s: float) -> float | None:
        """Returns a time limit for it, in seconds; None while it is debugged."""
        return None if self.is_debugged else limit_s

    async def expired(self) -> None:
        """Returns at the invocation's deadline."""
        await asyncio.sleep(max(0.0, self.deadline_ms / 1000 - time.time()))

    def end_stream(self) -> bool:
        """Ends a streamed reply as if it were complete. Returns whether there was one."""
        reply = self.reply.result() if self.reply.done() else None
        if not isinstance(reply, Streamed):
            return False
        reply.close(StreamEnd())
        self.ended.set()
        return True

    def abandon(self) -> None:
        """Drops the reply, whether it has begun or is still to come."""
        self.reply.add_done_callback(_abandon_stream)

    def fail(self, error_type: str, message: str) -> None:
        """Reports a platform error: as the reply before the first byte, as a cut stream after."""
        failure = platform_error(error_type, f"RequestId: {self.request_id} Error: {message}")
        if not self.resolve(failure):
            reply = self.reply.result()
            if isinstance(reply, Streamed):
                reply.close(StreamEnd(error_type, failure.body, cut=True))
        self.ended.set()


def _abandon_stream(future: asyncio.Future[Reply]) -> None:
    if future.cancelled():
        return
    reply = future.result()
    if isinstance(reply, Streamed):
        reply.abandon()


def platform_error(error_type: str, message: str) -> Failed:
    fields = {"errorType": error_type, "errorMessage": message}
    return Failed(error_type, json.dumps(fields, separators=(",", ":")).encode(), message)
