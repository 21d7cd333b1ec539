"""One reader for all: a source is read once in a process, and everybody who listens gets each item.

The last items are kept in a ring under ever greater numbers. The reader, a thread, appends; each
listener remembers the number of the next item that it wants, and waits until there is one. So the
reader never waits for a listener, and a listener that is too slow misses items and is told so. The
reader starts with the first listener and ends after the last one has left.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

KEPT = 100
WAIT_S = 0.5  # the longest time without a sign of life from a listener's iterator


class Item(NamedTuple):
    number: int
    value: Any


class Missed(NamedTuple):
    """Stands for so many items that were gone before a listener took them."""

    count: int


class Broadcast:
    """Hands on what `source()` yields. All methods are safe for threads."""

    def __init__(self, source: Callable[[], Iterator[Any]], kept: int = KEPT) -> None:
        self._source = source
        self._changed = threading.Condition()
        self._items: deque[Item] = deque(maxlen=kept)
        self._following = 1  # the number of the next item
        self._listeners = 0
        self._reader: object | None = None
        self._error: Exception | None = None

    @property
    def listeners(self) -> int:
        return self._listeners

    def listen(self, after: int | None = None) -> Iterator[Item | Missed | None]:
        """Yields items as they come, and None now and then while there are none.

        `after` is the number of the last item that the listener has; without it there are new ones
        only. An exception of the source is raised in every listener.
        """
        with self._changed:
            self._listeners += 1
            if self._reader is None:
                self._start()
            reader = self._reader
            wanted = self._following if after is None else min(after + 1, self._following)
        try:
            while True:
                found = self._take(reader, wanted)
                if isinstance(found, Item):
                    wanted = found.number + 1
                elif isinstance(found, Missed):
                    wanted += found.count
                yield found
        finally:
            with self._changed:
                self._listeners -= 1

    def _take(self, reader: object, wanted: int) -> Item | Missed | None:
        with self._changed:
            if wanted >= self._following and self._reader is reader:
                self._changed.wait(WAIT_S)
            if wanted < self._following:
                first = self._items[0].number
                if wanted < first:
                    return Missed(first - wanted)
                return self._items[wanted - first]
            if self._reader is not reader:  # ended, or another one since
                raise self._error or RuntimeError("the source has ended")
            return None

    def _start(self) -> None:
        self._error = None
        self._reader = object()
        thread = threading.Thread(target=self._read, args=[self._reader], daemon=True)
        thread.start()

    def _read(self, reader: object) -> None:
        error: Exception | None = None
        try:
            for value in self._source():
                with self._changed:
                    self._items.append(Item(self._following, value))
                    self._following += 1
                    self._changed.notify_all()
                    if not self._listeners:
                        self._reader = None  # under the lock: the next listener starts another
                        return
        except Exception as raised:
            error = raised
        with self._changed:
            self._error = error
            self._reader = None
            self._changed.notify_all()
