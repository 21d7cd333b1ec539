"""What does one stream follow, and what do the records that were read say about it? Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dashboard_data.dynamodb import Key, Record
from dashboard_data.feed.cursor import Cursor
from dashboard_data.feed.feed import FeedEntry, ResetReason
from dashboard_data.following.bell import Bell
from dashboard_data.slots.lease import Lease, LeaseState, lease_state
from dashboard_data.users.configurations import Configuration, configuration_of
from dashboard_data.users.sessions import Session, session_lives


class News(NamedTuple):
    """All that one stream has to know.

    `fresh`: the table was read since the last news. Without it, all but the entries is as it was;
    with `error` the read failed. `reset`: the feed cannot be followed from here, so start again
    from the current state. `configuration`: the newest version of a configuration stream's.
    """

    entries: tuple[FeedEntry, ...] = ()
    reset: ResetReason | None = None
    lease: LeaseState = LeaseState.HELD
    session_lives: bool = True
    configuration: Configuration | None = None
    configuration_gone: bool = False
    fresh: bool = False
    error: Exception | None = None


HELD = News(fresh=True)  # most streams hear this from most readings, and share it


Murmur = Callable[[float], bool]  # called with the time, in epoch seconds


@dataclass(eq=False, slots=True)
class FollowedStream:
    """One stream's position in the feed, and the records that it depends on.

    The reader alone writes here. `generation`: of the last reading that the stream has seen.
    `behind`: the last page was full, and there is more to read at once. `owed`: time was up before
    a page of its own was read, so that comes first now. `doubtful`: that page has to be read
    consistently. `bell` wakes its thread. `called`: there is news for it. `is_curious`: it has not
    seen the last reading, so the next one is news, whatever it says.

    `murmur` writes a sign of life to the client while the stream's own thread sleeps, and returns
    False if that thread has to be woken for it. `silent_since_s`: when something was written last.
    """

    cursor: Cursor
    lease: Lease | None = None
    session: Session | None = None
    configuration: Configuration | None = None
    generation: int = 0
    behind: bool = False
    owed: bool = False
    doubtful: bool = False
    bell: Bell = field(default_factory=Bell)
    called: bool = False
    is_curious: bool = False
    murmur: Murmur | None = None
    silent_since_s: float = 0.0

    def followed(self) -> Iterator[Key]:
        """Yields the keys of the records that this stream depends on."""
        if self.lease:
            yield self.lease.key
        yield from self.owned()

    def owned(self) -> Iterator[Key]:
        """Yields those of them that are this stream's own."""
        for each in (self.session, self.configuration):
            if each:
                yield each.key

    def looks_gone(self, records: Mapping[Key, Record]) -> Iterator[Key]:
        """Yields the keys whose records these copies do not show.

        A copy that lags may miss what has just been written, so nothing ends before a consistent
        read.
        """
        if self.lease and self._lease_state(records) == LeaseState.LAPSED:
            yield self.lease.key
        for each in (self.session, self.configuration):
            if each and each.key not in records:
                yield each.key

    def concerns(self, entries: Sequence[FeedEntry]) -> bool:
        """Whether the client of this stream sees anything of these entries."""
        if self.configuration is None:
            return bool(entries)
        tickers = self.configuration.tickers
        return any(entry.item.ticker in tickers for entry in entries)

    def is_told_by(self, records: Mapping[Key, Record], now_s: float) -> bool:
        """Whether these records, which were read for this stream, are news for it."""
        return self.judged(records, now_s) != News(configuration=self.configuration, fresh=True)

    def unchanged(self, error: Exception | None = None) -> News:
        return News(configuration=self.configuration, error=error)

    def judged(self, records: Mapping[Key, Record], now_s: float) -> News:
        """Returns the news in these records, which were read for this stream."""
        lease = self._lease_state(records)
        if self.session is None and self.configuration is None:
            return HELD if lease == LeaseState.HELD else News(lease=lease, fresh=True)
        configuration = self._newest_configuration(records, now_s)
        return News(
            lease=lease,
            session_lives=self._session_lives(records, now_s),
            configuration=configuration,
            configuration_gone=self.configuration is not None and configuration is None,
            fresh=True,
        )

    def _lease_state(self, records: Mapping[Key, Record]) -> LeaseState:
        if self.lease is None:
            return LeaseState.HELD
        return lease_state(records.get(self.lease.key), self.lease)

    def _session_lives(self, records: Mapping[Key, Record], now_s: float) -> bool:
        if self.session is None:
            return True
        return session_lives(records.get(self.session.key), now_s)

    def _newest_configuration(
        self, records: Mapping[Key, Record], now_s: float
    ) -> Configuration | None:
        """Returns None if it is gone. A copy that lags does not bring an older version back."""
        known = self.configuration
        if known is None:
            return None
        found = configuration_of(records.get(known.key), now_s)
        if found is not None and found.version < known.version:
            return known
        return found
