"""What does one look at the table for all streams of a process say, and to which of them?"""

from collections.abc import Collection, Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Protocol

from dashboard_data.dynamodb import MOST_KEYS, Key, Record
from dashboard_data.feed.feed import Feed, FeedEntry, Page, lags
from dashboard_data.feed.head import HEAD_KEY, Head
from dashboard_data.following.followed import FollowedStream
from dashboard_data.following.ring import Ring
from dashboard_data.slots.lease import Lease

NEVER_S = float("-inf")

Streams = frozenset[FollowedStream]
Steps = Generator[None, None, "Reading"]  # each step makes one call; the reading comes last


class Records(Protocol):
    """The part of a Table that the reader needs."""

    def get_many(self, keys: Collection[Key], *, consistent: bool = False) -> dict[Key, Record]:
        """Returns the records that exist."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the table. `asked_for`: the streams whose records were read.

    `entries`: those that are new in this process, which follow number `entries_after`. `changed`:
    the keys of the records that are not as the reading before it found them.
    """

    generation: int = 0
    asked_at_s: float = NEVER_S
    head: Head | None = None
    asked_for: Streams = frozenset()
    records: dict[Key, Record] = field(default_factory=dict)
    entries: tuple[FeedEntry, ...] = ()
    entries_after: int = 0
    changed: frozenset[Key] = frozenset()
    error: Exception | None = None

    def concerned(
        self, streams: Iterable[FollowedStream], before: "Reading", now_s: float
    ) -> Iterator[FollowedStream]:
        """Yields those of these streams for which this reading is news.

        They know what the reading before it said.
        """
        if self.error and before.error:
            return
        if self.error or before.error:
            yield from streams
            return
        if self._says_nothing(before):
            return
        for stream in streams:
            if self._is_news_for(stream, before, now_s):
                yield stream

    def _says_nothing(self, before: "Reading") -> bool:
        """Whether nothing has changed that could be news for anybody."""
        return (
            self.head == before.head
            and not self.entries
            and not self.changed
            and self.asked_for is before.asked_for
        )

    def _is_news_for(self, stream: FollowedStream, before: "Reading", now_s: float) -> bool:
        if self._has_entries_for(stream, before):
            return True
        if stream not in self.asked_for:
            return False
        if stream in before.asked_for and self.changed.isdisjoint(stream.followed()):
            return False
        return stream.is_told_by(self.records, now_s)

    def _has_entries_for(self, stream: FollowedStream, before: "Reading") -> bool:
        """Whether the stream has to send items or a reset.

        The readings before this one had none for it.
        """
        if self.head is None or before.head is None or stream.cursor.epoch != self.head.epoch:
            return True
        if stream.cursor.seq >= self.head.seq:
            return False
        if before.head.epoch != self.head.epoch or self.entries_after > before.head.seq:
            return True  # entries came that are not in `entries`
        return stream.concerns(self.entries)


class Look:
    """Makes readings. `ring`, which it fills, is guarded by `guard`."""

    def __init__(self, feed: Feed, records: Records, guard: Lock) -> None:
        self._feed = feed
        self._records = records
        self._guard = guard
        self.ring = Ring()
        self._streams: Streams = frozenset()
        self._leases: list[Lease] = []  # those of these streams
        self._other_keys: set[Key] = set()

    def steps(self, streams: Streams, last: Reading, asked_at_s: float) -> Steps:
        """Reads for these streams. Each step ends before the next call."""
        keys = self._keys_of(streams)
        records = yield from self._records_at(keys, consistent=False)
        changed = frozenset(
            [key for key in keys if key != HEAD_KEY and records.get(key) != last.records.get(key)]
        )
        if doubted := _doubted(streams, records, changed, last):
            records = {at: record for at, record in records.items() if at not in doubted}
            yield
            records |= yield from self._records_at(doubted, consistent=True)
        head = yield from self._head(records.get(HEAD_KEY), streams, last.head)
        page = yield from self._fill(head, streams)
        return replace(
            last,
            asked_at_s=NEVER_S if page.more else asked_at_s,
            head=head,
            asked_for=streams,
            records=records,
            entries=page.entries,
            entries_after=page.cursor.seq - len(page.entries),
            changed=changed,
            error=None,
        )

    def _keys_of(self, streams: Streams) -> set[Key]:
        """Returns the keys of the head and of all that these streams depend on.

        All leases of a process have one record between them, or few.
        """
        if streams is not self._streams:
            self._leases = [stream.lease for stream in streams if stream.lease]
            self._other_keys = {key for stream in streams for key in stream.owned()}
            self._streams = streams
        by_lifeline = {lease.lifeline: lease for lease in self._leases}
        return {HEAD_KEY, *self._other_keys, *[lease.key for lease in by_lifeline.values()]}

    def _records_at(
        self, keys: Collection[Key], *, consistent: bool
    ) -> Generator[None, None, dict[Key, Record]]:
        ordered = sorted(keys)
        records: dict[Key, Record] = {}
        for start in range(0, len(ordered), MOST_KEYS):
            if start:
                yield
            part = ordered[start : start + MOST_KEYS]
            records |= self._records.get_many(part, consistent=consistent)
        return records

    def _head(
        self, record: Record | None, streams: Streams, known: Head | None
    ) -> Generator[None, None, Head]:
        """Returns the head, of which a copy may lag.

        A number never goes back, and another epoch is believed only if read consistently.
        """
        head = Head.from_record(record) if record else None
        if head is None or any(stream.cursor.epoch != head.epoch for stream in streams):
            yield
            return self._feed.head()
        if known and known.epoch == head.epoch and known.seq > head.seq:
            return known
        return head

    def _fill(self, head: Head, streams: Streams) -> Generator[None, None, Page]:
        """Reads on from the newest entries of this process."""
        if head.cursor == self.ring.end:
            return Page((), head.cursor)
        cursors = [stream.cursor for stream in streams]
        known = [each for each in [*cursors, self.ring.end] if each.epoch == head.epoch]
        frontier = max(known, default=head.cursor)
        if frontier != self.ring.end:
            with self._guard:
                self.ring.restart(frontier)
        if head.seq <= frontier.seq:
            return Page((), frontier)
        yield
        page = self._feed.page_after(frontier)
        if lags(page, head.seq):
            yield
            page = self._feed.page_after(frontier, consistent=True)
        with self._guard:
            self.ring.extend(page.entries)
        return page


def _doubted(
    streams: Streams, records: dict[Key, Record], changed: frozenset[Key], last: Reading
) -> set[Key]:
    """Returns the keys whose records seem to be gone, and did not seem so to the last reading."""
    if not changed and streams is last.asked_for:
        return set()
    return {key for stream in streams for key in stream.looks_gone(records)}
