"""How much time does an invocation have left? A value: the clock is handed in."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_TIMEOUT_MS = 5_400_000  # 90 minutes, on managed instances
ASSUMED_TIMEOUT_MS = 900_000
MARGIN_MS = 1_000  # for closing the iterator and sending the last chunk


class Deadline:
    """When Lambda ends an invocation (`at_ms`), and when its body is closed before that.

    Both in epoch milliseconds. `clock` gives epoch seconds.
    """

    __slots__ = ("_clock", "at_ms", "close_at_ms")

    def __init__(self, at_ms: float, close_at_ms: float, clock: Callable[[], float]) -> None:
        self.at_ms = at_ms
        self.close_at_ms = close_at_ms
        self._clock = clock

    @classmethod
    def of(cls, deadline_ms: str | None, clock: Callable[[], float]) -> Deadline:
        """Reads `Lambda-Runtime-Deadline-Ms`, epoch milliseconds as text.

        A deadline that cannot be true counts as 15 minutes from now: one that is missing or
        malformed, or more than 90 minutes away (AWS's emulator can say such things). One that has
        just passed leaves no time.
        """
        now_ms = clock() * 1000
        stated_ms = 0.0
        if deadline_ms is not None and deadline_ms.isdecimal():
            stated_ms = float(deadline_ms)
        left_ms = stated_ms - now_ms
        if abs(left_ms) > LONGEST_TIMEOUT_MS:
            left_ms = ASSUMED_TIMEOUT_MS
        left_ms = max(0, left_ms)
        at_ms = now_ms + left_ms
        return cls(at_ms, at_ms - min(MARGIN_MS, left_ms / 10), clock)

    def remaining_ms(self) -> int:
        """Milliseconds until Lambda ends the invocation, never below 0."""
        return max(0, int(self.at_ms - self._clock() * 1000))

    def is_near(self) -> bool:
        """Whether the body must be closed now, so that its end still gets through."""
        return self._clock() * 1000 > self.close_at_ms
