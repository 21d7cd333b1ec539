"""Stands in for Lambda's Runtime API, in the process of a test.

The runtime's own loop asks it for one invocation, and gives it the response.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from streaming_runtime.errors import Shutdown
from streaming_runtime.log import Log, StandardLogSink
from streaming_runtime.one_response import RESPONSE_BYTES
from streaming_runtime.plan import HTTP_INTEGRATION, PRELUDE_END
from streaming_runtime.runtime_api import PlatformGone, Response, ResponseStream, RuntimeApi

from lambda_streaming.testing.contexts import ADDRESS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streaming_runtime.runtime_api import Bytes, Invocation

ACCEPTED = Response(202, {}, b"")


class TimedOut(TimeoutError):
    """The function took longer than it had. On Lambda its environment ends at that moment."""

    error_type = "Sandbox.Timedout"

    def __init__(self, timeout_s: float) -> None:
        super().__init__(f"Task timed out after {timeout_s:.2f} seconds")


class Platform(RuntimeApi):
    """Hands out one invocation, and keeps what the runtime sends.

    `prelude` is that of a stream, without its delimiter; `whole` a response that is not streamed.
    `failure` is the error that the runtime reported, in whatever way. `clock` gives epoch seconds:
    what comes after the deadline is not taken, and is a `time_out`, which names `timeout_s`.
    """

    def __init__(
        self, invocation: Invocation, clock: Callable[[], float], timeout_s: float
    ) -> None:
        super().__init__(ADDRESS)
        self._invocation: Invocation | None = invocation
        self._clock = clock
        self._deadline_s = int(invocation.deadline_ms) / 1000
        self._timeout_s = timeout_s
        self._began_s = time.monotonic()
        self.prelude: bytes | None = None
        self.content_type = ""
        self.is_stream = False
        self.pieces: list[bytes] = []
        self.times_s: list[float] = []
        self.whole: bytes | None = None
        self.failure: BaseException | None = None
        self.too_large_bytes = 0
        self.time_out: TimedOut | None = None

    def next(self) -> Invocation:
        """Returns the invocation. The second call ends the loop, as SIGTERM does."""
        invocation = self._invocation
        if invocation is None:
            raise Shutdown
        self._invocation = None
        self._began_s = time.monotonic()
        return invocation

    def respond(
        self,
        invocation: Invocation,  # noqa: ARG002
        body: bytes,
        content_type: str = "application/json",
    ) -> Response:
        self.check_time()
        if len(body) > RESPONSE_BYTES:
            self.too_large_bytes = len(body)
            said = b'{"errorType": "RequestEntityTooLarge"}'
            return Response(413, {}, said)
        self.whole = body
        self.content_type = content_type
        self.times_s = [self.now_s()]
        return ACCEPTED

    def error(
        self,
        phase: str,  # noqa: ARG002
        error: BaseException,
        invocation: Invocation | None = None,  # noqa: ARG002
    ) -> Response:
        self.failure = error
        self.check_time()
        return ACCEPTED

    def open_stream(
        self,
        invocation: Invocation,  # noqa: ARG002
        *,
        first: Iterable[bytes],
        content_type: str,
        write_timeout_s: float | None,  # noqa: ARG002
    ) -> ResponseStream:
        prelude, *others = first
        self.content_type = content_type
        if content_type == HTTP_INTEGRATION:
            self.prelude = prelude.removesuffix(PRELUDE_END)
        self.is_stream = True
        return Stream(self, [piece for piece in others if piece])

    def take(self, piece: bytes) -> None:
        """Gets one piece of a stream. Raises PlatformGone for a platform that hangs up."""
        self.check_time()
        self.pieces.append(piece)
        self.times_s.append(self.now_s())

    def check_time(self) -> None:
        """Lambda has ended the environment by then; here its code runs on.

        Raises PlatformGone, so that the body is closed.
        """
        if self._clock() > self._deadline_s:
            if self.time_out is None:
                self.time_out = TimedOut(self._timeout_s)
            raise PlatformGone(str(self.time_out))

    def now_s(self) -> float:
        """Returns the seconds since the invocation began."""
        return time.monotonic() - self._began_s


class Stream(ResponseStream):
    """A streamed response, into a list."""

    def __init__(self, platform: Platform, first: list[bytes]) -> None:
        self._platform = platform
        self._first = first
        self.sent_bytes = 0

    def write(self, piece: Bytes) -> None:
        self.sent_bytes += len(piece)
        self._platform.take(bytes(piece))

    def end(self, error: BaseException | None = None) -> Response:
        for piece in self._first:
            self._platform.take(piece)
        self._platform.failure = error
        self._platform.check_time()
        return ACCEPTED

    def unsent_bytes(self) -> int:
        return 0


class RecordingSink(StandardLogSink):
    """Keeps what the runtime logs."""

    def __init__(self) -> None:
        self.text = ""

    def log(self, msg: str, frame_type: bytes | None = None) -> None:  # noqa: ARG002
        self.text += msg

    def log_error(
        self,
        message_lines: list[str],
        frame_type: bytes | None = None,  # noqa: ARG002
    ) -> None:
        self.text += "\n".join(message_lines) + "\n"


class RecordingLog(Log):
    """The runtime's log, which keeps the errors, too."""

    def __init__(self, clock: Callable[[], float], *, as_json: bool, level: str) -> None:
        self.recorded = RecordingSink()
        super().__init__(clock, as_json=as_json, level=level, sink=self.recorded)
        self.errors: list[BaseException] = []

    def error(self, error: BaseException) -> None:
        self.errors.append(error)
        super().error(error)
