"""How do all streams of a process learn what is new with one read of the table?

Theory of operation. Every stream is one thread, and follows the feed through one SharedReader.

- A *reading* is one look at the table for all streams at once: the feed's head, the records that
  any stream depends on (leases, sessions, configurations), and the entries that are new in this
  process. It has a generation, so that each stream knows whether it has seen it.
- There is no background thread, since Lambda freezes a process between invocations. A stream that
  waits for news waits here. One of the waiting threads, the leader, performs a reading when it is
  due, an interval after the last. It wakes those streams alone for which there is news; the others
  sleep on, until something is due for themselves (sleepers.py).
- A reading is made of *steps*, each of one call of the table (reading.py). A thread whose time is
  up after a step goes away to write to its client, and another one becomes the leader and takes the
  next step. So a stream is silent for one call at most, however many calls a reading takes. The
  same goes for pages of its own.
- Before each step the leader gives a sign of life for every stream that has been silent for long
  (`murmur`), without waking its thread.
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

An idle reading for global streams is one request for one read unit, and wakes nobody else.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Lock
from typing import Any, NamedTuple

from dashboard_data.dynamodb import Clock
from dashboard_data.feed.cursor import Cursor
from dashboard_data.feed.feed import Feed, Page, ResetReason, lags
from dashboard_data.feed.head import Head
from dashboard_data.following.bell import Bell
from dashboard_data.following.followed import FollowedStream, Murmur, News
from dashboard_data.following.reading import NEVER_S, Look, Reading, Records, Steps, Streams
from dashboard_data.following.sleepers import Sleepers
from dashboard_data.slots.lease import Lease
from dashboard_data.users.configurations import Configuration
from dashboard_data.users.sessions import Session

INTERVAL_S = 1.0
SILENCE_S = 2.0
MURMUR_EVERY_S = 1.0  # where readings are further apart than that
FOREVER_S = float("inf")
LONGEST_PAUSE_S = 60.0  # a lock takes no infinite timeout

Pause = Callable[[Bell, float], Any]


class _Limits(NamedTuple):
    """Until when a thread may begin calls, and until when it may sleep."""

    until_s: float
    rest_until_s: float


class _Turn(NamedTuple):
    """A thread's next act: it sleeps so long, takes a step, or returns the reading or nothing."""

    reading: Reading | None = None
    pause_s: float | None = None
    may_step: bool = False

    @property
    def is_last(self) -> bool:
        return self.pause_s is None and not self.may_step


