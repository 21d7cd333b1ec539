"""One stream from its first byte to its last. Every way in which it ends is visible in `pieces`.

Theory of operation. After each wait for news, one turn sends what is due: items, `metrics`, a
`heartbeat`, or nothing.

- The stream knows up to which *position* its client knows everything. Every id says that position,
  so a client may come back from any byte. A turn that fails goes back to the position: what was
  read and not sent is read again.
- `metrics` tells of all 60 minutes at first, and about once a minute; an event between tells of
  those that changed (untold.py).
- While the table cannot be read, no event is sent. The stream stays open, and goes on by itself.
- Clients give up on silence. So a comment line goes out before and after each call of the table, if
  nothing else has been written for a while (`_keepalive`). Between two bytes is one call at most.
- Replays are sent in pieces of bounded size. Between them the stream looks at what is due, and
  whether it must end, as it does between turns.
"""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass

import event_stream
from aws_lambda_powertools import Logger
from dashboard_data import (
    Clock,
    Configuration,
    Cursor,
    DynamoDbConfigurations,
    DynamoDbMetrics,
    Feed,
    FeedEntry,
    FollowedStream,
    Lease,
    LeaseState,
    MetricsWindow,
    News,
    Resumption,
    Session,
    SharedReader,
    StreamSlots,
    scopes_of,
    utc_text,
)

from stream_function import life
from stream_function.event_bytes import EventBytes
from stream_function.life import Ending
from stream_function.observer import Observer
from stream_function.outage import (
    TABLE_UNREADABLE,
    TableUnreadableError,
    farewell,
    reading_the_table,
)
from stream_function.renewal import Renewal
from stream_function.untold import UntoldMinutes

# contract.md: what a client missed is sent in pieces of bounded size.
MOST_ITEMS = 200
# With the item that goes over it, this is less than what a reader may take 20 s for
# (docs/runtime.md), so that a renewal comes in time after each piece.
MOST_BYTES = 32 * 1024

Pieces = Generator[bytes, None, None]


@dataclass(frozen=True, slots=True)
class StreamDependencies:
    """All streams of a process share these."""

    feed: Feed
    metrics: DynamoDbMetrics
    reader: SharedReader
    slots: StreamSlots
    configurations: DynamoDbConfigurations
    clock: Clock
    uniform: life.Random
    logger: Logger


@dataclass(frozen=True, slots=True)
class StreamStart:
    """One stream's own: where it starts, its lease, its user, how long it lives."""

    resumption: Resumption
    lease: Lease
    life: life.Life
    session: Session | None = None
    configuration: Configuration | None = None


