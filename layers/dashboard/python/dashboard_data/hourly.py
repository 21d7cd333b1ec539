"""What happened in one clock hour? The counts of one scope, in memory and as a record."""

from collections import Counter
from dataclasses import dataclass, field

from dashboard_data.dynamodb import Action, Key, Record, update_action
from dashboard_data.feed.feed import FeedEntry
from dashboard_data.feed.item import SENTIMENTS
from dashboard_data.times import HOUR_S, hour_and_minute, hour_start

ALL_TICKERS = "*"
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
