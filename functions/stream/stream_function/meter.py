"""What do all streams of one kind in this process add up to? A few metrics, once a minute.

Powertools' decorators end when the handler returns, before the first byte is streamed. And an
object of its metrics for each open stream would cost more than the stream. So streams count in
plain numbers here, and the one that finds it due writes them down (`EphemeralMetrics`: nothing is
shared with what else the process measures).
"""

from collections import Counter
from collections.abc import Sequence
from threading import Lock

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from dashboard_data import FeedEntry

FLUSH_EVERY_S = 55  # operators expect a value a minute; a poll comes between
MOST_LATENCIES = 1_000  # kept until they are written, in records of 100 values each
MOST_REMEMBERED = 2_000
COUNT_HOLDS_S = 60  # an older number of open streams says nothing about now


class Meter:
    """Counts for all streams of one kind. Threads share it."""

    def __init__(self, stream: str, now_s: float) -> None:
        self._stream = stream
        self._guard = Lock()
        self._flushed_at_s = now_s
        self._counts: Counter[str] = Counter()
        self._latencies_ms: list[float] = []
        self._durations_s: list[float] = []
        self._measured: dict[tuple[str, int], None] = {}
        self._open_count: tuple[int, float] | None = None  # and when it was counted

    def add(self, metric: str, count: int = 1) -> None:
        with self._guard:
            self._counts[metric] += count

    def counted(self, open_count: int, now_s: float) -> None:
        """Notes the number of open streams that a heartbeat has just reported."""
        self._open_count = open_count, now_s

    def delivered(
        self, epoch: str, entries: Sequence[FeedEntry], opened_at_s: float, now_s: float
    ) -> None:
        """Measures how late these items are, each for the first of all streams that sends it.

        Items from before a stream opened are a replay, whose age says nothing about latency.
        """
        if not entries or (epoch, entries[-1].seq) in self._measured:
            return
        with self._guard:
            for entry in entries:
                at = (epoch, entry.seq)
                if entry.item.written_at <= opened_at_s or at in self._measured:
                    continue
                self._measured[at] = None
                self._latencies_ms.append(max(0.0, now_s - entry.item.written_at) * 1000)
            while len(self._measured) > MOST_REMEMBERED:
                del self._measured[next(iter(self._measured))]
            is_full = len(self._latencies_ms) >= MOST_LATENCIES
        if is_full:
            self.flush(now_s)

    def flush_when_due(self, now_s: float) -> None:
        if now_s - self._flushed_at_s >= FLUSH_EVERY_S:
            self.flush(now_s)

    def closed(self, reason: str, lived_s: float, now_s: float) -> None:
        """Counts the end of a stream, and writes all down: the process may be frozen next."""
        with self._guard:
            self._durations_s.append(lived_s)
        self.flush(now_s)
        metrics = self._new_metrics()
        metrics.add_dimension("reason", reason)
        metrics.add_metric("StreamsClosed", MetricUnit.Count, 1)
        metrics.flush_metrics()

    def flush(self, now_s: float) -> None:
        """Writes what came together since the last time."""
        metrics = self._new_metrics()
        with self._guard:
            self._flushed_at_s = now_s
            counts = {"EventsSent": 0, **self._counts}
            latencies_ms = self._latencies_ms
            durations_s = self._durations_s
            self._counts = Counter()
            self._latencies_ms = []
            self._durations_s = []
        for name, count in counts.items():
            metrics.add_metric(name, MetricUnit.Count, count)
        for latency_ms in latencies_ms:
            metrics.add_metric("DeliveryLatency", MetricUnit.Milliseconds, latency_ms)
        for duration_s in durations_s:
            metrics.add_metric("StreamDuration", MetricUnit.Seconds, duration_s)
        if self._open_count is not None:
            count, counted_at_s = self._open_count
            if abs(now_s - counted_at_s) <= COUNT_HOLDS_S:
                metrics.add_metric("OpenConnections", MetricUnit.Count, count)
        metrics.flush_metrics()

    def _new_metrics(self) -> EphemeralMetrics:
        metrics = EphemeralMetrics()
        metrics.add_dimension("stream", self._stream)
        return metrics


class Meters:
    """The meter of each kind of stream."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._meters: dict[str, Meter] = {}

    def of(self, stream: str, now_s: float) -> Meter:
        with self._guard:
            meter = self._meters.get(stream)
            if meter is None:
                meter = self._meters[stream] = Meter(stream, now_s)
            return meter

    def flush_when_due(self, now_s: float) -> None:
        """Writes what is due for all kinds: the streams of one kind may all be asleep."""
        for meter in list(self._meters.values()):
            meter.flush_when_due(now_s)
