"""What happened in one clock hour? The counts of one scope, in memory and as a record.

However many tags producers invent, a record stays small: an hour names a bounded number of them,
and counts the others together. Which ones it names depends only on the order of the entries, so the
record and a stream's copy of it in memory agree exactly.
"""

from collections import Counter
from dataclasses import dataclass, field, replace

from dashboard_data.dynamodb import Action, Key, Record, update_action
from dashboard_data.feed.feed import FeedEntry
from dashboard_data.feed.item import SENTIMENTS
from dashboard_data.times import HOUR_S, hour_and_minute, hour_start

ALL_TICKERS = "*"
KEPT_S = 26 * HOUR_S  # after the hour's end: the window, and time for clocks that differ
TAG_PREFIX = "tag#"
MINUTE_PREFIX = "minute#"
OTHER_TAGS = "(other)"
# An hour names only so many tags. With them a record has some 25 KB at most: DynamoDB takes 400 KB,
# but each write costs a unit for each KB, and each stream reads 25 records when it starts.
MOST_TAGS_AN_HOUR = 500
MOST_TAG_BYTES_AN_HOUR = 16_000
LONGEST_TAG_BYTES = 100


@dataclass(slots=True)
class HourlyMetrics:
    """One scope's counts in one clock hour, counted up to number `seq` of the feed.

    `tag_bytes`: the length in UTF-8 of all names in `tags` but `(other)`.
    """

    seq: int = 0
    sentiments: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    minutes: Counter[int] = field(default_factory=Counter)
    tag_bytes: int = 0

    def add(self, entry: FeedEntry) -> list[str]:
        """Counts an entry. Returns the attributes of the record that it adds one to, each."""
        self.seq = entry.seq
        _, minute = hour_and_minute(entry.item.timestamp)
        names = [self._counted_as(tag) for tag in entry.item.tags]
        self.sentiments[entry.item.sentiment] += 1
        self.minutes[minute] += 1
        return [
            entry.item.sentiment,
            f"{MINUTE_PREFIX}{minute:02d}",
            *[f"{TAG_PREFIX}{name}" for name in names],
        ]

    def copy(self) -> "HourlyMetrics":
        return replace(
            self,
            sentiments=self.sentiments.copy(),
            tags=self.tags.copy(),
            minutes=self.minutes.copy(),
        )

    def _counted_as(self, tag: str) -> str:
        """Counts a tag. Returns the name that it is counted by.

        That is its own if the hour names it already, or has room for it.
        """
        name = tag
        if tag not in self.tags and tag != OTHER_TAGS:
            name_bytes = len(tag.encode())
            if self._has_room(name_bytes):
                self.tag_bytes += name_bytes
            else:
                name = OTHER_TAGS
        self.tags[name] += 1
        return name

    def _has_room(self, name_bytes: int) -> bool:
        return (
            len(self.tags) < MOST_TAGS_AN_HOUR
            and name_bytes <= LONGEST_TAG_BYTES
            and self.tag_bytes + name_bytes <= MOST_TAG_BYTES_AN_HOUR
        )

    @classmethod
    def from_record(cls, record: Record) -> "HourlyMetrics":
        hourly = cls(seq=int(record["seq"]["N"]))
        for name, value in record.items():
            if name in SENTIMENTS:
                hourly.sentiments[name] = int(value["N"])
            elif name.startswith(TAG_PREFIX):
                tag = name.removeprefix(TAG_PREFIX)
                hourly.tags[tag] = int(value["N"])
                if tag != OTHER_TAGS:
                    hourly.tag_bytes += len(tag.encode())
            elif name.startswith(MINUTE_PREFIX):
                hourly.minutes[int(name.removeprefix(MINUTE_PREFIX))] = int(value["N"])
        return hourly


def born_expired(hour: str, now_s: float) -> bool:
    """Whether a record of this hour would be past its time to live when it is first written."""
    return hour_expires_at(hour) <= now_s


def hour_expires_at(hour: str) -> int:
    """Returns the end of the record's time to live, in epoch seconds."""
    return hour_start(hour) + HOUR_S + KEPT_S


def metrics_partition(epoch: str, scope: str) -> str:
    return f"METRICS#{epoch}#{scope}"


def metrics_update(at: Key, seq: int, added: Counter[str]) -> Action:
    """Returns the action that adds these counts to one hourly record, counted up to `seq`."""
    _, hour = at
    names = {f"#{index}": name for index, name in enumerate(added)}
    values: Record = {f":{count}": {"N": str(count)} for count in set(added.values())}
    additions = ", ".join(f"{alias} :{added[name]}" for alias, name in names.items())
    expires_at = hour_expires_at(hour)
    return update_action(
        at,
        f"ADD {additions} SET seq = :seq, expires_at = :expires_at",
        values=values | {":seq": {"N": str(seq)}, ":expires_at": {"N": str(expires_at)}},
        names=names,
    )
