"""How do all streams of a process learn what is new with one poll?

Whoever of the waiting threads finds a poll due asks, for all of them; the others wait for that answer. There is no
background thread: Lambda freezes a process between invocations. An idle poll of one global stream is one request of one
read unit.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition
from typing import Any, NamedTuple

from dashboard_data.dynamodb import Clock, Record
from dashboard_data.feed.cursor import Cursor
from dashboard_data.feed.feed import REBUILT, Feed, Page
from dashboard_data.feed.head import HEAD, Head
from dashboard_data.following.followed import News, Watch
from dashboard_data.following.ring import Ring
from dashboard_data.records import Key, Records
from dashboard_data.slots.lease import Lease
from dashboard_data.users.configurations import Configuration
from dashboard_data.users.sessions import Session

INTERVAL_S = 1.0

Pause = Callable[[Condition, float], Any]


class _Answer(NamedTuple):
    generation: int = 0
    asked_at: float = float("-inf")
    head: Head | None = None
    asked_for: frozenset[Watch] = frozenset()
    records: dict[Key, Record] = {}
    error: Exception | None = None


class SharedPoll:
    """One for a process; each stream holds a watch of its own and is one thread."""

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
        self._turn = Condition()
        self._polling = False
        self._answer = _Answer()
        self._ring = Ring()
        self._watches: set[Watch] = set()

    @contextmanager
    def watch(
        self,
        cursor: Cursor,
        *,
        lease: Lease | None = None,
        session: Session | None = None,
        configuration: Configuration | None = None,
    ) -> Iterator[Watch]:
        """Follows the feed from the cursor, and whatever else is given, until the block is left."""
        watch = Watch(cursor, lease, session, configuration)
        with self._turn:
            self._watches.add(watch)
        try:
            yield watch
        finally:
            with self._turn:
                self._watches.discard(watch)

    def wait(self, watch: Watch, until: float = float("inf")) -> News:
        """The next news of this watch: at once if it is behind, else with the next poll, an interval after the last.

        At `until` (epoch seconds), if that comes first: all as it was. What fails is handed back, never raised.
        """
        answer = self._answer_for(watch, until)
        if answer is None:
            return watch.unchanged()
        watch.generation = answer.generation
        return self._news(watch, answer)

    def _answer_for(self, watch: Watch, until: float) -> _Answer | None:
        with self._turn:
            generation = self._answer.generation
            while True:
                answer, now = self._answer, self._clock()
                due_in = self._interval_s - abs(now - answer.asked_at)  # a clock that was set back is no reason to wait
                unseen = answer.generation > watch.generation or (watch.behind and not answer.error)
                if answer.generation > generation or (due_in > 0 and unseen):
                    return answer
                if now >= until:
                    return None
                if due_in <= 0 and not self._polling:
                    self._polling = True
                    break
                self._pause(self._turn, min(self._interval_s if self._polling else due_in, until - now))
        return self._lead()

    def _lead(self) -> _Answer:
        answer = self._answer._replace(asked_at=self._clock(), error=RuntimeError("the poll was interrupted"))
        try:
            answer = self._ask(answer)
        except Exception as error:
            answer = answer._replace(error=error)
        finally:
            with self._turn:
                answer = answer._replace(generation=self._answer.generation + 1)
                self._answer = answer
                self._polling = False
                self._turn.notify_all()
        return answer

    def _ask(self, answer: _Answer) -> _Answer:
        with self._turn:
            watches = list(self._watches)
        keys = {each for watch in watches for each in watch.followed()}
        records = self._records.read(keys | {HEAD})
        if doubted := {each for watch in watches for each in watch.looks_gone(records)}:
            records = {at: record for at, record in records.items() if at not in doubted}
            records |= self._records.read(doubted, consistent=True)
        head = self._head(records.get(HEAD), watches)
        more = self._fill(head, [watch.cursor for watch in watches])
        asked_at = float("-inf") if more else answer.asked_at
        return answer._replace(asked_at=asked_at, head=head, asked_for=frozenset(watches), records=records, error=None)

    def _head(self, record: Record | None, watches: list[Watch]) -> Head:
        """Copies may lag behind: a number never goes back, and another epoch is believed only if read consistently."""
        head = Head.from_record(record) if record else None
        if head is None or any(watch.cursor.epoch != head.epoch for watch in watches):
            return self._feed.head()
        known = self._answer.head
        return known if known and known.epoch == head.epoch and known.seq > head.seq else head

    def _fill(self, head: Head, cursors: list[Cursor]) -> bool:
        """Reads on from the newest entries of this process. True if there is more to read at once."""
        frontier = max((each for each in [*cursors, self._ring.end] if each.epoch == head.epoch), default=head.cursor)
        if frontier != self._ring.end:
            with self._turn:
                self._ring.restart(frontier)
        if head.seq <= frontier.seq:
            return False
        page = self._feed.after(frontier, known_seq=head.seq)
        with self._turn:
            self._ring.extend(page.entries)
        return page.more

    def _news(self, watch: Watch, answer: _Answer) -> News:
        if answer.error or answer.head is None:
            return watch.unchanged(answer.error)
        try:
            page = self._page(watch.cursor, answer.head)
        except Exception as error:
            watch.behind = False  # try again with the next poll, not at once
            return watch.unchanged(error)
        watch.cursor, watch.behind = page.cursor, page.more
        asked = watch in answer.asked_for  # else it has just come, perhaps into the slot of one that was asked for
        news = watch.judge(answer.records, self._clock()) if asked else watch.unchanged()
        watch.configuration = news.configuration or watch.configuration
        return news._replace(entries=page.entries, reset=page.reset)

    def _page(self, cursor: Cursor, head: Head) -> Page:
        if cursor.epoch != head.epoch:
            return Page((), cursor, reset=REBUILT)
        if cursor.seq >= head.seq:
            return Page((), cursor)
        with self._turn:
            entries = self._ring.after(cursor)
        if entries:
            return Page(entries, Cursor(cursor.epoch, entries[-1].seq))
        return self._feed.after(cursor, known_seq=head.seq)
