"""One stream from its first byte to its last. Every way in which a stream ends is visible in `frames`."""

from collections.abc import Iterator
from dataclasses import dataclass

import event_stream
from dashboard_data import (
    CLOSING,
    HELD,
    LOST,
    Clock,
    Configuration,
    DynamoDbConnections,
    DynamoDbMetrics,
    Feed,
    Lease,
    News,
    Resumption,
    Session,
    SharedPoll,
    Watch,
    scopes_of,
    utc_text,
)

from stream_function import life
from stream_function.frames import Frames
from stream_function.observer import Observer


class TableUnreachable(Exception):
    """For too long nothing could be read: what this stream would go on saying is not known to be true."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What all streams of a process share."""

    feed: Feed
    metrics: DynamoDbMetrics
    poll: SharedPoll
    connections: DynamoDbConnections  # takes and gives back
    upkeep: DynamoDbConnections  # renews and counts, and would rather fail than keep a heartbeat waiting
    clock: Clock
    uniform: life.Random
    heartbeat_s: float


@dataclass(frozen=True, slots=True)
class Opened:
    """What one stream is: where it starts, what it holds, whose it is, how long it lives."""

    resumption: Resumption
    lease: Lease
    life: life.Life
    session: Session | None = None
    configuration: Configuration | None = None


