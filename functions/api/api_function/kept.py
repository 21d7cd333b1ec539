"""A value that many clients ask for, and that need not be newer than some seconds."""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from dashboard_data import Clock

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """Keeps what `read` returns for `kept_s` seconds. What it raises is raised, and not kept.

    It is safe with several threads: those that come while one of them reads wait for the same
    value.
    """

    def __init__(self, read: Callable[[], Value], clock: Clock, kept_s: float) -> None:
        self._read = read
        self._clock = clock
        self._kept_s = kept_s
        self._lock = Lock()
        self._last: tuple[float, Value] | None = None  # when it was read, in epoch seconds

    def get(self) -> Value:
        with self._lock:
            now_s = self._clock()
            # The clock may have been set back: then nobody knows how old the value is.
            if self._last and 0 <= now_s - self._last[0] < self._kept_s:
                return self._last[1]
            self._last = now_s, self._read()
            return self._last[1]
