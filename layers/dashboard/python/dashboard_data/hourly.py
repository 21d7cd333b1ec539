"""What happened in one clock hour? The counts of one scope, in memory and as a record.

However many tags and tickers producers invent, a record stays small: an hour names a bounded number
of them, and counts the others together. Which ones it names depends only on the order of the
entries, so the record and a stream's copy of it in memory agree exactly.

Older code, which may run beside this, counts `minute#` and the tags, and knows nothing of `split#`,
`ticker#` and `newest`. Each of these shows by itself what it misses: a split by the count of its
minute, tickers by the total, and `newest` by the number that the record was counted up to.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dashboard_data.dynamodb import UNREADABLE, Action, Key, Record, update_action
from dashboard_data.feed.feed import FeedEntry
from dashboard_data.feed.item import SENTIMENTS, Item
from dashboard_data.packed import packed_minute, packed_ticker, ticker_split, whole_number
from dashboard_data.times import HOUR_S, hour_and_minute, hour_start

ALL_TICKERS = "*"
KEPT_S = 26 * HOUR_S  # after the hour's end: the window, and time for clocks that differ
TAG_PREFIX = "tag#"
MINUTE_PREFIX = "minute#"
SPLIT_PREFIX = "split#"
TICKER_PREFIX = "ticker#"
OWN_PREFIX = "own#"
OTHER_TAGS = "(other)"
# An hour names only so many tags and tickers. With them a record has some 33 KB at most: DynamoDB
# takes 400 KB, but each write costs a unit for each KB, and each stream reads 25 records when it
# starts.
MOST_TAGS_AN_HOUR = 500
MOST_TAG_BYTES_AN_HOUR = 16_000
LONGEST_TAG_BYTES = 100
MOST_TICKERS_AN_HOUR = 200
MOST_NEWEST = 20  # as many items as a client is shown at first


@dataclass(slots=True)
class HourlyMetrics:
    """One scope's counts in one clock hour, counted up to number `seq` of the feed.

    `tag_bytes`: the length in UTF-8 of all names in `tags` but `(other)`. `splits` by minute and
    `tickers` by name are packed numbers (packed.py). `own`: how many items whose ticker is counted
    as `(other)` carry that ticker as a tag, by the name that the tag is counted by. `newest`: the
    numbers of the newest entries, oldest first. The record of all tickers has no `newest`, the
    others have no `tickers` and no `own`.
    """

    scope: str = ALL_TICKERS
    seq: int = 0
    sentiments: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    minutes: Counter[int] = field(default_factory=Counter)
    splits: Counter[int] = field(default_factory=Counter)
    tickers: Counter[str] = field(default_factory=Counter)
    own: Counter[str] = field(default_factory=Counter)
    newest: tuple[int, ...] = ()
    tag_bytes: int = 0

    @property
    def total(self) -> int:
        return self.sentiments.total()

    def add(self, entry: FeedEntry) -> Counter[str]:
        """Counts an entry. Returns what it adds to which attributes of the record."""
        item = entry.item
        _, minute = hour_and_minute(item.timestamp)
        split = packed_minute(item)
        added: Counter[str] = Counter()
        for tag in item.tags:
            added[TAG_PREFIX + self._counted_as(tag)] += 1
        if self.scope == ALL_TICKERS:
            added.update(self._add_ticker(item))
        else:
            self.newest = (*self._newest_without_gap(), entry.seq)[-MOST_NEWEST:]
        self.seq = entry.seq
        self.sentiments[item.sentiment] += 1
        self.minutes[minute] += 1
        self.splits[minute] += split
        added[item.sentiment] += 1
        added[f"{MINUTE_PREFIX}{minute:02d}"] += 1
        added[f"{SPLIT_PREFIX}{minute:02d}"] += split
        return added

    def newest_from(self) -> int:
        """Returns the number from which on `newest` names every entry of this hour."""
        newest = self._newest_without_gap()
        if not newest:
            return self.seq + 1
        return 1 if len(newest) == self.total else newest[0]

    def topics(self) -> Counter[str]:
        """Returns the tags without the counts that only name an item's own ticker."""
        topics = self.tags.copy()
        for ticker, packed in self.tickers.items():
            if ticker != OTHER_TAGS:
                named = ticker if ticker in self.tags else OTHER_TAGS
                topics[named] -= ticker_split(packed).own
        topics.subtract(self.own)
        return +topics

    def copy(self) -> "HourlyMetrics":
        return replace(
            self,
            sentiments=self.sentiments.copy(),
            tags=self.tags.copy(),
            minutes=self.minutes.copy(),
            splits=self.splits.copy(),
            tickers=self.tickers.copy(),
            own=self.own.copy(),
        )

    def _newest_without_gap(self) -> tuple[int, ...]:
        """Returns `newest`; nothing if older code has counted an entry after it."""
        return self.newest if self.newest and self.newest[-1] == self.seq else ()

    def _add_ticker(self, item: Item) -> Counter[str]:
        name = item.ticker
        if name not in self.tickers and len(self.tickers) >= MOST_TICKERS_AN_HOUR:
            name = OTHER_TAGS
        packed = packed_ticker(item)
        self.tickers[name] += packed
        added = Counter({TICKER_PREFIX + name: packed})
        if name == OTHER_TAGS and item.ticker in item.tags:
            tag = item.ticker if item.ticker in self.tags else OTHER_TAGS
            self.own[tag] += 1
            added[OWN_PREFIX + tag] += 1
        return added

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
        """Reads a record. Raises KeyError or ValueError for one that is none of ours."""
        hourly = cls(scope=scope_of(record), seq=int(record["seq"]["N"]))
        for name, value in record.items():
            kind, _, what = name.partition("#")
            if name in SENTIMENTS:
                hourly.sentiments[name] = int(value["N"])
            elif kind == "tag":
                hourly.tags[what] = int(value["N"])
                if what != OTHER_TAGS:
                    hourly.tag_bytes += len(what.encode())
            elif kind == "minute":
                hourly.minutes[int(what)] = int(value["N"])
            elif kind == "split":
                hourly.splits[int(what)] = whole_number(value["N"])
            elif kind == "ticker":
                hourly.tickers[what] = whole_number(value["N"])
            elif kind == "own":
                hourly.own[what] = int(value["N"])
            elif name == "newest":
                hourly.newest = tuple([int(seq) for seq in value["S"].split()])
        return hourly


