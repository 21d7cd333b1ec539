"""What do the last 24 hours add up to? Pure: records and entries in, a `metrics` event's data out."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from dashboard_data.dynamodb import Record
from dashboard_data.feed.feed import FeedEntry
from dashboard_data.feed.item import SENTIMENTS
from dashboard_data.times import HOUR_S, hour_and_minute, hour_text, utc_text

ALL_TICKERS = "*"
WINDOW_HOURS = 24
TAG_PREFIX = "tag#"
MINUTE_PREFIX = "minute#"


@dataclass(slots=True)
class HourlyMetrics:
    """One scope's counts of one clock hour, counted up to number `seq` of the feed."""

    seq: int = 0
    sentiments: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    minutes: Counter[int] = field(default_factory=Counter)

    def add(self, entry: FeedEntry) -> None:
        self.seq = entry.seq
        self.sentiments[entry.item.sentiment] += 1
        self.tags.update(entry.item.tags)
        self.minutes[hour_and_minute(entry.item.timestamp)[1]] += 1

    @classmethod
    def from_record(cls, record: Record) -> "HourlyMetrics":
        hourly = cls(seq=int(record["seq"]["N"]))
        for name, value in record.items():
            if name in SENTIMENTS:
                hourly.sentiments[name] = int(value["N"])
            elif name.startswith(TAG_PREFIX):
                hourly.tags[name.removeprefix(TAG_PREFIX)] = int(value["N"])
            elif name.startswith(MINUTE_PREFIX):
                hourly.minutes[int(name.removeprefix(MINUTE_PREFIX))] = int(value["N"])
        return hourly


def scopes_of(tickers: Iterable[str] | None) -> tuple[str, ...]:
    """The scopes that together cover these tickers, each once; all tickers for None."""
    return (ALL_TICKERS,) if tickers is None else tuple(dict.fromkeys(tickers))


class MetricsWindow:
    """The metrics of some scopes, kept true in memory while entries arrive.

    A record says up to which number it was counted, so an entry is added if and only if its number is larger: exact,
    whatever lay between reading the records and reading the feed. Not for sharing between threads.
    """

    def __init__(self, scopes: Iterable[str], records: Iterable[Record] = ()) -> None:
        self.scopes = tuple(scopes)
        self._hours: dict[tuple[str, str], HourlyMetrics] = {}
        for record in records:
            scope = record["PK"]["S"].rpartition("#")[2]
            self._hours[scope, record["SK"]["S"]] = HourlyMetrics.from_record(record)

    def covers(self, entry: FeedEntry) -> bool:
        return self._scope_of(entry) in self.scopes

    def apply(self, entry: FeedEntry) -> bool:
        """Counts an entry of these scopes that is not counted yet. True if that changed anything."""
        scope = self._scope_of(entry)
        if scope not in self.scopes:
            return False
        hourly = self._hours.setdefault((scope, hour_and_minute(entry.item.timestamp)[0]), HourlyMetrics())
        if entry.seq <= hourly.seq:
            return False
        hourly.add(entry)
        return True

    def snapshot(self, now: float) -> dict[str, Any]:
        """What a `metrics` event carries: the clock hour of `now` and the 23 before it."""
        hours = [hour_text(now - ago * HOUR_S) for ago in range(WINDOW_HOURS)]
        self._forget_before(hours[-1])
        window = [hourly for (_, hour), hourly in self._hours.items() if hour <= hours[0]]
        sentiments = {name: sum(hourly.sentiments[name] for hourly in window) for name in SENTIMENTS}
        tags: Counter[str] = Counter()
        for hourly in window:
            tags.update(hourly.tags)
        total = sum(sentiments.values())
        return {
            "total": total,
            **sentiments,
            "by_tag": dict(tags),
            "rate_last_hour": sum(self.by_minute(now)),
            "rate_last_24h": total,
            "timestamp": utc_text(now),
        }

    def by_minute(self, now: float) -> list[int]:
        """Items of each of the last 60 minutes, the minute of `now` last."""
        hour, hour_before = hour_text(now), hour_text(now - HOUR_S)
        minute = int(now // 60) % 60
        places = [(hour_before, at) for at in range(minute + 1, 60)] + [(hour, at) for at in range(minute + 1)]
        records = {(scope, at): self._hours.get((scope, at)) for scope in self.scopes for at in (hour_before, hour)}
        return [
            sum(record.minutes.get(at, 0) for scope in self.scopes if (record := records[scope, in_hour]))
            for in_hour, at in places
        ]

    def _forget_before(self, oldest: str) -> None:
        self._hours = {at: hourly for at, hourly in self._hours.items() if at[1] >= oldest}

    def _scope_of(self, entry: FeedEntry) -> str:
        return ALL_TICKERS if ALL_TICKERS in self.scopes else entry.item.ticker
