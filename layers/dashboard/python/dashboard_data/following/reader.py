"""How do all streams of a process learn what is new with one read of the table?

Theory of operation. Every stream is one thread, and follows the feed through one SharedReader.

- A *reading* is one look at the table for all streams at once: the feed's head, the records that
  any stream depends on (leases, sessions, configurations), and the entries that are new in this
  process. It has a generation, so that each stream knows whether it has seen it.
- There is no background thread, since Lambda freezes a process between invocations. A stream that
  waits for news waits here. The first waiting thread that finds a reading due performs it for all;
  the others sleep until it is done. Readings are one interval apart.
- The ring keeps the newest entries of this process. A stream whose position lies in the ring is
  served from it. One whose position does not (it has just come, or was slow) reads its own pages,
  at once, until it has caught up: it is *behind*.
- Reads are eventually consistent, at half the price, and copies may lag. So a number never goes
  back. Another epoch, or a record that seems to be gone, is believed only after a consistent read.
  An entry that the head has announced and the copy does not show is read again, consistently.
- A stream that has come after a reading began is not judged by it: its slot may have been somebody
  else's then.
- The reader alone writes to a FollowedStream. A stream learns all it has to know from the News that
  `wait` returns, and what fails is in the News, never raised.

An idle reading for one global stream is one request for one read unit.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Condition
from typing import Any, Protocol

from dashboard_data.dynamodb import Clock, Key, Record
from dashboard_data.feed.cursor import Cursor
from dashboard_data.feed.feed import Feed, Page, ResetReason
from dashboard_data.feed.head import HEAD_KEY, Head
from dashboard_data.following.followed import FollowedStream, News
from dashboard_data.following.ring import Ring
from dashboard_data.slots.lease import Lease
from dashboard_data.users.configurations import Configuration
from dashboard_data.users.sessions import Session

INTERVAL_S = 1.0
NEVER_S = float("-inf")

Pause = Callable[[Condition, float], Any]


class Records(Protocol):
    """The part of a Table that the reader needs."""

    def get_many(self, keys: Collection[Key], *, consistent: bool = False) -> dict[Key, Record]:
        """Returns the records that exist."""
        ...


@dataclass(frozen=True, slots=True)
class _Reading:
    """One look at the table. `asked_for`: the streams whose records were read."""

    generation: int = 0
    asked_at_s: float = NEVER_S
    head: Head | None = None
    asked_for: frozenset[FollowedStream] = frozenset()
    records: dict[Key, Record] = field(default_factory=dict)
    error: Exception | None = None


class SharedReader:
    """One for a process; each stream is one thread, and has a FollowedStream of its own.

    `pause` waits on a condition for so many seconds.
    """

    def __init__(
        self,
        feed: Feed,
        records: Records,
        clock: Clock,
        interval_s: float = INTERVAL_S,
        pause: Pause = Condition.wait,
    ) -> None:
        self._feed = feed
        self._records = records
        self._clock = clock
        self._interval_s = interval_s
        self._pause = pause
        self._turn = Condition()  # guards all that follows
        self._is_reading = False
        self._last = _Reading()
        self._ring = Ring()
        self._streams: set[FollowedStream] = set()

    @contextmanager
    def follow(
        self,
        cursor: Cursor,
        *,
        lease: Lease | None = None,
        session: Session | None = None,
        configuration: Configuration | None = None,
    ) -> Iterator[FollowedStream]:
        """Follows the feed from the cursor, and all else that is given, until the block is left."""
        stream = FollowedStream(cursor, lease, session, configuration)
        with self._turn:
            self._streams.add(stream)
        try:
            yield stream
        finally:
            with self._turn:
                self._streams.discard(stream)

    def move(self, stream: FollowedStream, cursor: Cursor) -> None:
        """Lets the stream go on from another position, after a reset."""
        stream.cursor = cursor

    def wait(self, stream: FollowedStream, until_s: float = float("inf")) -> News:
        """Returns the next news of this stream.

        At once if it is behind, else with the next reading, an interval after the last. At
        `until_s` (epoch seconds), if that comes first: nothing has changed. An error is returned in
        the news, never raised.
        """
        reading = self._reading_for(stream, until_s)
        if reading is None:
            return stream.unchanged()
        fresh = reading.generation != stream.generation
        stream.generation = reading.generation
        return self._news(stream, reading, fresh)

    def _reading_for(self, stream: FollowedStream, until_s: float) -> _Reading | None:
        """Waits for a reading that the stream has not seen, or performs it. None at `until_s`."""
        with self._turn:
            generation = self._last.generation
            while True:
                last = self._last
                now_s = self._clock()
                # A clock that was set back is no reason to wait.
                due_in_s = self._interval_s - abs(now_s - last.asked_at_s)
                unseen = last.generation > stream.generation
                catches_up = stream.behind and not last.error
                if last.generation > generation or (due_in_s > 0 and (unseen or catches_up)):
                    return last
                if now_s >= until_s:
                    return None
                if due_in_s <= 0 and not self._is_reading:
                    self._is_reading = True
                    break
                pause_s = self._interval_s if self._is_reading else due_in_s
                self._pause(self._turn, min(pause_s, until_s - now_s))
        return self._read_for_all()

    def _read_for_all(self) -> _Reading:
        reading = replace(
            self._last, asked_at_s=self._clock(), error=RuntimeError("the read was interrupted")
        )
        try:
            reading = self._read(reading)
        except Exception as error:
            reading = replace(reading, error=error)
        finally:
            with self._turn:
                reading = replace(reading, generation=self._last.generation + 1)
                self._last = reading
                self._is_reading = False
                self._turn.notify_all()
        return reading

    def _read(self, reading: _Reading) -> _Reading:
        with self._turn:
            streams = list(self._streams)
        keys = {key for stream in streams for key in stream.followed()}
        records = self._records.get_many(keys | {HEAD_KEY})
        if doubted := {key for stream in streams for key in stream.looks_gone(records)}:
            records = {at: record for at, record in records.items() if at not in doubted}
            records |= self._records.get_many(doubted, consistent=True)
        head = self._head(records.get(HEAD_KEY), streams)
        more = self._fill(head, [stream.cursor for stream in streams])
        asked_at_s = NEVER_S if more else reading.asked_at_s
        return replace(
            reading,
            asked_at_s=asked_at_s,
            head=head,
            asked_for=frozenset(streams),
            records=records,
            error=None,
        )

    def _head(self, record: Record | None, streams: list[FollowedStream]) -> Head:
        """Returns the head, of which a copy may lag.

        A number never goes back, and another epoch is believed only if read consistently.
        """
        head = Head.from_record(record) if record else None
        if head is None or any(stream.cursor.epoch != head.epoch for stream in streams):
            return self._feed.head()
        known = self._last.head
        if known and known.epoch == head.epoch and known.seq > head.seq:
            return known
        return head

    def _fill(self, head: Head, cursors: list[Cursor]) -> bool:
        """Reads on from the newest entries of this process.

        Returns whether there is more to read at once.
        """
        known = [each for each in [*cursors, self._ring.end] if each.epoch == head.epoch]
        frontier = max(known, default=head.cursor)
        if frontier != self._ring.end:
            with self._turn:
                self._ring.restart(frontier)
        if head.seq <= frontier.seq:
            return False
        page = self._feed.after(frontier, known_seq=head.seq)
        with self._turn:
            self._ring.extend(page.entries)
        return page.more

    def _news(self, stream: FollowedStream, reading: _Reading, fresh: bool) -> News:
        if reading.error or reading.head is None:
            return stream.unchanged(reading.error)
        try:
            page = self._page(stream.cursor, reading.head)
        except Exception as error:
            stream.behind = False  # try again with the next reading, not at once
            return stream.unchanged(error)
        stream.cursor = page.cursor
        stream.behind = page.more
        news = stream.unchanged()
        if stream in reading.asked_for:
            news = stream.judged(reading.records, self._clock())
            stream.configuration = news.configuration or stream.configuration
        return news._replace(
            entries=page.entries, reset=page.reset, fresh=fresh or bool(page.entries)
        )

    def _page(self, cursor: Cursor, head: Head) -> Page:
        if cursor.epoch != head.epoch:
            return Page((), cursor, reset=ResetReason.REBUILT)
        if cursor.seq >= head.seq:
            return Page((), cursor)
        with self._turn:
            entries = self._ring.after(cursor)
        if entries:
            return Page(entries, Cursor(cursor.epoch, entries[-1].seq))
        return self._feed.after(cursor, known_seq=head.seq)
