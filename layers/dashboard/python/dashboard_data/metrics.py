"""What do the last 24 hours add up to? Hourly records in the table, a window of them in memory."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from heapq import nsmallest
from typing import Any

from dashboard_data.dynamodb import Clock, Record, Table, text
from dashboard_data.feed.feed import FeedEntry
from dashboard_data.feed.item import MOST_AHEAD_S, SENTIMENTS
from dashboard_data.hourly import ALL_TICKERS, OTHER_TAGS, HourlyMetrics, metrics_partition
from dashboard_data.times import HOUR_S, hour_and_minute, hour_text, utc_text

WINDOW_HOURS = 24
# docs/contract.md: `by_tag` names at most the 50 most frequent tags, and a `metrics` event has at
# most 8 KB. All of such an event but `by_tag` has less than 500 bytes.
MOST_TAGS_SHOWN = 50
MOST_BY_TAG_BYTES = 8192 - 500


def scopes_of(tickers: Iterable[str] | None) -> tuple[str, ...]:
    """Returns the scopes that together cover these tickers, each once. None: all tickers."""
    if tickers is None:
        return (ALL_TICKERS,)
    return tuple(dict.fromkeys(tickers))


def most_frequent(tags: Mapping[str, int]) -> dict[str, int]:
    """Returns what `by_tag` says: the most frequent tags by name, and the sum of the others.

    Of equally frequent tags those come first whose names do. The sum of all counts is that of
    `tags`. As JSON it has at most MOST_BY_TAG_BYTES: a name that finds no room is left to the
    others.
    """
    shown: dict[str, int] = {}
    rest = sum(tags.values())
    room_bytes = MOST_BY_TAG_BYTES - len(_member(OTHER_TAGS, rest))
    named = (name for name in tags if name != OTHER_TAGS)
    for name in nsmallest(MOST_TAGS_SHOWN, named, key=lambda name: (-tags[name], name)):
        member_bytes = len(_member(name, tags[name]))
        if member_bytes <= room_bytes:
            room_bytes -= member_bytes
            rest -= tags[name]
            shown[name] = tags[name]
    if rest:
        shown[OTHER_TAGS] = rest
    return shown


def _member(name: str, count: int) -> bytes:
    """Writes one member of `by_tag` as an event carries it, with its comma."""
    return f"{json.dumps(name, ensure_ascii=False)}:{count},".encode()


class MetricsWindow:
    """The metrics of some scopes, kept true in memory while entries arrive.

    A record says up to which number it was counted, so an entry is added if and only if its number
    is larger: exact, whatever lay between reading the records and reading the feed. Not for sharing
    between threads.
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
        """Counts an entry in these scopes that is not counted yet. Returns whether it did.

        An entry that the record of its hour could not count is not counted here either.
        """
        scope = self._scope_of(entry)
        if scope not in self.scopes or scope in entry.uncounted:
            return False
        hour, _ = hour_and_minute(entry.item.timestamp)
        hourly = self._hours.setdefault((scope, hour), HourlyMetrics())
        if entry.seq <= hourly.seq:
            return False
        hourly.add(entry)
        return True

    def snapshot(self, now_s: float) -> dict[str, Any]:
        """Returns the data of a `metrics` event: the clock hour of `now_s` and the 23 before it."""
        hours = [hour_text(now_s - ago * HOUR_S) for ago in range(WINDOW_HOURS)]
        self._forget_before(hours[-1])
        window = [hourly for (_, hour), hourly in self._hours.items() if hour <= hours[0]]
        sentiments = {name: sum(each.sentiments[name] for each in window) for name in SENTIMENTS}
        tags: Counter[str] = Counter()
        for hourly in window:
            tags.update(hourly.tags)
        total = sum(sentiments.values())
        return {
            "total": total,
            **sentiments,
            "by_tag": most_frequent(tags),
            "rate_last_hour": sum(self.by_minute(now_s)),
            "rate_last_24h": total,
            "timestamp": utc_text(now_s),
        }

    def by_minute(self, now_s: float) -> list[int]:
        """Returns the items of each of the last 60 minutes, the minute of `now_s` last."""
        hour = hour_text(now_s)
        hour_before = hour_text(now_s - HOUR_S)
        minute = int(now_s // 60) % 60
        places = [(hour_before, at) for at in range(minute + 1, 60)]
        places += [(hour, at) for at in range(minute + 1)]
        records = {
            in_hour: [
                record for scope in self.scopes if (record := self._hours.get((scope, in_hour)))
            ]
            for in_hour in (hour_before, hour)
        }
        return [
            sum(record.minutes.get(at, 0) for record in records[in_hour]) for in_hour, at in places
        ]

    def _forget_before(self, oldest: str) -> None:
        self._hours = {at: hourly for at, hourly in self._hours.items() if at[1] >= oldest}

    def _scope_of(self, entry: FeedEntry) -> str:
        if ALL_TICKERS in self.scopes:
            return ALL_TICKERS
        return entry.item.ticker


class DynamoDbMetrics:
    """The hourly records in the table."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def window(self, epoch: str, scopes: Iterable[str]) -> MetricsWindow:
        """Reads the window of these scopes, with one consistent Query for each.

        Consistent, since the records must know everything that the position read before them knows.
        A scope has at most 25 of them: the window, and the hour after it, since an item may be
        dated that much ahead.
        """
        window_scopes = tuple(scopes)
        records = [each for scope in window_scopes for each in self.records(epoch, scope)]
        return MetricsWindow(window_scopes, records)

    def records(self, epoch: str, scope: str) -> Iterator[Record]:
        """Yields the records of one scope's window, each page of them read when it is asked for."""
        now_s = self._clock()
        hours: Record = {
            ":oldest": text(hour_text(now_s - (WINDOW_HOURS - 1) * HOUR_S)),
            ":newest": text(hour_text(now_s + MOST_AHEAD_S)),
        }
        partition = text(metrics_partition(epoch, scope))
        return self._table.query(
            "PK = :scope AND SK BETWEEN :oldest AND :newest", {":scope": partition, **hours}
        )
