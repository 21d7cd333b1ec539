"""Is there time for one more piece, and what if the iterator keeps us waiting for it?

Needed in the last seconds of an invocation only, and imported then.
"""

from __future__ import annotations

import signal

from streaming_runtime.errors import RuntimeFault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    from streaming_runtime.context import Deadline
    from streaming_runtime.runtime_api import ResponseStream

SAMPLE_MS = 50  # the shortest time between two looks at what is unsent
# Lambda passes on so much after the first 6 MB.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
ASSUMED_BYTES_PER_MS = 2_000
SHORTEST_PULL_MS = 10
# Less than the slowest reader that is served takes in a second. A platform that was busy for a
# moment leaves so much, and its pace is no reader's.
FEW_BYTES = 4_096


class Backlog:
    """How long will what is still unsent take? Measured at the reader's own pace."""

    def __init__(self) -> None:
        self.noted_at_ms = 0.0
        self._sent_bytes = 0
        self._unsent_bytes = 0
        self._is_behind = False
        self._busy_ms = 0.0
        self._taken_bytes = 0

    def note(self, at_ms: float, sent_bytes: int, unsent_bytes: int) -> None:
        """Notes how many bytes were written until now, and how many of them nobody has read."""
        taken_bytes = sent_bytes - unsent_bytes
        # A reader that has read all that there was at the last look says nothing about its pace.
        self._is_behind = taken_bytes < self._sent_bytes
        if self._is_behind:
            self._busy_ms += at_ms - self.noted_at_ms
            self._taken_bytes += taken_bytes - (self._sent_bytes - self._unsent_bytes)
        self.noted_at_ms = at_ms
        self._sent_bytes = sent_bytes
        self._unsent_bytes = unsent_bytes

    def drain_ms(self, more_bytes: int) -> float:
        """Returns how long the reader needs for what is unsent, and for `more_bytes` if it lags."""
        bytes_per_ms: float = ASSUMED_BYTES_PER_MS
        if self._busy_ms > 2 * SAMPLE_MS and self._taken_bytes > 0:
            bytes_per_ms = self._taken_bytes / self._busy_ms
        unsent_bytes = self._unsent_bytes
        if unsent_bytes <= FEW_BYTES:
            return 0
        if self._is_behind:
            unsent_bytes += more_bytes
        return unsent_bytes / bytes_per_ms


class LastPieces:
    """Decides, piece by piece, which pull is the last one."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._backlog = Backlog()

    def pull_after(self, piece_bytes: int, stream: ResponseStream | None) -> LastPull | None:
        """Returns the pull that comes next if it is the last one, else None.

        `piece_bytes` is the size of the piece before; the next one may be as large. It has to be
        sent in time, with all that is still unsent of `stream`.
        """
        now_ms = self._deadline.now_ms()
        if stream is not None and now_ms - self._backlog.noted_at_ms >= SAMPLE_MS:
            self._backlog.note(now_ms, stream.sent_bytes, stream.unsent_bytes())
        drain_ms = self._backlog.drain_ms(piece_bytes)
        if now_ms + drain_ms <= self._deadline.close_at_ms:
            return None
        # One that has ended says so at once. One that waits must be closed, which takes time, too.
        quarter_ms = (self._deadline.at_ms - self._deadline.close_at_ms) / 4
        left_ms = self._deadline.at_ms - now_ms - drain_ms
        return LastPull(min(quarter_ms, left_ms - quarter_ms))


class LastPull:
    """Asks an iterator whether it has ended, for `within_ms` at most.

    If it waits longer, what it waits in is interrupted by GeneratorExit, as a generator knows it
    from its closing. Only the main thread can do so, and only if the function does not use SIGALRM.
    """

    def __init__(self, within_ms: float) -> None:
        self._within_s = max(within_ms, SHORTEST_PULL_MS) / 1000
        self._is_on = False
        self.has_rung = False

    def begin(self) -> None:
        """Raises RuntimeFault if nothing could end the wait."""
        try:
            before = signal.getsignal(signal.SIGALRM)
            if before is not signal.SIG_DFL or signal.getitimer(signal.ITIMER_REAL)[0]:
                raise self.too_late()
            signal.signal(signal.SIGALRM, self._ring)
        except ValueError:  # another thread than the main one
            raise self.too_late() from None
        self._is_on = True
        signal.setitimer(signal.ITIMER_REAL, self._within_s)

    def end(self) -> None:
        if self._is_on:
            self._is_on = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)

    def too_late(self) -> RuntimeFault:
        message = "the invocation's time was over before the body's end"
        return RuntimeFault("Runtime.DeadlineExceeded", message)

    def _ring(self, _number: int, _frame: FrameType | None) -> None:
        if self._is_on:
            self.has_rung = True
            raise GeneratorExit
