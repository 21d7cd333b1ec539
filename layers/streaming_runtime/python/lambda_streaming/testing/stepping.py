"""How does a test read a stream piece by piece, while the function waits?"""

from __future__ import annotations

import threading
from contextvars import copy_context
from typing import TYPE_CHECKING

from streaming_runtime.runtime_api import PlatformGone

from lambda_streaming.testing.events import Event, EventReader
from lambda_streaming.testing.fronts import of_prelude
from lambda_streaming.testing.platform import Platform
from lambda_streaming.testing.replies import Headers
from lambda_streaming.testing.running import NO_PAYLOAD, Invoking
from lambda_streaming.testing.threads import run_apart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from streaming_runtime.runtime_api import Invocation

    from lambda_streaming.testing.replies import Reply
    from lambda_streaming.testing.running import Handler


def opened(
    handler: Handler,
    payload: object = NO_PAYLOAD,
    context: object = None,
    *,
    within_s: float = 10,
) -> Opened:
    """Invokes `handler` for as long as the `with` block lasts, whose target gives the pieces.

        with opened(handler, function_url()) as stream:
            assert next(stream) == b"first"

    The function stands still at a piece until the test wants the next one. At the end of the block
    the platform hangs up, unless all was read, and the function has ended.

    It runs in a thread of its own. `within_s`: how long the test waits for each piece, and for the
    end; after that it is a TimeoutError. The arguments are those of `call`.
    """
    return Opened(handler, payload, context, within_s=within_s)


class SteppingPlatform(Platform):
    """Takes a piece, and holds the runtime until the next one is wanted."""

    def __init__(
        self, invocation: Invocation, clock: Callable[[], float], timeout_s: float
    ) -> None:
        super().__init__(invocation, clock, timeout_s)
        self.changed = threading.Condition()
        self.wanted = 1
        self.has_ended = False
        self.has_hung_up = False

    def take(self, piece: bytes) -> None:
        with self.changed:
            if not self.has_hung_up:
                super().take(piece)
                self.changed.notify_all()
                self.changed.wait_for(self._may_go_on)
            if self.has_hung_up:
                raise PlatformGone("writing: the platform hung up")

    def _may_go_on(self) -> bool:
        return self.has_hung_up or self.wanted > len(self.pieces)


class Opened:
    """A response that is being read: an iterator of its pieces, and a context manager."""

    def __init__(
        self, handler: Handler, payload: object, context: object, *, within_s: float
    ) -> None:
        self._invoking = Invoking(
            handler, payload, context, make_platform=SteppingPlatform, alone=False
        )
        self._within_s = within_s
        self._taken = 0
        self._events = EventReader()
        self._reply: Reply | None = None
        self._failure: BaseException | None = None
        self._has_begun = False

    @property
    def _platform(self) -> SteppingPlatform:
        platform = self._invoking.platform
        assert isinstance(platform, SteppingPlatform)
        return platform

    def __enter__(self) -> Opened:
        if self._has_begun:
            raise RuntimeError("this is one invocation: call opened() again for another one")
        self._has_begun = True
        context = copy_context()
        run_apart(lambda: context.run(self._run))
        return self

    def _run(self) -> None:
        try:
            self._invoking.run()
        except BaseException as error:
            self._failure = error
        finally:
            with self._platform.changed:
                self._platform.has_ended = True
                self._platform.changed.notify_all()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except BaseException:
            if error is None:
                raise

    def __iter__(self) -> Opened:
        return self

    def __next__(self) -> bytes:
        """Returns the next piece. Raises StopIteration at the end, and TimeoutError."""
        platform = self._platform
        with platform.changed:
            platform.wanted = self._taken + 1
            platform.changed.notify_all()
            self._wait(lambda: len(platform.pieces) > self._taken, "no piece came")
            pieces = platform.pieces
            if platform.has_ended:
                pieces = self._ended().pieces
        if len(pieces) <= self._taken:
            raise StopIteration
        self._taken += 1
        return pieces[self._taken - 1]

    def read(self) -> bytes:
        """Returns all that is left."""
        return b"".join(self)

    def events(self) -> Iterator[Event]:
        """Yields the Server-Sent Events of the pieces that have not been taken, as they come."""
        for piece in self:
            times_s = self._platform.times_s
            yield from self._events.feed(piece, times_s[min(self._taken, len(times_s)) - 1])

    @property
    def status(self) -> int | None:
        """Returns the status. It comes with the first piece, and is waited for."""
        return self._head()[0]

    @property
    def headers(self) -> Headers:
        """Returns the headers. They come with the first piece, and are waited for."""
        return self._head()[1]

    @property
    def cookies(self) -> list[str]:
        """Returns the values of `Set-Cookie`."""
        return self.headers.all("set-cookie")

    def _head(self) -> tuple[int | None, Headers]:
        platform = self._platform
        with platform.changed:
            self._wait(lambda: bool(platform.pieces), "no response began")
            if platform.has_ended:
                reply = self._ended()
                return reply.status, reply.headers
            if platform.prelude is None:
                return None, Headers()
        response = of_prelude(platform.prelude)
        return response.status, Headers(response.headers)

    def close(self) -> Reply:
        """Hangs up as the platform does, unless all was read, and waits for the function's end.

        A body that stands at a piece is closed there, any other one at its next piece. Raises
        TimeoutError if the function does not end.
        """
        platform = self._platform
        with platform.changed:
            platform.has_hung_up = True
            platform.changed.notify_all()
            self._wait(lambda: False, "the platform hung up, and the function has not ended")
        return self.reply

    def shut_down(self) -> None:
        """Ends the execution environment, as SIGTERM does: the body is closed at its next piece."""
        self._invoking.stop.append("SIGTERM")

    @property
    def reply(self) -> Reply:
        """Returns what the client has got, once the function has ended. Raises RuntimeError."""
        with self._platform.changed:
            if not self._platform.has_ended:
                raise RuntimeError("the function has not ended: leave the block, or close() first")
            return self._ended()

    def _ended(self) -> Reply:
        if self._failure is not None:
            raise self._failure
        if self._reply is None:
            self._reply = self._invoking.reply()
        return self._reply

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        """Waits for the condition or the end. The lock is held. Raises TimeoutError."""
        platform = self._platform
        if not self._has_begun:
            raise RuntimeError("nothing is invoked yet: with opened(...) as stream")
        if not platform.changed.wait_for(lambda: platform.has_ended or condition(), self._within_s):
            raise TimeoutError(f"{what} within {self._within_s:g} s")
