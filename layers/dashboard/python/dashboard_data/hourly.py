"""How do hourly metrics lie in the table, and how is a window of them read?"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from dashboard_data.dynamodb import Clock, Record, key, query_all, text
from dashboard_data.metrics import MINUTE_PREFIX, TAG_PREFIX, WINDOW_HOURS, HourlyMetrics, MetricsWindow
from dashboard_data.times import HOUR_S, hour_start, hour_text

KEPT_S = 26 * HOUR_S  # after the hour's end: the window, and time for clocks that differ
OTHER_TAGS = "(other)"


class DynamoDbMetrics:
    def __init__(self, client: Any, table: str, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def window(self, epoch: str, scopes: Iterable[str]) -> MetricsWindow:
        """One consistent Query for each scope: the records must know whatever the position read before them knows."""
        window_scopes = tuple(scopes)
        oldest = hour_text(self._clock() - (WINDOW_HOURS - 1) * HOUR_S)
        records = [record for scope in window_scopes for record in self._since(oldest, epoch, scope)]
        return MetricsWindow(window_scopes, records)

    def _since(self, oldest: str, epoch: str, scope: str) -> Iterable[Record]:
        return query_all(
            self._client,
            TableName=self._table,
            KeyConditionExpression="PK = :scope AND SK >= :oldest",
            ExpressionAttributeValues={":scope": text(metrics_partition(epoch, scope)), ":oldest": text(oldest)},
            ConsistentRead=True,
        )


def metrics_partition(epoch: str, scope: str) -> str:
    return f"METRICS#{epoch}#{scope}"


def counters(hourly: HourlyMetrics, *, fold_tags: bool = False) -> Counter[str]:
    """The attributes to add to. `fold_tags` counts all tags as one, for a record that has no room for more of them."""
    tags = Counter({OTHER_TAGS: hourly.tags.total()}) if fold_tags else hourly.tags
    return Counter(
        {
            **hourly.sentiments,
            **{f"{TAG_PREFIX}{tag}": count for tag, count in tags.items()},
            **{f"{MINUTE_PREFIX}{minute:02d}": count for minute, count in hourly.minutes.items()},
        }
    )


def counting(table: str, partition: str, hour: str, seq: int, added: Counter[str]) -> dict[str, Any]:
    """The action of a transaction that adds these counts to one hourly record."""
    names = {f"#{index}": name for index, name in enumerate(added)}
    values = {f":{count}": {"N": str(count)} for count in set(added.values())}
    additions = ", ".join(f"{alias} :{added[name]}" for alias, name in names.items())
    expires_at = hour_start(hour) + HOUR_S + KEPT_S
    return {
        "Update": {
            "TableName": table,
            "Key": key(partition, hour),
            "UpdateExpression": f"ADD {additions} SET seq = :seq, expires_at = :expires_at",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values | {":seq": {"N": str(seq)}, ":expires_at": {"N": str(expires_at)}},
        }
    }
