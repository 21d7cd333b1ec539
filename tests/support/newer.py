"""A release that does not exist yet: it adds attributes to every record, and fields to entries."""

import json
from typing import Any

LATER = {
    "later": {"S": "a text"},
    "later_map": {"M": {"n": {"N": "1"}}},
    "later_set": {"NS": ["1", "2"]},
    "later#kind": {"N": "7"},
}
LATER_FIELDS = {"later": [1, {"deep": None}], "origin": "a new field"}


class NewerClient:
    """A DynamoDB client that writes as a later release might."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_item(self, **arguments: Any) -> Any:
        return self._client.put_item(**arguments | {"Item": as_later(arguments["Item"])})

    def transact_write_items(self, **arguments: Any) -> Any:
        actions = [_action_as_later(each) for each in arguments["TransactItems"]]
        return self._client.transact_write_items(**arguments | {"TransactItems": actions})


def _action_as_later(action: dict[str, Any]) -> dict[str, Any]:
    put = action.get("Put")
    return {"Put": put | {"Item": as_later(put["Item"])}} if put else action


def as_later(record: dict[str, Any]) -> dict[str, Any]:
    """Returns the record with attributes that nobody knows today."""
    later = {**record, **LATER}
    if record["PK"]["S"].startswith("FEED#") and "item" in record:
        fields = json.loads(record["item"]["S"]) | LATER_FIELDS
        later["item"] = {"S": json.dumps(fields)}
    return later


def age_every_record(client: Any, table: str) -> int:
    """Writes every record of the table as a later release would. Returns how many there were."""
    records = client.scan(TableName=table, ConsistentRead=True)["Items"]
    for record in records:
        client.put_item(TableName=table, Item=as_later(record))
    return len(records)
