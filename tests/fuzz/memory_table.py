"""A DynamoDB client that keeps records in a dict: a thousand times quicker than a server.

It knows what the service asks for and no more: conditions hold unless they say that a record must
exist or must not, and updates change nothing but what is set.
"""

import copy
import re
from typing import Any

from tests.support.fakes import TableError

Record = dict[str, Any]
_SET = re.compile(r"(#?\w+) = (:\w+)")


class MemoryClient:
    def __init__(self) -> None:
        self.records: dict[tuple[str, str], Record] = {}
        self.fails = False

    def get_item(self, *, Key: Record, **_: Any) -> dict[str, Any]:
        self._require_table()
        record = self.records.get(_at(Key))
        return {} if record is None else {"Item": record}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:
        self._require_table()
        found = {}
        for table, wanted in RequestItems.items():
            keys = map(_at, wanted["Keys"])
            found[table] = [self.records[at] for at in keys if at in self.records]
        return {"Responses": found, "UnprocessedKeys": {}}

    def query(
        self,
        *,
        KeyConditionExpression: str,
        ExpressionAttributeValues: Record,
        ScanIndexForward: bool = True,
        Limit: int = 1_000,
        **_: Any,
    ) -> dict[str, Any]:
        self._require_table()
        names = re.findall(r":\w+", KeyConditionExpression)
        partition, *bounds = [ExpressionAttributeValues[name]["S"] for name in names]
        found = sorted(sort for pk, sort in self.records if pk == partition)
        if "begins_with" in KeyConditionExpression:
            found = [sort for sort in found if sort.startswith(bounds[0])]
        elif "BETWEEN" in KeyConditionExpression:
            found = [sort for sort in found if bounds[0] <= sort <= bounds[1]]
        elif ">" in KeyConditionExpression:
            found = [sort for sort in found if sort > bounds[0]]
        if not ScanIndexForward:
            found.reverse()
        page = {"Items": [self.records[partition, sort] for sort in found[:Limit]]}
        if len(found) > Limit:
            page["LastEvaluatedKey"] = [{}]
        return page

    def put_item(self, *, Item: Record, ConditionExpression: str = "", **_: Any) -> dict[str, Any]:
        self._require_table()
        self._require(_at(Item), ConditionExpression)
        self.records[_at(Item)] = copy.copy(Item)
        return {}

    def delete_item(self, *, Key: Record, **_: Any) -> dict[str, Any]:
        self._require_table()
        self.records.pop(_at(Key), None)
        return {}

    def update_item(
        self,
        *,
        Key: Record,
        UpdateExpression: str,
        ExpressionAttributeValues: Record,
        ConditionExpression: str = "",
        ExpressionAttributeNames: dict[str, str] | None = None,
        **_: Any,
    ) -> dict[str, Any]:
        self._require_table()
        self._require(_at(Key), ConditionExpression)
        record = self.records.setdefault(_at(Key), copy.copy(Key))
        for name, value in _SET.findall(UpdateExpression):
            real = (ExpressionAttributeNames or {}).get(name, name)
            record[real] = ExpressionAttributeValues[value]
        return {"Attributes": record}

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> dict[str, Any]:
        self._require_table()
        calls = {"Put": self.put_item, "Delete": self.delete_item, "Update": self.update_item}
        for item in TransactItems:
            for kind, fields in item.items():
                if kind in calls:
                    calls[kind](**fields)
        return {}

    def _require(self, at: tuple[str, str], condition: str) -> None:
        there = at in self.records
        if "attribute_not_exists(PK)" in condition and there and " OR " not in condition:
            raise TableError("ConditionalCheckFailedException")
        if condition.startswith("attribute_exists(PK)") and not there:
            raise TableError("ConditionalCheckFailedException")

    def _require_table(self) -> None:
        if self.fails:
            raise TableError("InternalServerError")


def _at(record: Record) -> tuple[str, str]:
    return record["PK"]["S"], record["SK"]["S"]
