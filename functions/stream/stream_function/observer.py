"""What the operators see of a stream: two log records and a few metrics, never an event's content.

Powertools' decorators end when the handler returns, before the first byte is streamed: so each stream has metrics of
its own (`EphemeralMetrics`: nothing shared between streams of one process), flushed every minute and at the end.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from dashboard_data import Clock, FeedEntry

FLUSH_EVERY_S = 55  # 60 are promised; a poll comes between


class Observer:
    """`fields` (connection_id, client, stream, cursor, request_id, ...) are on every record of this stream."""

    def __init__(self, logger: Logger, clock: Clock, fields: Mapping[str, Any]) -> None:
        self._logger, self._clock, self._fields = logger, clock, dict(fields)
        self._opened_at = self._flushed_at = clock()
        self._poll_errors = self._events_reported = 0
        self._connections: int | None = None
        self._new_metrics()

    def opened(self) -> None:
        self._metrics.add_metric("StreamsOpened", MetricUnit.Count, 1)
        self._logger.info("stream.opened", extra=self._fields)

    def delivered(self, entries: Sequence[FeedEntry]) -> None:
        """Items are about to be sent. What was written before the stream opened is a replay and says nothing."""
        now = self._clock()
        for entry in entries:
            if entry.item.written_at > self._opened_at:
                latency_ms = max(0.0, now - entry.item.written_at) * 1000
                self._metrics.add_metric("DeliveryLatency", MetricUnit.Milliseconds, latency_ms)

    def connections(self, count: int) -> None:
        """What a heartbeat has just told."""
        self._connections = count

    def poll_failed(self, error: Exception) -> None:
        """One record for the first of a row, a count for all."""
        self._metrics.add_metric("PollErrors", MetricUnit.Count, 1)
        self._poll_errors += 1
        if self._poll_errors == 1:
            self._logger.warning("stream.poll_failed", extra={**self._fields, "error": type(error).__name__})

    def failed(self, error: Exception) -> None:
        self._logger.error("stream.failed", extra={**self._fields, "error": type(error).__name__}, exc_info=error)

    def closed(self, reason: str, sent: Mapping[str, int], release: Callable[[], None]) -> None:
        """The stream ends: give the slot back, say so, flush. Nothing here may hide why the stream ended."""
        try:
            release()
        except Exception as error:  # the lease expires by itself
            self._logger.warning("stream.lease_not_released", extra={**self._fields, "error": type(error).__name__})
        lived_s = round(self._clock() - self._opened_at, 3)
        ending = {"reason": reason, "duration_s": lived_s, "events": dict(sent), "poll_errors": self._poll_errors}
        self._logger.info("stream.closed", extra={**self._fields, **ending})
        self._metrics.add_metric("StreamDuration", MetricUnit.Seconds, lived_s)
        self._flush(sent)
        self._metrics.add_dimension("reason", reason)
        self._metrics.add_metric("StreamsClosed", MetricUnit.Count, 1)
        self._metrics.flush_metrics()

    def flush_when_due(self, sent: Mapping[str, int]) -> None:
        if self._clock() - self._flushed_at >= FLUSH_EVERY_S:
            self._flush(sent)

    def _flush(self, sent: Mapping[str, int]) -> None:
        events = sum(sent.values())
        self._metrics.add_metric("EventsSent", MetricUnit.Count, events - self._events_reported)
        self._events_reported = events
        if self._connections is not None:
            self._metrics.add_metric("OpenConnections", MetricUnit.Count, self._connections)
        self._metrics.flush_metrics()
        self._new_metrics()

    def _new_metrics(self) -> None:
        self._flushed_at = self._clock()
        self._metrics = EphemeralMetrics()
        self._metrics.add_dimension("stream", self._fields["stream"])
