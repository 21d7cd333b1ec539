"""Which one transaction gives these items their numbers, feed entries and metrics? Pure.

Limits of a transaction and of an expression:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
The 4 MB that a transaction may have cannot be reached: an entry has less than 40 KB, an hourly
record less than 35 KB.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dashboard_data.dynamodb import ABSENT, Action, Record, key, put_action, text, update_action
from dashboard_data.feed.feed import FeedEntry, entry_record
from dashboard_data.feed.head import HEAD_KEY, Head
from dashboard_data.feed.item import Item
from dashboard_data.hourly import (
    ALL_TICKERS,
    HourlyMetrics,
    born_expired,
    metrics_partition,
    metrics_update,
)
from dashboard_data.times import DAY_S, hour_and_minute

MOST_ACTIONS = 100
MOST_COUNTERS = 200  # in one hourly record's expression: about 2.5 of the 4 KB it may have
# docs/contract.md: the same id written twice within 7 days is one item. The mark lives longer,
# because an item that changes after it was published is not published again.
NEW_AGAIN_S = 7 * DAY_S
MARK_KEPT_S = 400 * DAY_S

ScopeHour = tuple[str, str]
Hours = Mapping[ScopeHour, HourlyMetrics]


@dataclass(frozen=True, slots=True)
class Publication:
    """The actions of one transaction, and what is so once it is done.

    `marks` and `counted` say what an action is for, by its place: an item's mark, or an hour of a
    scope. `head` and `hours` are the head and the hourly records then. `uncounted` is the number of
    items that some record does not count.
    """

    items: tuple[Item, ...]
    head: Head
    actions: list[Action]
    marks: dict[int, Item] = field(default_factory=dict)
    counted: dict[int, ScopeHour] = field(default_factory=dict)
    hours: dict[ScopeHour, HourlyMetrics] = field(default_factory=dict)
    uncounted: int = 0


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Yields the items in order, as many at a time as one transaction bears."""
    load = _Load()
    for item in items:
        if not load.take(item):
            yield load.items
            load = _Load()
            load.take(item)
    if load.items:
        yield load.items


def publication(
    head: Head,
    hours: Hours,
    items: Sequence[Item],
    now_s: float,
    *,
    changed: Collection[str] = (),
    uncountable: Collection[ScopeHour] = (),
) -> Publication:
    """Numbers the items from `head` on, and adds them to the hourly records `hours`.

    `hours` has the records of all hours of these items, as they are at `head`; a missing one does
    not exist. `changed`: ids of items that had been written before. `uncountable`: the hours whose
    records cannot be written.
    """
    entries = [
        FeedEntry(seq, item, _uncounted_scopes(item, uncountable))
        for seq, item in enumerate(items, head.seq + 1)
    ]
    result = Publication(
        items=tuple(items),
        head=head._replace(seq=head.seq + len(items)),
        actions=[head_update(head, len(items))],
        uncounted=sum(bool(entry.uncounted) for entry in entries),
    )
    for entry in entries:
        result.marks[len(result.actions)] = entry.item
        changes = entry.item.item_id in changed
        result.actions.append(mark_put(entry, now_s, changes=changes))
        result.actions.append(put_action(entry_record(head.epoch, entry, now_s)))
    additions: dict[ScopeHour, Counter[str]] = {}
    for entry in entries:
        for at in countable_hours(entry.item, now_s):
            if at in uncountable:
                continue
            if at not in result.hours:
                result.hours[at] = hours[at].copy() if at in hours else HourlyMetrics(at[0])
            additions.setdefault(at, Counter()).update(result.hours[at].add(entry))
    for at, added in additions.items():
        scope, hour = at
        result.counted[len(result.actions)] = at
        record_key = metrics_partition(head.epoch, scope), hour
        hourly = result.hours[at]
        result.actions.append(metrics_update(record_key, hourly.seq, added, hourly.newest))
    return result


def countable_hours(item: Item, now_s: float) -> tuple[ScopeHour, ...]:
    """Returns the hourly records that count this item: none if it is too old to be shown."""
    hours = hours_of(item)
    _, hour = hours[0]
    if born_expired(hour, now_s):
        return ()
    return hours


def hours_of(item: Item) -> tuple[ScopeHour, ...]:
    hour, _ = hour_and_minute(item.timestamp)
    return (ALL_TICKERS, hour), (item.ticker, hour)


def head_update(head: Head, count: int) -> Action:
    """Returns the action that moves the head on, if nobody has moved it meanwhile."""
    return update_action(
        HEAD_KEY,
        "SET seq = :next",
        condition="epoch = :epoch AND seq = :seq",
        values={
            ":epoch": text(head.epoch),
            ":seq": {"N": str(head.seq)},
            ":next": {"N": str(head.seq + count)},
        },
    )


def mark_put(entry: FeedEntry, now_s: float, *, changes: bool) -> Action:
    """Returns the action that marks an item as published, on condition that it is new.

    One that `changes` an item that had been written before is new if it was never published.
    Otherwise it is new again after some days. The mark is a record of its own, not an attribute of
    the item: a producer who writes the item again erases nothing.
    """
    mark = key(*mark_key(entry.item.item_id)) | {
        "seq": {"N": str(entry.seq)},
        "published_at": {"N": str(int(now_s))},
        "expires_at": {"N": str(int(now_s) + MARK_KEPT_S)},
    }
    if changes:
        return put_action(mark, condition=ABSENT)
    long_ago: Record = {":long_ago": {"N": str(int(now_s) - NEW_AGAIN_S)}}
    return put_action(mark, condition=f"{ABSENT} OR published_at < :long_ago", values=long_ago)


def mark_key(item_id: str) -> tuple[str, str]:
    return f"ITEM#{item_id}", "PUBLISHED"


def _uncounted_scopes(item: Item, uncountable: Collection[ScopeHour]) -> frozenset[str]:
    return frozenset([scope for scope, hour in hours_of(item) if (scope, hour) in uncountable])


class _Load:
    """The items of one transaction, and the counters that they add to."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._counters: dict[ScopeHour, set[str]] = {}

    def take(self, item: Item) -> bool:
        """Takes the item, unless the transaction has no room for it beside others."""
        _, minute = hour_and_minute(item.timestamp)
        names = {
            f"sentiment {item.sentiment}",
            f"minute {minute}",
            f"split {minute}",
            f"ticker {item.ticker}",
            f"own {item.ticker}",
            *[f"tag {tag}" for tag in item.tags],
        }
        counters = self._counters | {
            at: self._counters.get(at, set()) | names for at in hours_of(item)
        }
        actions = 1 + 2 * (len(self.items) + 1) + len(counters)
        fits = actions <= MOST_ACTIONS and all(
            len(each) <= MOST_COUNTERS for each in counters.values()
        )
        if self.items and not fits:
            return False
        self.items.append(item)
        self._counters = counters
        return True