def readable(records: Iterable[Record]) -> Iterator[tuple[Record, "HourlyMetrics"]]:
    """Yields the records that are ours, with what they tell.

    One that somebody else has changed counts nothing more: publishers note it at each entry.
    """
    for record in records:
        try:
            yield record, HourlyMetrics.from_record(record)
        except UNREADABLE:
            continue


def scope_of(record: Record) -> str:
    """Returns the scope of an hourly record."""
    if "PK" not in record:
        return ALL_TICKERS
    partition: str = record["PK"]["S"]
    return partition.rpartition("#")[2]


def born_expired(hour: str, now_s: float) -> bool:
    """Whether a record of this hour would be past its time to live when it is first written."""
    return hour_expires_at(hour) <= now_s


def hour_expires_at(hour: str) -> int:
    """Returns the end of the record's time to live, in epoch seconds."""
    return hour_start(hour) + HOUR_S + KEPT_S


def metrics_partition(epoch: str, scope: str) -> str:
    return f"METRICS#{epoch}#{scope}"


def metrics_update(
    at: Key, seq: int, added: Mapping[str, int], newest: Sequence[int] = ()
) -> Action:
    """Returns the action that adds these counts to one hourly record, counted up to `seq`.

    `newest`: the numbers of its newest entries, if the record keeps them.
    """
    _, hour = at
    aliases = {value: f":{index}" for index, value in enumerate(dict.fromkeys(added.values()))}
    names = {f"#{index}": name for index, name in enumerate(added)}
    values: Record = {alias: {"N": str(value)} for value, alias in aliases.items()}
    additions = ", ".join(f"{name} {aliases[added[names[name]]]}" for name in names)
    kept = "seq = :seq, expires_at = :expires_at"
    values[":seq"] = {"N": str(seq)}
    values[":expires_at"] = {"N": str(hour_expires_at(hour))}
    if newest:
        kept += ", newest = :newest"
        values[":newest"] = {"S": " ".join(map(str, newest))}
    return update_action(at, f"ADD {additions} SET {kept}", values=values, names=names)
