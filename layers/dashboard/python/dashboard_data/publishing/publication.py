"""Which one transaction gives these items their numbers, feed entries and metrics? Pure.

Limits of a transaction and of an expression:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from dashboard_data.dynamodb import ABSENT, Action, key, put_action, text, update_action
from dashboard_data.feed.cursor import Cursor
from dashboard_data.feed.feed import FeedEntry, entry_record
from dashboard_data.feed.head import HEAD_KEY, Head
from dashboard_data.feed.item import Item
from dashboard_data.hourly import ALL_TICKERS, HourlyMetrics, metrics_partition, metrics_update
from dashboard_data.times import DAY_S, hour_and_minute

MOST_ACTIONS = 100
MOST_COUNTERS = 200  # in one hourly record's expression: about 2.5 of the 4 KB it may have
MARK_KEPT_S = 7 * DAY_S

ScopeHour = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Publication:
    """The actions of one transaction.

    `marks` and `hours` say what an action is for, by its place: an item's mark, or an hour of a
    scope. `head` is the head once the transaction is done.
    """

    items: tuple[Item, ...]
    head: Head
    actions: list[Action]
    marks: dict[int, Item] = field(default_factory=dict)
    hours: dict[int, ScopeHour] = field(default_factory=dict)


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Yields the items in order, as many at a time as one transaction bears."""
    batch: list[Item] = []
    for item in items:
        if batch and not _fits([*batch, item]):
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch


def publication(
    head: Head,
    items: Sequence[Item],
    now_s: float,
    folded: frozenset[ScopeHour] = frozenset(),
) -> Publication:
    """Numbers the items from `head` on.

    `folded` names the hours whose records have no room for more tags.
    """
    result = Publication(
        items=tuple(items),
        head=head._replace(seq=head.seq + len(items)),
        actions=[head_update(head, len(items))],
    )
    entries = [FeedEntry(seq, item) for seq, item in enumerate(items, head.seq + 1)]
    for entry in entries:
        result.marks[len(result.actions)] = entry.item
        result.actions.append(mark_put(entry, now_s))
        record = entry_record(Cursor(head.epoch, entry.seq), entry.item, now_s)
        result.actions.append(put_action(record))
    for (scope, hour), hourly in _by_hour(entries).items():
        result.hours[len(result.actions)] = scope, hour
        added = hourly.counters(fold_tags=(scope, hour) in folded)
        at = metrics_partition(head.epoch, scope), hour
        result.actions.append(metrics_update(at, hourly.seq, added))
    return result


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


def mark_put(entry: FeedEntry, now_s: float) -> Action:
    """Returns the action that marks an item as published, if it is not marked yet.

    The mark is a record of its own, not an attribute of the item: a producer who writes the item
    again erases nothing.
    """
    mark = key(f"ITEM#{entry.item.item_id}", "PUBLISHED") | {
        "seq": {"N": str(entry.seq)},
        "expires_at": {"N": str(int(now_s) + MARK_KEPT_S)},
    }
    return put_action(mark, condition=ABSENT)


def _fits(items: Sequence[Item]) -> bool:
    hours = _by_hour([FeedEntry(0, item) for item in items])
    if 1 + 2 * len(items) + len(hours) > MOST_ACTIONS:
        return False
    return all(len(hourly.counters()) <= MOST_COUNTERS for hourly in hours.values())


def _by_hour(entries: Iterable[FeedEntry]) -> dict[ScopeHour, HourlyMetrics]:
    hours: dict[ScopeHour, HourlyMetrics] = {}
    for entry in entries:
        hour, _ = hour_and_minute(entry.item.timestamp)
        for scope in (ALL_TICKERS, entry.item.ticker):
            hours.setdefault((scope, hour), HourlyMetrics()).add(entry)
    return hours
