"""A source of items, each of which waits until the reader has got the one before.

The applications beside this module read from it. So a response that does not stream cannot end:
its second item is never made, and after PATIENCE_S the source gives up.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator

PATIENCE_S = 5.0
COUNT = 3


class NotStreamed(AssertionError):
    """The reader never got an item that was made, so it was held back on its way."""


class Gate:
    """Counts the items that the reader has got, and notes what the application says."""

    def __init__(self) -> None:
        self._got = threading.Semaphore(0)
        self._has_left = False
        self.notes: list[str] = []

    def pass_one(self) -> None:
        """Tells the source that the reader has got one more item."""
        self._got.release()

    def leave(self) -> None:
        """Tells the source that nobody reads any more: it goes on without waiting."""
        self._has_left = True
        self._got.release()

    def wait(self) -> None:
        if self._has_left:
            return
        if not self._got.acquire(timeout=PATIENCE_S):
            raise NotStreamed("an item was made, and never arrived")

    async def wait_async(self) -> None:
        if self._has_left:
            return
        until = time.monotonic() + PATIENCE_S
        while not self._got.acquire(blocking=False):
            if time.monotonic() > until:
                raise NotStreamed("an item was made, and never arrived")
            await asyncio.sleep(0.002)


_current = Gate()


def new_gate() -> Gate:
    """Returns a gate for the next request; the source uses it from now on."""
    global _current
    _current = Gate()
    return _current


def note(text: str) -> None:
    """Notes something that happened, for the test to compare."""
    _current.notes.append(text)


def items(count: int = COUNT, first: int = 1) -> Iterator[str]:
    """Yields `item-1` and so on, and notes its end, however it ends."""
    gate = _current
    try:
        for number in range(first, first + count):
            yield f"item-{number}"
            gate.wait()
    finally:
        gate.notes.append("source closed")


async def async_items(count: int = COUNT, first: int = 1) -> AsyncIterator[str]:
    """Yields the same as `items`."""
    gate = _current
    try:
        for number in range(first, first + count):
            yield f"item-{number}"
            await gate.wait_async()
    finally:
        gate.notes.append("source closed")


class Rows:
    """A file-like object: its lines come one at a time."""

    def __init__(self) -> None:
        self._lines = (f"{item}\n".encode() for item in items())

    def __enter__(self) -> "Rows":
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        note("file closed")

    def __iter__(self) -> Iterator[bytes]:
        return self._lines
