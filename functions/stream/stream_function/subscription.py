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
  Under the runtime the thread that reads the table writes for those that sleep (`_murmured`);
  elsewhere a stream that makes no call sleeps a little longer (`life.REST_S`).
- Replays are sent in pieces of bounded size. Between them the stream looks at what is due, and
  whether it must end, as it does between turns. All else that is due in a turn is one piece.
- What can be the same for all streams of a process is shared: the window of metrics and pieces of
  items (shared_window.py), the bytes of events (shared_events.py), the metrics (meter.py).
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

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
    News,
    Resumption,
    Session,
    SharedReader,
    StreamSlots,
    scopes_of,
)

from stream_function import life
from stream_function.door import Door
from stream_function.life import Ending
from stream_function.meter import Meters
from stream_function.observer import Observer
from stream_function.outage import (
    TABLE_UNREADABLE,
    TableUnreadableError,
    farewell,
    reading_the_table,
)
from stream_function.renewal import Renewal
from stream_function.shared_events import SharedEvent, SharedEvents
from stream_function.shared_window import SharedWindow, SharedWindows
from stream_function.untold import NOTHING_TOLD

Pieces = Generator[bytes, None, None]


class Write(Protocol):
    def __call__(self, piece: bytes, *, wait: bool = True) -> bool:
        """Writes a piece. Returns False if it did not."""
        ...


