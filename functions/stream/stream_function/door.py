"""How many streams of a process may be opening at the same moment?

Opening a stream takes three calls of the table, each with a short timeout. If all clients of a
storm made theirs at once, each would open a connection of its own, and the last would wait for the
first until its timeout is over, and try again: so nobody gets in. A few at a time are served soon,
and the others wait here, where nothing times out early.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Semaphore

AT_ONCE = 20  # as many as the client keeps connections
LONGEST_WAIT_S = 12.0


class DoorError(Exception):
    """The streams that open before this one take too long: the table is hardly there."""


class Door:
    """Lets a few threads through at a time. `longest_wait_s`: after that DoorError is raised."""

    def __init__(self, at_once: int = AT_ONCE, longest_wait_s: float = LONGEST_WAIT_S) -> None:
        self._free = Semaphore(at_once)
        self._longest_wait_s = longest_wait_s

    @contextmanager
    def open(self) -> Iterator[None]:
        if not self._free.acquire(timeout=self._longest_wait_s):
            raise DoorError
        try:
            yield
        finally:
            self._free.release()