class SharedReader:
    """One for a process; each stream is one thread, and has a FollowedStream of its own.

    `pause` waits for a bell, for so many seconds at most.
    """

    def __init__(
        self,
        feed: Feed,
        records: Records,
        clock: Clock,
        interval_s: float = INTERVAL_S,
        pause: Pause = Bell.wait,
    ) -> None:
        self._feed = feed
        self._clock = clock
        self._interval_s = interval_s
        self._pause = pause
        self._guard = Lock()  # guards all that follows
        self._look = Look(feed, records, self._guard)
        self._is_stepping = False
        self._asked_at_s = NEVER_S
        self._steps: Steps | None = None  # None: no reading is under way
        self._last = Reading()
        self._streams: Streams = frozenset()
        self._sleepers = Sleepers()

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
        self.join(stream)
        try:
            yield stream
        finally:
            self.leave(stream)

    def join(self, stream: FollowedStream) -> None:
        """Follows the feed for this stream too, until it leaves."""
        with self._guard:
            self._streams |= {stream}

    def leave(self, stream: FollowedStream) -> None:
        with self._guard:
            self._streams -= {stream}
            if not self._streams:
                self._steps = None  # nobody knows when it would go on

    def move(self, stream: FollowedStream, cursor: Cursor) -> None:
        """Lets the stream go on from another position, with the next reading."""
        stream.cursor = cursor
        stream.behind = False
        stream.owed = False
        stream.doubtful = False
        stream.is_curious = True

    def start_again(self, stream: FollowedStream) -> Head:
        """Lets the stream go on from the feed's head, which one call reads, after a reset."""
        head = self._feed.head()
        self.move(stream, head.cursor)
        return head

    def wait(
        self,
        stream: FollowedStream,
        until_s: float = FOREVER_S,
        rest_until_s: float | None = None,
    ) -> News:
        """Returns the next news of this stream.

        At once if it is behind, or has not seen the last reading; else when a reading has something
        for it, or was performed by this thread. At `until_s` (epoch seconds), if that comes first:
        nothing has changed. No call begins at `until_s` or later. A thread that is not asked to
        perform readings may sleep longer, until `rest_until_s`. An error is returned in the news,
        never raised.
        """
        limits = _Limits(until_s, until_s if rest_until_s is None else rest_until_s)
        reading = self._last if stream.owed else self._reading_for(stream, limits)
        if reading is None:
            return stream.unchanged()
        fresh = reading.generation != stream.generation
        stream.generation = reading.generation
        stream.called = False
        stream.is_curious = False
        return self._news(stream, reading, fresh, until_s)

    def _reading_for(self, stream: FollowedStream, limits: _Limits) -> Reading | None:
        """Waits for a reading that is news to the stream, or performs it. None at `until_s`."""
        turn = self._first_turn(stream, limits)
        try:
            while not turn.is_last:
                if turn.pause_s is not None:
                    self._pause(stream.bell, turn.pause_s)
                elif reading := self._step(stream):
                    self._leave_sleepers(stream)
                    return reading
                turn = self._next_turn(stream, limits)
        except BaseException:
            self._leave_sleepers(stream)
            raise
        return turn.reading

    def _first_turn(self, stream: FollowedStream, limits: _Limits) -> _Turn:
        with self._guard:
            last = self._last
            unseen = last.generation > stream.generation
            catches_up = stream.behind and not last.error
            if (unseen or catches_up) and self._due_in_s(self._clock()) > 0:
                return _Turn(last)
            stream.is_curious = stream.is_curious or unseen
            return self._turn_of(stream, limits)

    def _next_turn(self, stream: FollowedStream, limits: _Limits) -> _Turn:
        with self._guard:
            self._sleepers.get_up(stream)
            turn = _Turn(self._last) if stream.called else self._turn_of(stream, limits)
            if turn.is_last:
                self._sleepers.leave(stream)
            return turn

    def _leave_sleepers(self, stream: FollowedStream) -> None:
        with self._guard:
            self._sleepers.leave(stream)

    def _turn_of(self, stream: FollowedStream, limits: _Limits) -> _Turn:
        """Decides, under the lock, what the stream's thread does when there is no news for it."""
        now_s = self._clock()
        due_in_s = self._due_in_s(now_s)
        may_step = due_in_s <= 0 and not self._is_stepping
        would_lead = may_step or self._sleepers.leader in (None, stream)
        until_s = limits.until_s if would_lead else limits.rest_until_s
        if now_s >= until_s:
            # It slept through readings that were no news, and need not be told of them again.
            is_seen = stream.is_curious or self._last.generation == stream.generation
            return _Turn(None if is_seen else self._last)
        if may_step:
            self._is_stepping = True
            self._sleepers.leader = stream
            return _Turn(may_step=True)
        if would_lead and self._interval_s > MURMUR_EVERY_S:
            self._murmur(stream)
        self._sleepers.lie_down(stream)
        pause_s = min(until_s - now_s, LONGEST_PAUSE_S)
        if would_lead:
            pause_s = max(0.0, min(due_in_s, pause_s, MURMUR_EVERY_S))
        return _Turn(pause_s=pause_s)

    def _due_in_s(self, now_s: float) -> float:
        """Returns when the next reading is due. A clock that was set back is no reason to wait."""
        return self._interval_s - abs(now_s - self._last.asked_at_s)

    def _step(self, stream: FollowedStream) -> Reading | None:
        """Takes the next step of the reading under way, or begins one. Returns it at its end."""
        interrupted = RuntimeError("the read was interrupted")
        reading: Reading | None = self._failed(interrupted)
        try:
            with self._guard:
                self._murmur(stream)
                streams = self._streams
            if self._steps is None:
                self._asked_at_s = self._clock()
                self._steps = self._look.steps(streams, self._last, self._asked_at_s)
            reading = self._failed(interrupted)
            reading = _after_next(self._steps)
        except Exception as error:
            reading = self._failed(error)
        finally:
            with self._guard:
                self._is_stepping = False
                if reading is not None:
                    self._steps = None
                    reading = self._publish(reading)
        return reading

    def _murmur(self, leader: FollowedStream) -> None:
        """Gives a sign of life, under the lock, for the streams that are silent for long.

        So they need not wake for it, and none is silent for longer than this and one call.
        """
        now_s = self._clock()
        silent = [
            (stream, stream.murmur)
            for stream in (leader, *self._sleepers)
            if stream.murmur and abs(now_s - stream.silent_since_s) >= SILENCE_S
        ]
        self._sleepers.wake([each for each, murmur in silent if not _is_heard(murmur, now_s)])

    def _publish(self, reading: Reading) -> Reading:
        """Makes a reading the last one, under the lock, and wakes those for whom it is news."""
        before = self._last
        reading = replace(reading, generation=before.generation + 1)
        self._last = reading
        concerned = reading.concerned(self._sleepers, before, self._clock())
        self._sleepers.call(concerned)
        return reading

    def _failed(self, error: Exception) -> Reading:
        return replace(self._last, asked_at_s=self._asked_at_s, error=error)

    def _news(self, stream: FollowedStream, reading: Reading, fresh: bool, until_s: float) -> News:
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
        fresh = fresh or bool(page.entries)
        if not page.entries and not page.reset and news.fresh == fresh:
            return news
        return news._replace(entries=page.entries, reset=page.reset, fresh=fresh)

    def _page(self, stream: FollowedStream, head: Head, until_s: float) -> Page:
        cursor = stream.cursor
        if cursor.epoch != head.epoch:
            return Page((), cursor, reset=ResetReason.REBUILT)
        if cursor.seq >= head.seq:
            return Page((), cursor)
        with self._guard:
            entries = self._look.ring.after(cursor)
        if entries:
            return Page(entries, Cursor(cursor.epoch, entries[-1].seq))
        return self._page_of_its_own(stream, head, until_s)

    def _page_of_its_own(self, stream: FollowedStream, head: Head, until_s: float) -> Page:
        """Reads for a stream whose position is not in the ring. No call begins at `until_s`.

        But a page that is owed is read whatever the time is, so that slow calls stop nobody.
        """
        is_owed = stream.owed
        if stream.murmur:  # nobody gives a sign of life for it meanwhile
            until_s = min(until_s, stream.silent_since_s + SILENCE_S)
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


def _is_heard(murmur: Murmur, now_s: float) -> bool:
    """Whether the client was written to. What fails there is that stream's own affair."""
    try:
        return murmur(now_s)
    except Exception:
        return False


def _after_next(steps: Steps) -> Reading | None:
    """Takes one step. Returns the reading if that was the last one."""
    try:
        next(steps)
    except StopIteration as end:
        reading: Reading = end.value
        return reading
    return None
