"""Which minutes does the client not know yet? Pure.

Theory. A `metrics` event tells of some minutes, the newest of which is that of its `timestamp`. The
client then knows every minute up to that one as it was. What it does not know are the minutes
after, and those in which items were counted since. An item that is dated ahead needs no memory: its
minute comes after the last one told.
"""

from dashboard_data import FeedEntry, minute_number, moment_s

from stream_function.life import METRICS_EVERY_S

ALL_MINUTES = 60


class UntoldMinutes:
    """One stream's memory of what its `metrics` events told since its window was read."""

    def __init__(self) -> None:
        self._told_up_to: int | None = None  # the number of a minute
        self._told_all_at_s = 0.0
        self._changed: set[int] = set()

    def changed_by(self, entry: FeedEntry) -> None:
        """Takes note that an entry was counted."""
        self._changed.add(minute_number(moment_s(entry.item.timestamp)))

    def all_due_at_s(self) -> float:
        """Returns when all minutes are to be told again, in epoch seconds."""
        return self._told_all_at_s + METRICS_EVERY_S

    def tell(self, now_s: float) -> int:
        """Returns how many minutes an event of this moment has to tell, which then are told."""
        count = self._count(now_s)
        if count == ALL_MINUTES:
            self._told_all_at_s = now_s
        self._told_up_to = minute_number(now_s)
        self._changed.clear()
        return count

    def _count(self, now_s: float) -> int:
        last = minute_number(now_s)
        if self._told_up_to is None or now_s >= self.all_due_at_s():
            return ALL_MINUTES
        if last < self._told_up_to:  # the clock was set back
            return ALL_MINUTES
        shown = {minute for minute in self._changed if last - ALL_MINUTES < minute <= last}
        oldest = min([*shown, self._told_up_to + 1, last])
        return min(last - oldest + 1, ALL_MINUTES)
