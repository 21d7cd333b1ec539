"""One stream from its first byte to its last. Every way in which it ends is visible in `pieces`."""

from collections.abc import Iterator
from dataclasses import dataclass

import event_stream
from aws_lambda_powertools import Logger
from dashboard_data import (
    Clock,
    Configuration,
    DynamoDbConfigurations,
    DynamoDbMetrics,
    Feed,
    FollowedStream,
    Lease,
    LeaseState,
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


class TableUnreachable(Exception):
    """Nothing could be read for too long, so nothing that this stream knows is known to be true."""


@dataclass(frozen=True, slots=True)
class StreamDependencies:
    """All streams of a process share these.

    `slots` takes and gives back. `quick_slots` renews and counts, and would rather fail than keep a
    heartbeat waiting.
    """

    feed: Feed
    metrics: DynamoDbMetrics
    reader: SharedReader
    slots: StreamSlots
    quick_slots: StreamSlots
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
    """`pieces()` is the body of the response: whole events, and `b""` where a poll brought nothing.

    `heartbeat_s`: seconds of silence before a heartbeat.
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
        self._feed = dependencies.feed
        self._metrics = dependencies.metrics
        self._reader = dependencies.reader
        self._slots = dependencies.slots
        self._quick_slots = dependencies.quick_slots
        self._clock = dependencies.clock
        self._uniform = dependencies.uniform
        self._start = start
        self._observer = observer
        self._heartbeat_s = heartbeat_s
        self._bytes = EventBytes(start.resumption.head.secret, nonce)
        self._configuration = start.configuration
        self._unmerged = False  # items came that no `metrics` event has counted yet
        self._failing = False  # the last read failed: nothing that is known is fresh
        self._open_count: int | None = None  # as the last heartbeat reported it
        self._lease_state = LeaseState.HELD
        # Up to here the client knows everything, since the last bytes that were yielded said so.
        # None: the client has to be reset.
        self._position = None if start.resumption.reset else start.resumption.cursor
        now_s = self._clock()
        self._metrics_at_s = now_s
        self._written_at_s = now_s
        self._renewed_at_s = now_s
        self._heard_at_s = now_s

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
                yield self._retry(life.OPENING_RETRY_MS)
                yield self._written(stream, self._current_state(stream, start.resumption.reset))
                while True:
                    news = self._reader.wait(stream, until_s=self._next_due_s())
                    self._hear(news)
                    if ending := self._ending(news):
                        break
                    yield self._written(stream, self._reply(stream, news))
                    self._renew_when_due()
                reason = ending
                yield self._retry(life.CLOSING_RETRY_MS)
            except GeneratorExit:  # the runtime closes the body
                reason = Ending.CLOSED
                raise
            except Exception as error:
                self._observer.failed(error)
                yield self._bytes.error(self._position, "The stream failed; reconnect to carry on")
                raise
            finally:
                self._observer.closed(reason, self._bytes.sent, self._release)

    def _current_state(self, stream: FollowedStream, reset: str | None) -> bytes:
        """Sent when the stream opens, and again after each reset.

        Position first (it is in the stream), then data: nothing can fall between the two.
        """
        self._read_window(stream)
        now_s = self._clock()
        reset_event = b""
        if reset:
            reset_event = self._bytes.reset(stream.cursor, utc_text(now_s), reset)
        metrics = self._metrics_event(stream, now_s)
        return reset_event + metrics + self._heartbeat(stream, now_s)

    def _read_window(self, stream: FollowedStream) -> None:
        tickers = self._configuration.tickers if self._configuration else None
        self._window = self._metrics.window(stream.cursor.epoch, scopes_of(tickers))

    def _hear(self, news: News) -> None:
        now_s = self._clock()
        if news.error:
            self._observer.poll_failed(news.error)
            self._failing = True
            if now_s - self._heard_at_s > life.UNREACHABLE_AFTER_S:
                raise TableUnreachable from news.error
        elif news.fresh:
            self._failing = False
            self._heard_at_s = now_s

    def _reply(self, stream: FollowedStream, news: News) -> bytes:
        """Returns the events that these news, or the passing of time, make due."""
        now_s = self._clock()
        silent = now_s - self._written_at_s >= self._heartbeat_s
        if self._failing:
            return event_stream.comment("waiting") if silent else b""
        if news.reset:
            return self._start_again(stream, news.reset)
        self._take_up(stream, news.configuration)
        data = self._items(stream, news)
        since_s = now_s - self._metrics_at_s
        merge_due = self._unmerged and since_s >= life.MERGE_METRICS_S
        if merge_due or since_s >= life.METRICS_EVERY_S:
            data += self._metrics_event(stream, now_s)
        if not data and silent:
            data = self._heartbeat(stream, now_s)
        return data

    def _take_up(self, stream: FollowedStream, newest: Configuration | None) -> None:
        """Follows changed tickers, before the items: those of a new ticker are among them."""
        if self._configuration is None or newest is None:
            return
        if newest.tickers != self._configuration.tickers:
            self._configuration = newest
            self._read_window(stream)
            self._unmerged = True

    def _start_again(self, stream: FollowedStream, reason: str) -> bytes:
        resumption = self._feed.resume(None)
        self._reader.move(stream, resumption.cursor)
        self._bytes.secret = resumption.head.secret
        return self._current_state(stream, reason)

    def _items(self, stream: FollowedStream, news: News) -> bytes:
        mine = [entry for entry in news.entries if self._window.covers(entry)]
        for entry in mine:
            self._unmerged = self._window.apply(entry) or self._unmerged
        self._observer.delivered(mine)
        return self._bytes.items(stream.cursor.epoch, mine)

    def _metrics_event(self, stream: FollowedStream, now_s: float) -> bytes:
        self._metrics_at_s = now_s
        self._unmerged = False
        return self._bytes.metrics(stream.cursor, self._window.snapshot(now_s))

    def _heartbeat(self, stream: FollowedStream, now_s: float) -> bytes:
        """Reports the last known count if it cannot be read in time; a comment if there is none."""
        try:
            self._open_count = self._quick_slots.open_count(max_age_s=life.COUNT_AGE_S)
        except Exception as error:
            self._observer.poll_failed(error)
        if self._open_count is None:
            return event_stream.comment("waiting")
        self._observer.counted(self._open_count)
        return self._bytes.heartbeat(stream.cursor, utc_text(now_s), self._open_count)

    def _ending(self, news: News) -> Ending | None:
        """Returns why the stream must end now, if it must."""
        states = (news.lease, self._lease_state)
        if LeaseState.CLOSING in states:
            return Ending.GOODBYE
        if LeaseState.LOST in states:
            return Ending.LEASE_LOST
        if not news.session_lives:
            return Ending.SESSION_ENDED
        if news.configuration_gone:
            return Ending.CONFIGURATION_DELETED
        if self._start.life.over(self._clock()):
            return self._start.life.reason
        return None

    def _renew_when_due(self) -> None:
        now_s = self._clock()
        if now_s - self._renewed_at_s < life.RENEW_EVERY * self._quick_slots.lease_s:
            return
        self._renewed_at_s = now_s
        try:
            self._lease_state = self._quick_slots.renew(self._start.lease)
        except Exception as error:  # the lease outlives several failed renewals
            self._observer.poll_failed(error)

    def _release(self) -> None:
        self._slots.release(self._start.lease)

    def _next_due_s(self) -> float:
        due_s = [self._written_at_s + self._heartbeat_s, self._start.life.ends_at_s]
        if not self._failing:
            pause_s = life.MERGE_METRICS_S if self._unmerged else life.METRICS_EVERY_S
            due_s.append(self._metrics_at_s + pause_s)
        return min(due_s)

    def _written(self, stream: FollowedStream, data: bytes) -> bytes:
        self._observer.flush_when_due(self._bytes.sent)
        self._position = stream.cursor
        if data:
            self._written_at_s = self._clock()
        return data

    def _retry(self, bounds: tuple[int, int]) -> bytes:
        return event_stream.encode(retry_ms=life.retry_ms(bounds, self._uniform))
