"""How do items get into the stand-in? By the service's publisher, in the process of the table.

So publishing costs the measured processes nothing, and an item's moment is that of its transaction.
"""

import base64
import time
from typing import Any

from dashboard_data import DynamoDbPublisher, Item, Table, publisher_backoff
from dashboard_data.times import utc_text

from benchmarks.table.store import Refused, Store

TICKERS = ("AAPL", "MSFT", "TSLA", "NVDA", "AMZN", "GOOG")
SENTIMENTS = ("positive", "neutral", "negative")
TABLE = "benchmark"
_HEAD_KEY = {"PK": {"S": "FEED"}, "SK": {"S": "HEAD"}}


class Failed(Exception):
    """Stands for the error that boto3 would raise. `response` is as in its ClientError."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(str(refused))
        error = {"Code": refused.kind, "Message": str(refused)}
        self.response = {"Error": error, **refused.fields}


class LocalClient:
    """A low-level DynamoDB client whose calls go to the store in this process, uncounted."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        operation = "".join(part.capitalize() for part in name.split("_"))

        def call(**body: Any) -> Any:
            counted = self._store.counted.copy()
            try:
                return _as_bytes(self._store.call(operation, _as_text(body)))
            except Refused as refused:
                raise Failed(refused) from refused
            finally:
                self._store.counted = counted

        return call


class Publishing:
    """Publishes numbered items. `committed` has the monotonic seconds of each id's transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._table = Table(LocalClient(store), TABLE)
        self._publisher = DynamoDbPublisher(
            self._table, time.time, publisher_backoff(time.sleep, lambda: 0.5)
        )
        self._number = 0
        self.committed: dict[str, float] = {}

    def publish(self, count: int) -> list[str]:
        """Publishes so many items now. Returns their ids."""
        items = [self._item() for _ in range(count)]
        outcome = self._publisher.publish(items, time.time() + 60)
        if outcome.failed:
            raise RuntimeError(f"items were not published: {outcome.failed}")
        now_s = time.monotonic()
        self.committed |= {item.item_id: now_s for item in items}
        return [item.item_id for item in items]

    def seed(self, count: int) -> None:
        """Fills the table up to `count` items: the newest by the publisher, older ones as copies.

        Each has what a published item has: its own record, its mark, its feed entry.
        """
        while self._number < min(count, 500):
            self.publish(20)
        head = self._store.get(_HEAD_KEY)
        assert head is not None
        epoch = head["epoch"]["S"]
        model = self._store.partitions[f"FEED#{epoch}#0"]["000000000001"]
        for number in range(self._number, count):
            item = f"older-{number:08d}"
            older = model["item"]["S"].replace("bench-00000001", item)
            sequence = f"{number:012d}"
            partition = {"S": f"FEED#{epoch}#older-{number // 500}"}
            entry = {**model, "PK": partition, "SK": {"S": sequence}, "item": {"S": older}}
            self._store.put(entry)
            self._store.put({"PK": {"S": f"ITEM#{item}"}, "SK": {"S": "PUBLISHED"}})

    def _item(self) -> Item:
        self._number += 1
        number = self._number
        now_s = time.time()
        return Item(
            item_id=f"bench-{number:08d}",
            ticker=TICKERS[number % len(TICKERS)],
            tags=("earnings", f"topic-{number % 20}"),
            sentiment=SENTIMENTS[number % 3],
            score=number % 100 / 100,
            timestamp=utc_text(now_s),
            written_at=now_s,
        )


def _as_text(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: _as_text(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_as_text(each) for each in value]
    return value


def _as_bytes(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"B"} and isinstance(value["B"], str):
            return {"B": base64.b64decode(value["B"])}
        return {name: _as_bytes(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_as_bytes(each) for each in value]
    return value
