"""Which of these records are there? Any number of keys, as few requests as can be."""

from collections.abc import Collection
from typing import Any, Protocol

from dashboard_data.dynamodb import Record, key

MOST_KEYS = 100  # of one BatchGetItem

Key = tuple[str, str]  # PK, SK


class Throttled(Exception):
    """The table left keys unread, twice."""


class Records(Protocol):
    def read(self, keys: Collection[Key], *, consistent: bool = False) -> dict[Key, Record]:
        """The records that exist. Half a read unit each, one if `consistent`."""
        ...


class DynamoDbRecords:
    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def read(self, keys: Collection[Key], *, consistent: bool = False) -> dict[Key, Record]:
        """Raises Throttled, or what the client raises, rather than answer for a record that was not read."""
        found: dict[Key, Record] = {}
        ordered = sorted(set(keys))
        for start in range(0, len(ordered), MOST_KEYS):
            wanted = [key(*each) for each in ordered[start : start + MOST_KEYS]]
            for record in self._read_batch(wanted, consistent):
                found[record["PK"]["S"], record["SK"]["S"]] = record
        return found

    def _read_batch(self, wanted: list[Record], consistent: bool) -> list[Record]:
        records: list[Record] = []
        for _ in range(2):
            request = {self._table: {"Keys": wanted, "ConsistentRead": consistent}}
            answer = self._client.batch_get_item(RequestItems=request)
            records += answer["Responses"].get(self._table, [])
            wanted = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            if not wanted:
                return records
        raise Throttled("keys left unread")
