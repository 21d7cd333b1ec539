"""What does one stream follow, and what do these records say about it? Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from dashboard_data.dynamodb import Record
from dashboard_data.feed.cursor import Cursor
from dashboard_data.feed.feed import FeedEntry
from dashboard_data.records import Key
from dashboard_data.slots.lease import HELD, LOST, Lease, lease_state
from dashboard_data.users.configurations import Configuration, configuration_of
from dashboard_data.users.sessions import Session, session_lives


class News(NamedTuple):
    """What one stream has to know. With `error` nothing was learnt: all else is as it was, and is not fresh."""

    entries: tuple[FeedEntry, ...] = ()
    reset: str | None = None  # the feed cannot be followed from here: start again from the current state
    lease: str = HELD
    session_lives: bool = True
    configuration: Configuration | None = None  # None for a configuration stream: it is gone
    error: Exception | None = None


@dataclass(eq=False)
class Watch:
    """One stream's place in the feed, and what else it depends on. Its owner may set `cursor` after a reset."""

    cursor: Cursor
    lease: Lease | None = None
    session: Session | None = None
    configuration: Configuration | None = None
    generation: int = 0  # of the answer it has seen
    behind: bool = False  # the last page was full

    def followed(self) -> Iterator[Key]:
        yield from [followed.key for followed in (self.lease, self.session, self.configuration) if followed]

    def looks_gone(self, records: Mapping[Key, Record]) -> Iterator[Key]:
        """What has just been written may be missing in a copy that lags: nothing ends before a consistent read."""
        if self.lease and lease_state(records.get(self.lease.key), self.lease) == LOST:
            yield self.lease.key
        yield from [each.key for each in (self.session, self.configuration) if each and each.key not in records]

    def unchanged(self, error: Exception | None = None) -> News:
        return News(configuration=self.configuration, error=error)

    def judge(self, records: Mapping[Key, Record], now: float) -> News:
        """What the records say, which were read for this watch."""
        return News(
            lease=lease_state(records.get(self.lease.key), self.lease) if self.lease else HELD,
            session_lives=self.session is None or session_lives(records.get(self.session.key), now),
            configuration=self._configuration(records, now),
        )

    def _configuration(self, records: Mapping[Key, Record], now: float) -> Configuration | None:
        if self.configuration is None:
            return None
        found = configuration_of(records.get(self.configuration.key), now)
        lags = found is not None and found.version < self.configuration.version
        return self.configuration if lags else found