class Subscription:
    """`pieces()` is the body of the response: event bytes, and `b""` where a turn brought nothing.

    `heartbeat_s`: seconds without an event before a heartbeat.
    """

    def __init__(
        self,
        dependencies: StreamDependencies,
        start: StreamStart,
        observer: Observer,
        *,
        heartbeat_s: float,
        nonce: str,
    ) -> None:
        self._metrics = dependencies.metrics
        self._reader = dependencies.reader
        self._slots = dependencies.slots
        self._clock = dependencies.clock
        self._uniform = dependencies.uniform
        self._start = start
        self._observer = observer
        self._heartbeat_s = heartbeat_s
        self._bytes = EventBytes(start.resumption.head.secret, nonce)
        self._configuration = start.configuration
        self._window: MetricsWindow
        self._untold: UntoldMinutes
        self._unmerged = False  # items came that no `metrics` event has counted yet
        self._failing = False  # the last read failed: nothing that is known is fresh
        self._is_quiet = True  # this turn has yielded no bytes
        self._open_count: int | None = None  # as the last heartbeat reported it
        # Up to here the client knows everything, since the last bytes that were yielded said so.
        # None: the client has to be reset.
        self._position = None if start.resumption.reset else start.resumption.cursor
        now_s = self._clock()
        self._metrics_at_s = now_s
        self._event_at_s = now_s
        self._written_at_s = now_s
        self._renewal = Renewal(self._slots, start.lease, self._clock, observer)

    def pieces(self) -> Iterator[bytes]:
        start = self._start
        reason = Ending.FAILED
        self._observer.opened()
        with self._reader.follow(
            start.resumption.cursor,
            lease=start.lease,
            session=start.session,
            configuration=start.configuration,
        ) as stream:
            try:
                yield from self._current_state(stream, start.resumption.reset, is_first=True)
                ending = None
                while ending is None:
                    news = self._reader.wait(stream, until_s=self._next_due_s())
                    ending = yield from self._turn(stream, news)
                reason = ending
                yield self._last_bytes()
            except TableUnreadableError as error:
                reason = Ending.UNAVAILABLE
                self._observer.unavailable(error)
                yield farewell(TABLE_UNREADABLE, self._uniform)
            except GeneratorExit:  # the runtime closes the body
                reason = Ending.CLOSED
                raise
            except Exception as error:
                self._observer.failed(error)
                yield self._bytes.failure(
                    self._position, "The stream failed; reconnect to carry on"
                )
                raise
            finally:
                self._observer.closed(reason, self._bytes.sent, self._release)

    def _turn(self, stream: FollowedStream, news: News) -> Generator[bytes, None, Ending | None]:
        """Yields the events that these news, or the passing of time, make due.

        Returns why the stream must end now, if it must.
        """
        self._is_quiet = True
        self._hear(news)
        yield from self._keepalive()
        lease_state = yield from self._renewed_when_due(news.lease)
        if ending := self._ending(news, lease_state):
            return ending
        try:
            ending = yield from self._told(stream, news)
        except TableUnreadableError as error:
            self._lose_touch(error)
            if self._position:
                self._reader.move(stream, self._position)
        self._observer.flush_when_due(self._bytes.sent)
        if self._is_quiet:
            yield b""  # hands control to the runtime
        return ending

    def _hear(self, news: News) -> None:
        if news.error:
            self._lose_touch(news.error)
        elif news.fresh:
            self._failing = False

    def _lose_touch(self, error: Exception) -> None:
        self._observer.poll_failed(error)
        self._failing = True

    def _told(self, stream: FollowedStream, news: News) -> Generator[bytes, None, Ending | None]:
        if self._failing:
            return None
        if news.reset:
            yield from self._start_again(stream, news.reset)
            return None
        yield from self._take_up(stream, news.configuration)
        ending = yield from self._items(stream.cursor.epoch, news.entries)
        if ending is None:
            self._position = stream.cursor
            yield from self._due_events()
        return ending

    def _current_state(
        self, stream: FollowedStream, reset: str | None, *, is_first: bool = False
    ) -> Pieces:
        """Sent when the stream opens, and again after each reset.

        Position first (it is in the stream), then data: nothing can fall between the two.
        """
        yield from self._read_window(stream, stream.configuration)
        self._count_streams()
        now_s = self._clock()
        data = b""
        if reset:
            data = self._bytes.reset(stream.cursor, utc_text(now_s), reset)
        self._position = stream.cursor
        retry_ms = self._drawn(life.OPENING_RETRY_MS) if is_first else None
        data += self._metrics_event(stream.cursor, retry_ms)
        yield from self._send(data + self._heartbeat())

    def _read_window(self, stream: FollowedStream, configuration: Configuration | None) -> Pieces:
        scopes = scopes_of(configuration.tickers if configuration else None)
        records = []
        with reading_the_table():
            for scope in scopes:
                for record in self._metrics.records(stream.cursor.epoch, scope):
                    records.append(record)
                    yield from self._keepalive()
                yield from self._keepalive()
        self._window = MetricsWindow(scopes, records)
        self._untold = UntoldMinutes()
        self._configuration = configuration

    def _take_up(self, stream: FollowedStream, newest: Configuration | None) -> Pieces:
        """Follows changed tickers, before the items: those of a new ticker are among them."""
        if self._configuration is None or newest is None:
            return
        if newest.tickers != self._configuration.tickers:
            yield from self._read_window(stream, newest)
            self._unmerged = True

    def _start_again(self, stream: FollowedStream, reason: str) -> Pieces:
        with reading_the_table():
            head = self._reader.start_again(stream)
        yield from self._keepalive()
        self._bytes.secret = head.secret
        yield from self._current_state(stream, reason)

    def _items(
        self, epoch: str, entries: Iterable[FeedEntry]
    ) -> Generator[bytes, None, Ending | None]:
        """Yields the items in pieces of bounded size. Returns why the stream must end between."""
        mine: list[FeedEntry] = []
        data = b""
        reached = self._position
        for entry in entries:
            if len(mine) >= MOST_ITEMS or len(data) >= MOST_BYTES:
                yield from self._items_sent(mine, data, reached)
                mine = []
                data = b""
                lease_state = yield from self._renewed_when_due(LeaseState.HELD)
                if ending := self._ending(News(), lease_state):
                    return ending
                yield from self._due_events()
            reached = Cursor(epoch, entry.seq)
            if self._window.covers(entry):
                if self._window.apply(entry):
                    self._unmerged = True
                    self._untold.changed_by(entry)
                mine.append(entry)
                data += self._bytes.item(epoch, entry)
        yield from self._items_sent(mine, data, reached)
        return None

    def _items_sent(self, entries: list[FeedEntry], data: bytes, reached: Cursor | None) -> Pieces:
        self._position = reached
        if data:
            self._observer.delivered(entries)
            yield from self._send(data)

    def _due_events(self) -> Pieces:
        """Yields `metrics` or a `heartbeat`, if it is time for one."""
        now_s = self._clock()
        merge_due = self._unmerged and now_s - self._metrics_at_s >= life.MERGE_METRICS_S
        if merge_due or now_s >= self._untold.all_due_at_s():
            yield from self._send(self._metrics_event(self._position))
        elif now_s - self._event_at_s >= self._heartbeat_s:
            self._count_streams()
            yield from self._send(self._heartbeat())

    def _metrics_event(self, cursor: Cursor | None, retry_ms: int | None = None) -> bytes:
        now_s = self._clock()
        self._metrics_at_s = now_s
        self._unmerged = False
        snapshot = self._window.snapshot(now_s, minutes=self._untold.tell(now_s))
        return self._bytes.metrics(cursor, snapshot, retry_ms)

    def _count_streams(self) -> None:
        """Counts the open streams. If that fails, the last known number stays."""
        try:
            self._open_count = self._slots.open_count(max_age_s=life.COUNT_AGE_S)
        except Exception as error:
            self._observer.poll_failed(error)

    def _heartbeat(self, retry_ms: int | None = None) -> bytes:
        """Returns no event if no number of streams is known yet."""
        self._event_at_s = self._clock()
        if self._open_count is None:
            return b""
        self._observer.counted(self._open_count)
        timestamp = utc_text(self._event_at_s)
        return self._bytes.heartbeat(self._position, timestamp, self._open_count, retry_ms)

    def _ending(self, news: News, lease_state: LeaseState) -> Ending | None:
        """Returns why the stream must end now, if it must."""
        if lease_state == LeaseState.CLOSING:
            return Ending.GOODBYE
        if lease_state == LeaseState.MADE_ROOM:
            return Ending.MADE_ROOM
        if lease_state == LeaseState.LOST:
            return Ending.LEASE_LOST
        if not news.session_lives:
            return Ending.SESSION_ENDED
        if news.configuration_gone:
            return Ending.CONFIGURATION_DELETED
        if self._start.life.over(self._clock()):
            return self._start.life.reason
        return None

    def _last_bytes(self) -> bytes:
        """Announces the end: the client comes back after the reconnection time."""
        if self._failing or self._open_count is None:
            return farewell(TABLE_UNREADABLE, self._uniform)
        return self._heartbeat(self._drawn(life.CLOSING_RETRY_MS))

    def _renewed_when_due(self, seen: LeaseState) -> Generator[bytes, None, LeaseState]:
        """Returns the newest state of the lease; `seen` is what a reading saw."""
        state = self._renewal.state_now(seen, failing=self._failing)
        yield from self._keepalive()
        return state

    def _release(self) -> None:
        self._slots.release(self._start.lease)

    def _next_due_s(self) -> float:
        due_s = [self._written_at_s + life.KEEPALIVE_S, self._start.life.ends_at_s]
        if not self._failing:
            if self._unmerged:
                due_s.append(self._metrics_at_s + life.MERGE_METRICS_S)
            due_s.append(self._untold.all_due_at_s())
            due_s.append(self._event_at_s + self._heartbeat_s)
        return min(due_s)

    def _keepalive(self) -> Pieces:
        """Yields a lone comment line, if nothing has been written for a while."""
        if self._clock() - self._written_at_s < life.KEEPALIVE_S:
            return
        yield event_stream.comment_line(TABLE_UNREADABLE if self._failing else "")
        self._is_quiet = False
        self._written_at_s = self._clock()

    def _send(self, data: bytes) -> Pieces:
        """Yields events. A client may be slow to take them: time counts from when it has them."""
        if data:
            yield data
            self._is_quiet = False
            self._written_at_s = self._clock()
            self._event_at_s = self._written_at_s

    def _drawn(self, bounds: tuple[int, int]) -> int:
        return life.retry_ms(bounds, self._uniform)
