"""How do all streams of a process learn what is new with one read of the table?

Theory of operation. Every stream is one thread, and follows the feed through one SharedReader.

- A *reading* is one look at the table for all streams at once: the feed's head, the records that
  any stream depends on (leases, sessions, configurations), and the entries that are new in this
  process. It has a generation, so that each stream knows whether it has seen it.
- There is no background thread, since Lambda freezes a process between invocations. A stream that
  waits for news waits here. A waiting thread that finds a reading due performs it for all; the
  others sleep until it is done. Readings are one interval apart.
- A reading is made of *steps*, each of one call of the table. A thread whose time is up after a
  step goes away to write to its client, and any thread takes the next step. So a stream is silent
  for one call at most, however many calls a reading takes. The same goes for pages of its own.
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

from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Condition
from typing import Any, NamedTuple, Protocol

from dashboard_data.dynamodb import MOST_KEYS, Clock, Key, Record
from dashboard_data.feed.cursor import Cursor
from dashboard_data.feed.feed import Feed, Page, ResetReason, lags
from dashboard_data.feed.head import HEAD_KEY, Head
from dashboard_data.following.followed import FollowedStream, News
from dashboard_data.following.ring import Ring
from dashboard_data.slots.lease import Lease
from dashboard_data.users.configurations import Configuration
from dashboard_data.users.sessions import Session

INTERVAL_S = 1.0
NEVER_S = float("-inf")

Pause = Callable[[Condition, float], Any]
Steps = Generator[None, None, "_Reading"]  # each step makes one call; the reading comes last


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


class _Turn(NamedTuple):
    """After its wait a thread takes a step, or returns this reading, if there is one."""

    reading: _Reading | None = None
    may_step: bool = False


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
        self._is_stepping = False
        self._asked_at_s = NEVER_S
        self._steps: Steps | None = None  # None: no reading is under way
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
                if not self._streams:
                    self._steps = None  # nobody knows when it would go on

    def move(self, stream: FollowedStream, cursor: Cursor) -> None:
        """Lets the stream go on from another position, with the next reading."""
        stream.cursor = cursor
        stream.behind = False
        stream.owed = False
        stream.doubtful = False

    def start_again(self, stream: FollowedStream) -> Head:
        """Lets the stream go on from the feed's head, which one call reads, after a reset."""
        head = self._feed.head()
        self.move(stream, head.cursor)
        return head

    def wait(self, stream: FollowedStream, until_s: float = float("inf")) -> News:
        """Returns the next news of this stream.

        At once if it is behind, else with the next reading, an interval after the last. At
        `until_s` (epoch seconds), if that comes first: nothing has changed. No call begins at
        `until_s` or later. An error is returned in the news, never raised.
        """
        reading = self._last if stream.owed else self._reading_for(stream, until_s)
        if reading is None:
            return stream.unchanged()
        fresh = reading.generation != stream.generation
        stream.generation = reading.generation
        return self._news(stream, reading, fresh, until_s)

    def _reading_for(self, stream: FollowedStream, until_s: float) -> _Reading | None:
        """Waits for a reading that the stream has not seen, or performs it. None at `until_s`."""
        generation = self._last.generation
        while True:
            turn = self._turn_of(stream, generation, until_s)
            if not turn.may_step:
                return turn.reading
            if reading := self._step():
                return reading

    def _turn_of(self, stream: FollowedStream, generation: int, until_s: float) -> _Turn:
        """Waits for a reading that the stream has not seen, a step to take, or `until_s`."""
        with self._turn:
            while True:
                last = self._last
                now_s = self._clock()
                # A clock that was set back is no reason to wait.
                due_in_s = self._interval_s - abs(now_s - last.asked_at_s)
                unseen = last.generation > stream.generation
                catches_up = stream.behind and not last.error
                if last.generation > generation or (due_in_s > 0 and (unseen or catches_up)):
                    return _Turn(reading=last)
                if now_s >= until_s:
                    return _Turn()
                if due_in_s <= 0 and not self._is_stepping:
                    self._is_stepping = True
                    return _Turn(may_step=True)
                pause_s = self._interval_s if self._is_stepping else due_in_s
                self._pause(self._turn, min(pause_s, until_s - now_s))

    def _step(self) -> _Reading | None:
        """Takes the next step of the reading under way, or begins one. Returns it at its end."""
        if self._steps is None:
            self._asked_at_s = self._clock()
            self._steps = self._read(self._asked_at_s)
        reading: _Reading | None = self._failed(RuntimeError("the read was interrupted"))
        try:
            reading = _after_next(self._steps)
        except Exception as error:
            reading = self._failed(error)
        finally:
            with self._turn:
                self._is_stepping = False
                if reading is not None:
                    reading = replace(reading, generation=self._last.generation + 1)
                    self._last = reading
                    self._steps = None
                self._turn.notify_all()
        return reading

    def _failed(self, error: Exception) -> _Reading:
        return replace(self._last, asked_at_s=self._asked_at_s, error=error)

    def _read(self, asked_at_s: float) -> Steps:
        """Reads for all streams. Each step ends before the next call."""
        with self._turn:
            streams = list(self._streams)
        keys = {key for stream in streams for key in stream.followed()}
        records = yield from self._records_at(keys | {HEAD_KEY}, consistent=False)
        if doubted := {key for stream in streams for key in stream.looks_gone(records)}:
            records = {at: record for at, record in records.items() if at not in doubted}
            yield
            records |= yield from self._records_at(doubted, consistent=True)
        head = yield from self._head(records.get(HEAD_KEY), streams)
        more = yield from self._fill(head, [stream.cursor for stream in streams])
        return replace(
            self._last,
            asked_at_s=NEVER_S if more else asked_at_s,
            head=head,
            asked_for=frozenset(streams),
            records=records,
            error=None,
        )

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
        self, record: Record | None, streams: list[FollowedStream]
    ) -> Generator[None, None, Head]:
        """Returns the head, of which a copy may lag.

        A number never goes back, and another epoch is believed only if read consistently.
        """
        head = Head.from_record(record) if record else None
        if head is None or any(stream.cursor.epoch != head.epoch for stream in streams):
            yield
            return self._feed.head()
        known = self._last.head
        if known and known.epoch == head.epoch and known.seq > head.seq:
            return known
        return head

    def _fill(self, head: Head, cursors: list[Cursor]) -> Generator[None, None, bool]:
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
        yield
        page = self._feed.page_after(frontier)
        if lags(page, head.seq):
            yield
            page = self._feed.page_after(frontier, consistent=True)
        with self._turn:
            self._ring.extend(page.entries)
        return page.more

    def _news(self, stream: FollowedStream, reading: _Reading, fresh: bool, until_s: float) -> News:
        if reading.error or reading.head is None:
            stream.owed = False
            return stream.unchanged(reading.error)
        try:
            page = self._page(stream, reading.head, until_s)
        except Exception as error:
            self.move(stream, stream.cursor)  # try again with the next reading, not at once
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

    def _page(self, stream: FollowedStream, head: Head, until_s: float) -> Page:
        cursor = stream.cursor
        if cursor.epoch != head.epoch:
            return Page((), cursor, reset=ResetReason.REBUILT)
        if cursor.seq >= head.seq:
            return Page((), cursor)
        with self._turn:
            entries = self._ring.after(cursor)
        if entries:
            return Page(entries, Cursor(cursor.epoch, entries[-1].seq))
        return self._page_of_its_own(stream, head, until_s)

    def _page_of_its_own(self, stream: FollowedStream, head: Head, until_s: float) -> Page:
        """Reads for a stream whose position is not in the ring. No call begins at `until_s`.

        But a page that is owed is read whatever the time is, so that slow calls stop nobody.
        """
        is_owed = stream.owed
        while is_owed or self._clock() < until_s:
            is_owed = False
            page = self._feed.page_after(stream.cursor, consistent=stream.doubtful)
            if stream.doubtful or not lags(page, head.seq):
                stream.owed = False
                stream.doubtful = False
                return page
            stream.doubtful = True
        stream.owed = True
        return Page((), stream.cursor, more=True)


def _after_next(steps: Steps) -> _Reading | None:
    """Takes one step. Returns the reading if that was the last one."""
    try:
        next(steps)
    except StopIteration as end:
        reading: _Reading = end.value
        return reading
    return None
