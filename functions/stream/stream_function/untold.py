"""Which minutes does the client not know yet? Pure.

Theory. A `metrics` event tells of some minutes, the newest of which is that of its `timestamp`. The
client then knows every minute up to that one as it was. What it does not know are the minutes
after, and those in which items were counted since. An item that is dated ahead needs no memory: its
minute comes after the last one told.

The minutes in which items are counted are the same for all streams of a window, so they share one
memory of them (ChangedMinutes). Each stream remembers only how far it has told of them (Told).
"""

from typing import NamedTuple

from dashboard_data import FeedEntry, minute_number, moment_s

from stream_function.life import METRICS_EVERY_S

ALL_MINUTES = 60
MOST_MINUTES = 4 * ALL_MINUTES


class ChangedMinutes:
    """When was each minute last counted in? In versions: each entry makes a new one."""

    def __init__(self) -> None:
        self.version = 0
        self._versions: dict[int, int] = {}  # by the number of the minute

    def note(self, entry: FeedEntry) -> None:
        """Takes note that an entry was counted."""
        self.version += 1
        self._versions[minute_number(moment_s(entry.item.timestamp))] = self.version
        if len(self._versions) > MOST_MINUTES:
            # The newest is an hour ahead at most, and an hour before now is shown.
            oldest = max(self._versions) - 2 * ALL_MINUTES
            kept = {minute: at for minute, at in self._versions.items() if minute >= oldest}
            self._versions = kept

    def since(self, version: int) -> list[int]:
        """Returns the minutes in which an entry was counted after this version."""
        if version == self.version:
            return []
        return [minute for minute, at in self._versions.items() if at > version]


class Told(NamedTuple):
    """How far a stream has told its client: `version` of the ChangedMinutes, a minute, a moment.

    `up_to` is the number of the last minute told, None before the first. `all_at_s`: when all
    minutes were told last.
    """

    version: int = 0
    up_to: int | None = None
    all_at_s: float = 0.0

    def all_due_at_s(self) -> float:
        """Returns when all minutes are to be told again, in epoch seconds."""
        return self.all_at_s + METRICS_EVERY_S

    def after(self, changed: ChangedMinutes, count: int, now_s: float) -> "Told":
        """Returns how far an event of this moment tells that tells of `count` minutes."""
        all_at_s = now_s if count == ALL_MINUTES else self.all_at_s
        return Told(changed.version, minute_number(now_s), all_at_s)

    def untold(self, changed: ChangedMinutes, now_s: float) -> int:
        """Returns how many minutes an event of this moment has to tell."""
        last = minute_number(now_s)
        if self.up_to is None or now_s >= self.all_due_at_s():
            return ALL_MINUTES
        if last < self.up_to:  # the clock was set back
            return ALL_MINUTES
        since = changed.since(self.version)
        shown = [minute for minute in since if last - ALL_MINUTES < minute <= last]
        oldest = min([*shown, self.up_to + 1, last])
        return min(last - oldest + 1, ALL_MINUTES)


NOTHING_TOLD = Told()
