"""How long may one case take, and how much memory may all of them?"""

import contextlib
import resource
import signal
import threading
from collections.abc import Iterator

CASE_S = 5.0
MEMORY_BYTES = 512 * 1024 * 1024


class Hang(BaseException):
    """Raised in a case that takes too long. Nothing that catches errors catches it."""


def _ring(_number: int, _frame: object) -> None:
    raise Hang("a case takes too much CPU time")


class Watch:
    """Bounds the CPU time of each case; other processes on the machine do not count."""

    def __init__(self, case_s: float = CASE_S) -> None:
        self._case_s = case_s

    def begin(self) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, self._case_s)

    def end(self) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


class NoWatch(Watch):
    """Bounds nothing: only the main thread of a process gets signals."""

    def begin(self) -> None:
        """Does nothing."""

    end = begin


@contextlib.contextmanager
def bounded(case_s: float = CASE_S) -> Iterator[Watch]:
    """Bounds what runs meanwhile: MEMORY_BYTES more than now, and `case_s` for each case."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as table:
        used_bytes = int(table.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used_bytes + MEMORY_BYTES, before[1]))
    is_main = threading.current_thread() is threading.main_thread()
    old = signal.signal(signal.SIGVTALRM, _ring) if is_main else None
    try:
        yield Watch(case_s) if is_main else NoWatch()
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
        if is_main:
            signal.signal(signal.SIGVTALRM, old)
