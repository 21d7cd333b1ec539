"""What do the operators see of a stream? Two log records, never its content."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aws_lambda_powertools import Logger
from dashboard_data import Clock, FeedEntry

from stream_function.meter import FLUSH_EVERY_S, Meter, Meters


class Observer:
    """Observes one stream.

    `fields` (connection_id, client, stream, cursor, request_id, ...) are on each of its records.
    """

    __slots__ = (
        "_clock",
        "_events_reported",
        "_fields",
        "_logger",
        "_meter",
        "_meters",
        "_opened_at_s",
        "_poll_errors",
        "_reported_at_s",
    )

    def __init__(
        self, logger: Logger, clock: Clock, meters: Meters, fields: Mapping[str, Any]
    ) -> None:
        self._logger = logger
        self._clock = clock
        self._fields = dict(fields)
        self._opened_at_s = clock()
        self._reported_at_s = self._opened_at_s
        self._poll_errors = 0
        self._events_reported = 0
        self._meters = meters
        self._meter: Meter = meters.of(self._fields["stream"], self._opened_at_s)

    def opened(self) -> None:
        self._meter.add("StreamsOpened")
        self._logger.info("stream.opened", extra=self._fields)

    def delivered(self, epoch: str, entries: Sequence[FeedEntry]) -> None:
        """Notes that items are about to be sent."""
        self._meter.delivered(epoch, entries, self._opened_at_s, self._clock())

    def counted(self, open_count: int) -> None:
        """Notes the number of open streams that a heartbeat has just reported."""
        self._meter.counted(open_count, self._clock())

    def poll_failed(self, error: Exception) -> None:
        """Logs the first failure, and counts all of them."""
        self._meter.add("PollErrors")
        self._poll_errors += 1
        if self._poll_errors == 1:
            self._logger.warning("stream.poll_failed", extra=self._fields_with(error))

    def unavailable(self, error: Exception) -> None:
        """Notes that the stream ends at once, since its first state cannot be read."""
        self._meter.add("StreamsUnavailable")
        self._logger.warning("stream.unavailable", extra=self._fields_with(error))

    def failed(self, error: Exception) -> None:
        self._logger.error("stream.failed", extra=self._fields_with(error), exc_info=error)

    def closed(self, reason: str, sent: Mapping[str, int], release: Callable[[], None]) -> None:
        """Ends the stream: gives the slot back, says so, and has the metrics written.

        Nothing here may hide why the stream ended.
        """
        try:
            release()
        except Exception as error:  # the lease expires by itself
            self._logger.warning("stream.lease_not_released", extra=self._fields_with(error))
        now_s = self._clock()
        lived_s = round(now_s - self._opened_at_s, 3)
        ending = {
            "reason": reason,
            "duration_s": lived_s,
            "events": dict(sent),
            "poll_errors": self._poll_errors,
        }
        self._logger.info("stream.closed", extra={**self._fields, **ending})
        self._report(sent, now_s)
        self._meter.closed(reason, lived_s, now_s)

    def flush_when_due(self, sent: Mapping[str, int]) -> None:
        now_s = self._clock()
        if now_s - self._reported_at_s >= FLUSH_EVERY_S:
            self._report(sent, now_s)
        self._meters.flush_when_due(now_s)

    def _report(self, sent: Mapping[str, int], now_s: float) -> None:
        self._reported_at_s = now_s
        events = sum(sent.values())
        self._meter.add("EventsSent", events - self._events_reported)
        self._events_reported = events

    def _fields_with(self, error: Exception) -> dict[str, Any]:
        return {**self._fields, "error": type(error.__cause__ or error).__name__}