class Subscription:
    """`frames()` is the body of the answer: whole events, and `b""` where a poll brought nothing."""

    def __init__(self, sources: Sources, opened: Opened, observer: Observer, nonce: str) -> None:
        self._sources, self._opened, self._observer = sources, opened, observer
        self._frames = Frames(opened.resumption.head.secret, nonce)
        self._configuration = opened.configuration
        self._unmerged = False  # items came that no `metrics` event has counted yet
        self._failing = False  # the last poll failed: nothing that is known is fresh
        self._connections: int | None = None  # as the last heartbeat told it
        self._lease_state = HELD
        # Up to where the client knows all: what the last bytes that were yielded said. None: it has to be reset.
        self._position = None if opened.resumption.reset else opened.resumption.cursor
        self._metrics_at = self._written_at = self._renewed_at = self._heard_at = sources.clock()

    def frames(self) -> Iterator[bytes]:
        opened, poll, reason = self._opened, self._sources.poll, "failed"
        followed = {"lease": opened.lease, "session": opened.session, "configuration": opened.configuration}
        self._observer.opened()
        with poll.watch(opened.resumption.cursor, **followed) as watch:
            try:
                yield self._retry(life.OPENING_RETRY_MS)
                yield self._written(watch, self._start(watch, opened.resumption.reset))
                while True:
                    generation = watch.generation
                    news = poll.wait(watch, until=self._next_due())
                    self._hear(news, watch.generation != generation)
                    if ending := self._ending(news):
                        break
                    yield self._written(watch, self._frames_of(watch, news))
                    self._renew_when_due()
                reason = ending
                yield self._retry(life.CLOSING_RETRY_MS)
            except GeneratorExit:  # the runtime closes: out of time, or shut down
                reason = "closed"
                raise
            except Exception as error:
                self._observer.failed(error)
                yield self._frames.error(self._position, "The stream failed; reconnect to carry on")
                raise
            finally:
                self._observer.closed(reason, self._frames.sent, self._release)

    def _start(self, watch: Watch, reset: str | None) -> bytes:
        """Position first (it is in the watch), then data: nothing can fall between the two."""
        tickers = self._configuration.tickers if self._configuration else None
        self._window = self._sources.metrics.window(watch.cursor.epoch, scopes_of(tickers))
        now = self._sources.clock()
        head = self._frames.reset(watch.cursor, utc_text(now), reset) if reset else b""
        return head + self._metrics(watch, now) + self._heartbeat(watch, now)

    def _hear(self, news: News, answered: bool) -> None:
        now = self._sources.clock()
        if news.error:
            self._observer.poll_failed(news.error)
            self._failing = True
            if now - self._heard_at > life.UNREACHABLE_AFTER_S:
                raise TableUnreachable from news.error
        elif answered or news.entries:
            self._failing, self._heard_at = False, now

    def _frames_of(self, watch: Watch, news: News) -> bytes:
        now = self._sources.clock()
        if self._failing:
            return event_stream.comment("waiting") if now - self._written_at >= self._sources.heartbeat_s else b""
        if news.reset:
            return self._start_again(watch, news.reset)
        if self._configuration and news.configuration and news.configuration.tickers != self._configuration.tickers:
            self._configuration = news.configuration  # before the items: those of a new ticker are among them
            self._window = self._sources.metrics.window(watch.cursor.epoch, scopes_of(news.configuration.tickers))
            self._unmerged = True
        data = self._items(watch, news)
        since = now - self._metrics_at
        if (self._unmerged and since >= life.MERGE_METRICS_S) or since >= life.METRICS_EVERY_S:
            data += self._metrics(watch, now)
        if not data and now - self._written_at >= self._sources.heartbeat_s:
            data = self._heartbeat(watch, now)
        return data

    def _start_again(self, watch: Watch, reason: str) -> bytes:
        resumption = self._sources.feed.resume(None)
        watch.cursor, self._frames.secret = resumption.cursor, resumption.head.secret
        return self._start(watch, reason)

    def _items(self, watch: Watch, news: News) -> bytes:
        mine = [entry for entry in news.entries if self._window.covers(entry)]
        for entry in mine:
            self._unmerged = self._window.apply(entry) or self._unmerged
        self._observer.delivered(mine)
        return self._frames.items(watch.cursor.epoch, mine)

    def _metrics(self, watch: Watch, now: float) -> bytes:
        self._metrics_at, self._unmerged = now, False
        return self._frames.metrics(watch.cursor, self._window.snapshot(now))

    def _heartbeat(self, watch: Watch, now: float) -> bytes:
        """With the last known number of connections if it cannot be counted in time; a comment if there is none."""
        try:
            self._connections = self._sources.upkeep.open_count(max_age_s=life.COUNT_AGE_S)
        except Exception as error:
            self._observer.poll_failed(error)
        if self._connections is None:
            return event_stream.comment("waiting")
        self._observer.connections(self._connections)
        return self._frames.heartbeat(watch.cursor, utc_text(now), self._connections)

    def _ending(self, news: News) -> str | None:
        """Why the stream must end now, if it must."""
        leases = (news.lease, self._lease_state)
        reasons = [
            ("goodbye", CLOSING in leases),
            ("lease-lost", LOST in leases),
            ("session-ended", not news.session_lives),
            ("configuration-deleted", self._configuration and not news.configuration),
            (self._opened.life.reason, self._opened.life.over(self._sources.clock())),
        ]
        return next((reason for reason, holds in reasons if holds), None)

    def _renew_when_due(self) -> None:
        now = self._sources.clock()
        if now - self._renewed_at < life.RENEW_EVERY * self._sources.upkeep.lease_s:
            return
        self._renewed_at = now
        try:
            self._lease_state = self._sources.upkeep.renew(self._opened.lease)
        except Exception as error:  # the lease outlives several failed renewals
            self._observer.poll_failed(error)

    def _release(self) -> None:
        self._sources.connections.release(self._opened.lease)

    def _next_due(self) -> float:
        due = [self._written_at + self._sources.heartbeat_s, self._opened.life.ends_at]
        if not self._failing:
            due.append(self._metrics_at + (life.MERGE_METRICS_S if self._unmerged else life.METRICS_EVERY_S))
        return min(due)

    def _written(self, watch: Watch, data: bytes) -> bytes:
        self._observer.flush_when_due(self._frames.sent)
        self._position = watch.cursor
        if data:
            self._written_at = self._sources.clock()
        return data

    def _retry(self, bounds: tuple[int, int]) -> bytes:
        return event_stream.encode(retry_ms=life.retry_ms(bounds, self._sources.uniform))
