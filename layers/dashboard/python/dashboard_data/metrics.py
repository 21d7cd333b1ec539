"""What do the last 24 hours add up to? Hourly records in the table, a window of them in memory."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from dashboard_data.dynamodb import Action, Clock, Key, Record, Table, text, update_action
from dashboard_data.feed.feed import FeedEntry
from dashboard_data.feed.item import SENTIMENTS
from dashboard_data.times import HOUR_S, hour_and_minute, hour_start, hour_text, utc_text

ALL_TICKERS = "*"
WINDOW_HOURS = 24
KEPT_S = 26 * HOUR_S  # after the hour's end: the window, and time for clocks that differ
TAG_PREFIX = "tag#"
MINUTE_PREFIX = "minute#"
OTHER_TAGS = "(other)"


@dataclass(slots=True)
class HourlyMetrics:
    """One scope's counts in one clock hour, counted up to number `seq` of the feed."""

    seq: int = 0
    sentiments: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    minutes: Counter[int] = field(default_factory=Counter)

    def add(self, entry: FeedEntry) -> None:
        self.seq = entry.seq
        self.sentiments[entry.item.sentiment] += 1
        self.tags.update(entry.item.tags)
        self.minutes[hour_and_minute(entry.item.timestamp)[1]] += 1

    def counters(self, *, fold_tags: bool = False) -> Counter[str]:
        """Returns the attributes of the record to add to.

        `fold_tags` counts all tags as one, for a record that has no room for more of them.
        """
        tags = self.tags
        if fold_tags:
            tags = Counter({OTHER_TAGS: self.tags.total()})
        return Counter(
            {
                **self.sentiments,
                **{f"{TAG_PREFIX}{tag}": count for tag, count in tags.items()},
                **{f"{MINUTE_PREFIX}{at:02d}": count for at, count in self.minutes.items()},
            }
        )

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
    """Returns the scopes that together cover these tickers, each once. None: all tickers."""
    if tickers is None:
        return (ALL_TICKERS,)
    return tuple(dict.fromkeys(tickers))


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
        """Counts an entry in these scopes that is not counted yet. Returns whether it did."""
        scope = self._scope_of(entry)
        if scope not in self.scopes:
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
            "by_tag": dict(tags),
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
        """
        window_scopes = tuple(scopes)
        oldest = hour_text(self._clock() - (WINDOW_HOURS - 1) * HOUR_S)
        records = [each for scope in window_scopes for each in self._since(oldest, epoch, scope)]
        return MetricsWindow(window_scopes, records)

    def _since(self, oldest: str, epoch: str, scope: str) -> Iterable[Record]:
        partition = metrics_partition(epoch, scope)
        return self._table.query(
            "PK = :scope AND SK >= :oldest", {":scope": text(partition), ":oldest": text(oldest)}
        )


def metrics_partition(epoch: str, scope: str) -> str:
    return f"METRICS#{epoch}#{scope}"


def metrics_update(at: Key, seq: int, added: Counter[str]) -> Action:
    """Returns the action that adds these counts to one hourly record, counted up to `seq`."""
    _, hour = at
    names = {f"#{index}": name for index, name in enumerate(added)}
    values: Record = {f":{count}": {"N": str(count)} for count in set(added.values())}
    additions = ", ".join(f"{alias} :{added[name]}" for alias, name in names.items())
    expires_at = hour_start(hour) + HOUR_S + KEPT_S
    return update_action(
        at,
        f"ADD {additions} SET seq = :seq, expires_at = :expires_at",
        values=values | {":seq": {"N": str(seq)}, ":expires_at": {"N": str(expires_at)}},
        names=names,
    )
