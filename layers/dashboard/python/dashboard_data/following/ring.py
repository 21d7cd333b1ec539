"""Which of the newest entries has this process read already?"""

from collections.abc import Sequence

from dashboard_data.feed.cursor import Cursor
from dashboard_data.feed.feed import FeedEntry

CAPACITY = 1000


class Ring:
    """The newest entries without a gap, so that many streams are served by one Query.

    Guarded by its owner's lock.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._start = Cursor("", 0)
        self._entries: list[FeedEntry] = []

    @property
    def end(self) -> Cursor:
        return Cursor(self._start.epoch, self._start.seq + len(self._entries))

    def restart(self, cursor: Cursor) -> None:
        """Forgets all entries, and goes on from the cursor."""
        self._start = cursor
        self._entries = []

    def extend(self, entries: Sequence[FeedEntry]) -> None:
        """Adds entries that follow `end`."""
        kept = [*self._entries, *entries]
        surplus = max(0, len(kept) - self._capacity)
        self._entries = kept[surplus:]
        self._start = self._start._replace(seq=self._start.seq + surplus)

    def after(self, cursor: Cursor) -> tuple[FeedEntry, ...] | None:
        """Returns the entries after the cursor; None if they do not follow it without a gap."""
        position = cursor.seq - self._start.seq
        if cursor.epoch != self._start.epoch or not 0 <= position <= len(self._entries):
            return None
        return tuple(self._entries[position:])
