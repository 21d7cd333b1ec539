"""What do the operators see of a stream? Two log records and a few metrics, never its content.

Powertools' decorators end when the handler returns, before the first byte is streamed. So each
stream has metrics of its own (`EphemeralMetrics`: nothing is shared between streams of one
process), flushed every minute and at the end.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from dashboard_data import Clock, FeedEntry

FLUSH_EVERY_S = 55  # operators expect a value a minute; a poll comes between


class Observer:
    """Observes one stream.

    `fields` (connection_id, client, stream, cursor, request_id, ...) are on each of its records.
    """

    def __init__(self, logger: Logger, clock: Clock, fields: Mapping[str, Any]) -> None:
        self._logger = logger
        self._clock = clock
        self._fields = dict(fields)
        self._opened_at_s = clock()
        self._flushed_at_s = self._opened_at_s
        self._poll_errors = 0
        self._events_reported = 0
        self._open_count: int | None = None
        self._new_metrics()

    def opened(self) -> None:
        self._metrics.add_metric("StreamsOpened", MetricUnit.Count, 1)
        self._logger.info("stream.opened", extra=self._fields)

    def delivered(self, entries: Sequence[FeedEntry]) -> None:
        """Notes that items are about to be sent.

        Items from before the stream opened are a replay, whose age says nothing about latency.
        """
        now_s = self._clock()
        for entry in entries:
            if entry.item.written_at > self._opened_at_s:
                latency_ms = max(0.0, now_s - entry.item.written_at) * 1000
                self._metrics.add_metric("DeliveryLatency", MetricUnit.Milliseconds, latency_ms)

    def counted(self, open_count: int) -> None:
        """Notes the number of open streams that a heartbeat has just reported."""
        self._open_count = open_count

    def poll_failed(self, error: Exception) -> None:
        """Logs the first failure, and counts all of them."""
        self._metrics.add_metric("PollErrors", MetricUnit.Count, 1)
        self._poll_errors += 1
        if self._poll_errors == 1:
            self._logger.warning("stream.poll_failed", extra=self._fields_with(error))

    def unavailable(self, error: Exception) -> None:
        """Notes that the stream ends at once, since its first state cannot be read."""
        self._metrics.add_metric("StreamsUnavailable", MetricUnit.Count, 1)
        self._logger.warning("stream.unavailable", extra=self._fields_with(error))

    def failed(self, error: Exception) -> None:
        self._logger.error("stream.failed", extra=self._fields_with(error), exc_info=error)

    def closed(self, reason: str, sent: Mapping[str, int], release: Callable[[], None]) -> None:
        """Ends the stream: gives the slot back, says so, and flushes.

        Nothing here may hide why the stream ended.
        """
        try:
            release()
        except Exception as error:  # the lease expires by itself
            self._logger.warning("stream.lease_not_released", extra=self._fields_with(error))
        lived_s = round(self._clock() - self._opened_at_s, 3)
        ending = {
            "reason": reason,
            "duration_s": lived_s,
            "events": dict(sent),
            "poll_errors": self._poll_errors,
        }
        self._logger.info("stream.closed", extra={**self._fields, **ending})
        self._metrics.add_metric("StreamDuration", MetricUnit.Seconds, lived_s)
        self._flush(sent)
        self._metrics.add_dimension("reason", reason)
        self._metrics.add_metric("StreamsClosed", MetricUnit.Count, 1)
        self._metrics.flush_metrics()

    def flush_when_due(self, sent: Mapping[str, int]) -> None:
        if self._clock() - self._flushed_at_s >= FLUSH_EVERY_S:
            self._flush(sent)

    def _flush(self, sent: Mapping[str, int]) -> None:
        events = sum(sent.values())
        new = events - self._events_reported
        self._metrics.add_metric("EventsSent", MetricUnit.Count, new)
        self._events_reported = events
        if self._open_count is not None:
            self._metrics.add_metric("OpenConnections", MetricUnit.Count, self._open_count)
        self._metrics.flush_metrics()
        self._new_metrics()

    def _fields_with(self, error: Exception) -> dict[str, Any]:
        return {**self._fields, "error": type(error.__cause__ or error).__name__}

    def _new_metrics(self) -> None:
        self._flushed_at_s = self._clock()
        self._metrics = EphemeralMetrics()
        self._metrics.add_dimension("stream", self._fields["stream"])
