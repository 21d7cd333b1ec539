"""What do the last 24 hours add up to? Hourly records in the table, a window of them in memory."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from heapq import nsmallest
from typing import Any, NamedTuple

from dashboard_data.dynamodb import Clock, Record, Table, text
from dashboard_data.feed.feed import FeedEntry
from dashboard_data.feed.item import MOST_AHEAD_S, SENTIMENTS
from dashboard_data.hourly import (
    ALL_TICKERS,
    OTHER_TAGS,
    HourlyMetrics,
    metrics_partition,
    readable,
    scope_of,
)
from dashboard_data.packed import MICROS, minute_split
from dashboard_data.tickers import HOURS_OF_A_TREND, ranked, shown_ticker
from dashboard_data.times import HOUR_S, hour_and_minute, hour_text, places_of_minutes, utc_text

WINDOW_HOURS = 24
WINDOW_MINUTES = 60
TICKER_READS = 3
# docs/contract.md: `by_tag` names at most the 50 most frequent tags, and a `metrics` event has at
# most 8 KB. All of such an event but `by_tag` and `minutes` has less than 500 bytes. The minutes
# have some 800 bytes usually, and 3,000 at most.
MOST_TAGS_SHOWN = 50
MOST_BY_TAG_BYTES = 8192 - 500

# For each minute a count of each sentiment, and the sum of the scores. None: not known.
Minutes = dict[str, list[float | None]]


def scopes_of(tickers: Iterable[str] | None) -> tuple[str, ...]:
    """Returns the scopes that together cover these tickers, each once. None: all tickers."""
    if tickers is None:
        return (ALL_TICKERS,)
    return tuple(dict.fromkeys(tickers))


def most_frequent(tags: Mapping[str, int], most_bytes: int = MOST_BY_TAG_BYTES) -> dict[str, int]:
    """Returns what `by_tag` says: the most frequent tags by name, and the sum of the others.

    Of equally frequent tags those come first whose names do. The sum of all counts is that of
    `tags`. As JSON it has at most `most_bytes`: a name that finds no room is left to the others.
    """
    shown: dict[str, int] = {}
    rest = sum(tags.values())
    room_bytes = most_bytes - len(_member(OTHER_TAGS, rest))
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


class NewestNumbers(NamedTuple):
    """Feed numbers, newest first. From number `complete_from` on none is missing."""

    seqs: tuple[int, ...]
    complete_from: int


class MetricsWindow:
    """The metrics of some scopes, kept true in memory while entries arrive.

    A record says up to which number it was counted, so an entry is added if and only if its number
    is larger: exact, whatever lay between reading the records and reading the feed. Not for sharing
    between threads.
    """

    def __init__(self, scopes: Iterable[str], records: Iterable[Record] = ()) -> None:
        self.scopes = tuple(scopes)
        self._hours: dict[tuple[str, str], HourlyMetrics] = {}
        for record, hourly in readable(records):
            self._hours[scope_of(record), record["SK"]["S"]] = hourly

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
        hourly = self._hours.setdefault((scope, hour), HourlyMetrics(scope))
        if entry.seq <= hourly.seq:
            return False
        hourly.add(entry)
        return True

    def snapshot(self, now_s: float, minutes: int = WINDOW_MINUTES) -> dict[str, Any]:
        """Returns the data of a `metrics` event: the clock hour of `now_s` and the 23 before it.

        `minutes`: of how many minutes it tells apart, 1 to 60; the minute of `now_s` is the last.
        `by_tag` is the same for any number of them: it leaves room for all 60.
        """
        hours = [hour_text(now_s - ago * HOUR_S) for ago in range(WINDOW_HOURS)]
        self._forget_before(hours[-1])
        window = [hourly for (_, hour), hourly in self._hours.items() if hour <= hours[0]]
        sentiments = {name: sum(each.sentiments[name] for each in window) for name in SENTIMENTS}
        tags: Counter[str] = Counter()
        for hourly in window:
            tags.update(hourly.tags)
        total = sum(sentiments.values())
        all_minutes = self._minutes(now_s)
        room_bytes = MOST_BY_TAG_BYTES - len(json.dumps(all_minutes, separators=(",", ":")))
        return {
            "total": total,
            **sentiments,
            "by_tag": most_frequent(tags, room_bytes),
            "rate_last_hour": sum(self.by_minute(now_s)),
            "rate_last_24h": total,
            "minutes": {name: values[-minutes:] for name, values in all_minutes.items()},
            "timestamp": utc_text(now_s),
        }

    def by_minute(self, now_s: float) -> list[int]:
        """Returns the items of each of the last 60 minutes, the minute of `now_s` last."""
        return [
            sum(hourly.minutes.get(minute, 0) for hourly in hours)
            for hours, minute in self._last_minutes(self.scopes, now_s, WINDOW_MINUTES)
        ]

    def by_minute_of(self, scope: str, now_s: float, minutes: int) -> list[int]:
        """Returns the items of one scope in each of the last minutes, that of `now_s` last."""
        return [
            sum(hourly.minutes.get(minute, 0) for hourly in hours)
            for hours, minute in self._last_minutes((scope,), now_s, minutes)
        ]

    def newest(self) -> NewestNumbers:
        """Returns the numbers of the newest entries that the window counts: some 20 of each hour.

        A window of all tickers knows none.
        """
        seqs = {seq for hourly in self._hours.values() for seq in hourly.newest}
        complete_from = max([hourly.newest_from() for hourly in self._hours.values()], default=1)
        return NewestNumbers(tuple(sorted(seqs, reverse=True)), complete_from)

    def _minutes(self, now_s: float) -> Minutes:
        """Returns `minutes` of a `metrics` event for the last 60 minutes.

        A minute that older code has counted is not known: its split has fewer items than it.
        """
        splits: list[tuple[float | None, ...]] = []
        for hours, minute in self._last_minutes(self.scopes, now_s, WINDOW_MINUTES):
            split = minute_split(sum(hourly.splits.get(minute, 0) for hourly in hours))
            if split.total == sum(hourly.minutes.get(minute, 0) for hourly in hours):
                splits.append((*split[:3], split.score_micros / MICROS))
            else:
                splits.append((None,) * 4)
        names = (*SENTIMENTS, "score_sum")
        return {
            name: list(values)
            for name, values in zip(names, zip(*splits, strict=True), strict=True)
        }

    def _last_minutes(
        self, scopes: Iterable[str], now_s: float, count: int
    ) -> Iterator[tuple[list[HourlyMetrics], int]]:
        """Yields each minute's hours, one for each scope that has counted one, and its number."""
        hours: dict[str, list[HourlyMetrics]] = {}
        for hour, minute in places_of_minutes(now_s, count):
            if hour not in hours:
                found = [self._hours.get((scope, hour)) for scope in scopes]
                hours[hour] = [hourly for hourly in found if hourly]
            yield hours[hour], minute

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

    def tickers(self, epoch: str) -> dict[str, Any]:
        """Returns the body of `GET /api/v2/tickers`: which tickers, and which topics, there are.

        Reads the records of all tickers with one Query, then three records of each ticker that is
        shown, in one call. Both are consistent. If items were counted between the two, both are
        read again, some times, so that no ticker has more items in an hour than in a day.
        """
        for _ in range(TICKER_READS):
            records = list(self.records(epoch, ALL_TICKERS))
            now_s = self._clock()
            oldest = hour_text(now_s - (WINDOW_HOURS - 1) * HOUR_S)
            newest = hour_text(now_s)
            within = [each for each in records if oldest <= each["SK"]["S"] <= newest]
            ranking = ranked(hourly for _, hourly in readable(within))
            trends = self._trends(epoch, ranking.tickers, now_s)
            if _counted_up_to(trends) <= _counted_up_to(records):
                break
        by_minute = MetricsWindow(ranking.tickers, trends).by_minute_of
        return {
            "timestamp": utc_text(now_s),
            "tickers": [
                shown_ticker(ticker, split, by_minute(ticker, now_s, 2 * WINDOW_MINUTES))
                for ticker, split in ranking.tickers.items()
            ],
            "others": {"total": ranking.others},
            "topics": most_frequent(ranking.topics),
        }

    def _trends(self, epoch: str, tickers: Iterable[str], now_s: float) -> list[Record]:
        """Reads the records of each ticker's last two times 60 minutes."""
        hours = [hour_text(now_s - ago * HOUR_S) for ago in range(HOURS_OF_A_TREND)]
        keys = [(metrics_partition(epoch, ticker), hour) for ticker in tickers for hour in hours]
        return list(self._table.get_many(keys, consistent=True).values())

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


def _counted_up_to(records: Iterable[Record]) -> int:
    """Returns the largest number of the feed that these records count; 0 without records."""
    return max([hourly.seq for _, hourly in readable(records)], default=0)
