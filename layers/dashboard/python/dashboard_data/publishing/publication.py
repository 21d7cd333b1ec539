"""Which one transaction gives these items their numbers, their feed entries and their place in the metrics? Pure.

Limits of a transaction and of an expression: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from dashboard_data.dynamodb import key, text
from dashboard_data.feed.cursor import Cursor
from dashboard_data.feed.feed import FeedEntry, entry_record
from dashboard_data.feed.head import HEAD_KEY, Head
from dashboard_data.feed.item import Item
from dashboard_data.hourly import counters, counting, metrics_partition
from dashboard_data.metrics import ALL_TICKERS, HourlyMetrics
from dashboard_data.times import DAY_S, hour_and_minute

MOST_ACTIONS = 100
MOST_COUNTERS = 200  # in one hourly record's expression: about 2.5 of the 4 KB it may have
MARK_KEPT_S = 7 * DAY_S

ScopeHour = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Publication:
    """The actions of one transaction, and what each of them is for: an item's mark, or an hour of a scope."""

    items: tuple[Item, ...]
    head: Head  # as it is once the transaction is through
    actions: list[dict[str, Any]]
    marks: dict[int, Item] = field(default_factory=dict)
    hours: dict[int, ScopeHour] = field(default_factory=dict)


def chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """In order, as many items at a time as one transaction bears."""
    chunk: list[Item] = []
    for item in items:
        if chunk and not _fits([*chunk, item]):
            yield chunk
            chunk = []
        chunk.append(item)
    if chunk:
        yield chunk


def publication(
    table: str, head: Head, items: Sequence[Item], now: float, folded: frozenset[ScopeHour] = frozenset()
) -> Publication:
    """Numbers the items from `head` on. `folded` names the hours whose records have no room for more tags."""
    result = Publication(tuple(items), head._replace(seq=head.seq + len(items)), [_moving(table, head, len(items))])
    entries = [FeedEntry(seq, item) for seq, item in enumerate(items, head.seq + 1)]
    for entry in entries:
        result.marks[len(result.actions)] = entry.item
        result.actions.append(_marking(table, entry, now))
        record = entry_record(Cursor(head.epoch, entry.seq), entry.item, now)
        result.actions.append({"Put": {"TableName": table, "Item": record}})
    for (scope, hour), hourly in _by_hour(entries).items():
        result.hours[len(result.actions)] = scope, hour
        added = counters(hourly, fold_tags=(scope, hour) in folded)
        result.actions.append(counting(table, metrics_partition(head.epoch, scope), hour, hourly.seq, added))
    return result


def _fits(items: Sequence[Item]) -> bool:
    hours = _by_hour([FeedEntry(0, item) for item in items])
    return 1 + 2 * len(items) + len(hours) <= MOST_ACTIONS and all(
        len(counters(hourly)) <= MOST_COUNTERS for hourly in hours.values()
    )


def _by_hour(entries: Iterable[FeedEntry]) -> dict[ScopeHour, HourlyMetrics]:
    hours: dict[ScopeHour, HourlyMetrics] = {}
    for entry in entries:
        hour = hour_and_minute(entry.item.timestamp)[0]
        for scope in (ALL_TICKERS, entry.item.ticker):
            hours.setdefault((scope, hour), HourlyMetrics()).add(entry)
    return hours


def _moving(table: str, head: Head, count: int) -> dict[str, Any]:
    return {
        "Update": {
            "TableName": table,
            "Key": HEAD_KEY,
            "UpdateExpression": "SET seq = :next",
            "ConditionExpression": "epoch = :epoch AND seq = :seq",
            "ExpressionAttributeValues": {
                ":epoch": text(head.epoch),
                ":seq": {"N": str(head.seq)},
                ":next": {"N": str(head.seq + count)},
            },
        }
    }


def _marking(table: str, entry: FeedEntry, now: float) -> dict[str, Any]:
    """A record of its own, not an attribute of the item: a producer who writes the item again erases nothing."""
    mark = key(f"ITEM#{entry.item.item_id}", "PUBLISHED") | {
        "seq": {"N": str(entry.seq)},
        "expires_at": {"N": str(int(now) + MARK_KEPT_S)},
    }
    return {"Put": {"TableName": table, "Item": mark, "ConditionExpression": "attribute_not_exists(PK)"}}