@dataclass(slots=True)
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
    meters: Meters = field(default_factory=Meters)
    events: SharedEvents = field(default_factory=SharedEvents)
    door: Door = field(default_factory=Door)
    windows: SharedWindows = field(init=False)
    counted: tuple[int, float] = (0, float("-inf"))  # open streams, and when they were counted

    def __post_init__(self) -> None:
        self.windows = SharedWindows(self.metrics, self.events, self.clock)


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

    __slots__ = (
        "_clock",
        "_configuration",
        "_event_at_s",
        "_failing",
        "_heartbeat_s",
        "_is_quiet",
        "_lease",
        "_life",
        "_metrics_at_s",
        "_newest_number",
        "_observer",
        "_open_count",
        "_position",
        "_renewal",
        "_reset",
        "_secret",
        "_sent",
        "_shared",
        "_stream",
        "_told",
        "_window",
        "_write",
    )

    def __init__(
        self,
        dependencies: StreamDependencies,
        start: StreamStart,
        observer: Observer,
        *,
        heartbeat_s: float,
    ) -> None:
        resumption = start.resumption
        self._shared = dependencies
        self._clock = dependencies.clock
        self._observer = observer
        self._heartbeat_s = heartbeat_s
        self._lease = start.lease
        self._life = start.life
        self._secret = resumption.head.secret
        self._configuration = start.configuration
        self._window: SharedWindow
        self._told = NOTHING_TOLD
        self._newest_number = 0  # the largest of the shared events that were sent
        self._sent: dict[str, int] = {}  # events by type
        self._failing = False  # the last read failed: nothing that is known is fresh
        self._is_quiet = True  # this turn has yielded no bytes
        self._open_count: int | None = None  # as the last heartbeat reported it
        # Up to here the client knows everything, since the last bytes that were yielded said so.
        # None: the client has to be reset.
        self._position = None if resumption.reset else resumption.cursor
        self._reset = resumption.reset
        now_s = self._clock()
        self._metrics_at_s = now_s
        self._event_at_s = now_s
        self._write: Write | None = None
        self._renewal = Renewal(dependencies.slots, start.lease, self._clock, observer)
        self._stream = FollowedStream(
            resumption.cursor, start.lease, start.session, start.configuration
        )
        self._stream.silent_since_s = now_s

    def write_through(self, write: Write) -> None:
        """Takes the runtime's function that writes a piece, which any thread may use without wait.

        With it, the thread that reads the table for all gives this stream's signs of life.
        """
        self._write = write
        self._stream.murmur = self._murmured

    def __iter__(self) -> Pieces:
        return self.pieces()

    def pieces(self) -> Pieces:
        reason = Ending.FAILED
        reader = self._shared.reader
        self._observer.opened()
        reader.join(self._stream)
        try:
            retry_ms = life.opening_retry_ms(*self._slot_of_all(), self._shared.uniform)
            yield from self._current_state(self._reset, event_stream.encode(retry_ms=retry_ms))
            ending = None
            while ending is None:
                until_s, rest_until_s = self._next_due_s()
                news = reader.wait(self._stream, until_s, rest_until_s)
                ending = yield from self._turn(news)
            reason = ending
            yield self._last_bytes(reason)
        except TableUnreadableError as error:
            reason = Ending.UNAVAILABLE
            self._observer.unavailable(error)
            yield farewell(TABLE_UNREADABLE, self._shared.uniform)
        except GeneratorExit:  # the runtime closes the body
            reason = Ending.CLOSED
            raise
        except Exception as error:
            self._observer.failed(error)
            yield self._failure()
            raise
        finally:
            reader.leave(self._stream)
            if hasattr(self, "_window"):
                del self._window  # nobody keeps it true from now on
            self._observer.closed(reason, self._sent, self._release)

    def _turn(self, news: News) -> Generator[bytes, None, Ending | None]:
        """Yields the events that these news, or the passing of time, make due.

        Returns why the stream must end now, if it must.
        """
        self._is_quiet = True
        self._hear(news)
        lease_state = yield from self._renewed_when_due(news.lease)
        if ending := self._ending(news, lease_state):
            return ending
        try:
            ending = yield from self._events(news)
        except TableUnreadableError as error:
            self._lose_touch(error)
            if self._position:
                self._shared.reader.move(self._stream, self._position)
        if ending is None:
            yield from self._keepalive()
        self._observer.flush_when_due(self._sent)
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

    def _events(self, news: News) -> Generator[bytes, None, Ending | None]:
        if self._failing:
            return None
        if news.reset:
            yield from self._start_again(news.reset)
            return None
        yield from self._take_up(news.configuration)
        data = b""
        ending = None
        if news.entries:
            data, ending = yield from self._items(news.entries)
        if ending is None:
            cursor = self._stream.cursor
            data += yield from self._due_events(cursor, has_items=bool(data))
            yield from self._send(data, cursor)
        return ending

    def _current_state(self, reset: str | None, retry: bytes = b"") -> Pieces:
        """Sent when the stream opens, and again after each reset.

        Position first (it is in the stream), then data: nothing can fall between the two. `retry`,
        a block of its own otherwise, becomes a part of the first event of `metrics`.
        """
        cursor = self._stream.cursor
        yield from self._read_window(self._stream.configuration)
        yield from self._count_streams()
        data = b""
        if reset:
            data = self._shared.events.reset(self._secret, cursor, self._clock(), reset)
            self._note("reset")
        data += retry.removesuffix(b"\n") + self._metrics_event(cursor) + self._heartbeat(cursor)
        yield from self._send(data, cursor)

    def _read_window(self, configuration: Configuration | None) -> Pieces:
        scopes = scopes_of(configuration.tickers if configuration else None)
        joining = self._shared.windows.joined(self._stream.cursor, scopes)
        while True:
            try:
                next(joining)
            except StopIteration as joined:
                self._window = joined.value
                break
            yield from self._keepalive()
        self._told = NOTHING_TOLD
        self._configuration = configuration

    def _take_up(self, newest: Configuration | None) -> Pieces:
        """Follows changed tickers, before the items: those of a new ticker are among them."""
        if self._configuration is None or newest is None:
            return
        if newest.tickers != self._configuration.tickers:
            yield from self._keepalive()
            yield from self._read_window(newest)

    def _start_again(self, reason: str) -> Pieces:
        yield from self._keepalive()
        with reading_the_table():
            head = self._shared.reader.start_again(self._stream)
        yield from self._keepalive()
        self._secret = head.secret
        yield from self._current_state(reason)

    def _items(
        self, entries: Sequence[FeedEntry]
    ) -> Generator[bytes, None, tuple[bytes, Ending | None]]:
        """Yields the items in pieces of bounded size, and returns the last piece.

        Also returns why the stream must end between two of them.
        """
        epoch = self._stream.cursor.epoch
        while True:
            piece = self._window.piece(self._secret, entries)
            taken = entries[: piece.covers]
            self._window.count(taken)
            self._observer.delivered(epoch, piece.shown)
            if piece.shown:
                self._note("new_item", len(piece.shown))
            entries = entries[piece.covers :]
            if not entries:
                return piece.data, None
            reached = Cursor(epoch, taken[-1].seq)
            yield from self._send(piece.data, reached)
            lease_state = yield from self._renewed_when_due(LeaseState.HELD)
            if ending := self._ending(News(), lease_state):
                return b"", ending
            due = yield from self._due_events(reached, has_items=False)
            yield from self._send(due, reached)

    def _due_events(self, cursor: Cursor, *, has_items: bool) -> Generator[bytes, None, bytes]:
        """Returns `metrics` or a `heartbeat`, if it is time for one."""
        now_s = self._clock()
        is_merge_due = self._has_unmerged() and now_s - self._metrics_at_s >= life.MERGE_METRICS_S
        if is_merge_due or now_s >= self._told.all_due_at_s():
            return self._metrics_event(cursor)
        if has_items or not self._is_heartbeat_due(now_s):
            return b""
        yield from self._count_streams()
        return self._heartbeat(cursor)

    def _is_heartbeat_due(self, now_s: float) -> bool:
        """Whether it is time for one; a little early, if another thread gives the signs of life.

        Then it takes the place of the last of them before it would be due.
        """
        due_in_s = self._event_at_s + self._heartbeat_s - now_s
        if self._write is None:
            return due_in_s <= 0
        return due_in_s <= min(life.KEEPALIVE_S, self._heartbeat_s / 2)

    def _has_unmerged(self) -> bool:
        """Whether items came that no `metrics` event has counted yet."""
        return self._told.version != self._window.changed.version

    def _metrics_event(self, cursor: Cursor) -> bytes:
        now_s = self._clock()
        self._metrics_at_s = now_s
        if now_s >= self._told.all_due_at_s():  # so nothing that the older window knows matters
            self._window = self._shared.windows.newer(self._window, cursor)
        event, self._told = self._window.event(
            self._secret, cursor, self._told, now_s, self._newest_number
        )
        return self._shared_event("metrics", event)

    def _count_streams(self) -> Pieces:
        """Counts the open streams. If that fails, the last known number stays."""
        yield from self._keepalive()
        try:
            self._open_count = self._shared.slots.open_count(max_age_s=life.COUNT_AGE_S)
            self._shared.counted = (self._open_count, self._clock())
        except Exception as error:
            self._observer.poll_failed(error)

    def _heartbeat(self, cursor: Cursor) -> bytes:
        """Returns no event if no number of streams is known yet."""
        now_s = self._clock()
        self._event_at_s = now_s
        if self._open_count is None:
            return b""
        self._observer.counted(self._open_count)
        event = self._shared.events.heartbeat(
            self._secret, cursor, now_s, self._open_count, self._newest_number
        )
        return self._shared_event("heartbeat", event)

    def _shared_event(self, event_type: str, event: SharedEvent) -> bytes:
        self._newest_number = event.number
        self._note(event_type)
        return event.data

    def _note(self, event_type: str, count: int = 1) -> None:
        self._sent[event_type] = self._sent.get(event_type, 0) + count

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
        if self._life.over(self._clock()):
            return self._life.reason
        return None

    def _last_bytes(self, reason: Ending) -> bytes:
        """Announces the end: the client comes back after the reconnection time."""
        if self._failing or self._open_count is None:
            return farewell(TABLE_UNREADABLE, self._shared.uniform)
        retry_ms = life.closing_retry_ms(reason, *self._slot_of_all(), self._shared.uniform)
        self._observer.counted(self._open_count)
        event = self._shared.events.own_heartbeat(
            self._secret, self._position, self._clock(), self._open_count, retry_ms
        )
        return self._shared_event("heartbeat", event)

    def _failure(self) -> bytes:
        self._note("failure")
        detail = "The stream failed; reconnect to carry on"
        return self._shared.events.failure(self._secret, self._position, detail)

    def _renewed_when_due(self, seen: LeaseState) -> Generator[bytes, None, LeaseState]:
        """Returns the newest state of the lease; `seen` is what a reading saw."""
        if not self._renewal.is_due(seen):
            return seen
        yield from self._keepalive()
        state = self._renewal.state_now(seen, failing=self._failing)
        yield from self._keepalive()
        return state

    def _release(self) -> None:
        self._shared.slots.release(self._lease)

    def _next_due_s(self) -> tuple[float, float]:
        """Returns until when the stream may make calls, and until when it may sleep."""
        due_s = self._life.ends_at_s
        if not self._failing:
            due_s = min(due_s, self._told.all_due_at_s())
            if self._has_unmerged():
                due_s = min(due_s, self._metrics_at_s + life.MERGE_METRICS_S)
        if self._shared.slots.is_adrift(self._lease):  # no reading says that again
            due_s = min(due_s, self._clock() + life.ADRIFT_S)
        if self._write is not None:  # others give the signs of life
            return due_s, due_s
        if not self._failing:
            due_s = min(due_s, self._event_at_s + self._heartbeat_s)
        silent_since_s = self._stream.silent_since_s
        until_s = min(due_s, silent_since_s + life.KEEPALIVE_S)
        return until_s, min(due_s, silent_since_s + life.REST_S)

    def _murmured(self, now_s: float) -> bool:
        """Writes a comment or a heartbeat, in another thread, while this one sleeps.

        Returns False if this thread has to do it: since the client reads slowly, or the open
        streams have to be counted first.
        """
        if self._write is None or self._position is None:
            return False
        data = event_stream.comment_line(TABLE_UNREADABLE if self._failing else "")
        heartbeat = None
        count, counted_at_s = self._shared.counted
        if not self._failing and self._is_heartbeat_due(now_s):
            if abs(now_s - counted_at_s) > 2 * life.COUNT_AGE_S:
                return False
            heartbeat = self._shared.events.heartbeat(
                self._secret, self._position, now_s, count, self._newest_number
            )
            data = heartbeat.data
        if not self._write(data, wait=False):
            return False
        self._stream.silent_since_s = now_s
        if heartbeat:
            self._open_count = count
            self._event_at_s = now_s
            self._observer.counted(count)
            self._shared_event("heartbeat", heartbeat)
        return True

    def _keepalive(self) -> Pieces:
        """Yields a lone comment line, if nothing has been written for a while."""
        if self._clock() - self._stream.silent_since_s < life.KEEPALIVE_S:
            return
        yield event_stream.comment_line(TABLE_UNREADABLE if self._failing else "")
        self._is_quiet = False
        self._stream.silent_since_s = self._clock()

    def _send(self, data: bytes, reached: Cursor) -> Pieces:
        """Yields events. A client may be slow to take them: time counts from when it has them."""
        self._position = reached
        if data:
            yield data
            self._is_quiet = False
            self._stream.silent_since_s = self._clock()
            self._event_at_s = self._stream.silent_since_s

    def _slot_of_all(self) -> tuple[int, int]:
        """Returns the number of this stream's slot, and how many slots there are."""
        return self._lease.slot, self._shared.slots.limit
