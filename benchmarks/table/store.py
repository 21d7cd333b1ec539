"""What does the table hold, what does a request change, and what does DynamoDB charge for it?

Read and write units follow DynamoDB's own arithmetic:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

import copy
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable
from math import ceil
from typing import Any

from benchmarks.table.expressions import Given, InvalidExpression, Item, condition, update

READ_UNIT_BYTES = 4096
WRITE_UNIT_BYTES = 1024
PAGE_BYTES = 1 << 20  # a Query ends there
HEAD = "FEED"  # the partition of the record that every poll reads
Body = dict[str, Any]


class Refused(Exception):
    """The request fails. `kind` is DynamoDB's name of the exception."""

    def __init__(self, kind: str, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.kind = kind
        self.fields = fields


def size_of(value: Any) -> int:
    """Returns the bytes of an item, or of a value in it, about as DynamoDB counts them."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, list):
        return 3 + sum(1 + size_of(each) for each in value)
    if isinstance(value, dict):
        return sum(_size_of_member(name, each) for name, each in value.items())
    return 1


def _size_of_member(name: str, value: Any) -> int:
    if not isinstance(value, dict):
        return size_of(value)
    ((kind, content),) = value.items()
    if kind == "N":
        return len(name) + len(content) // 2 + 1
    if kind == "B":
        return len(name) + len(content) * 3 // 4
    if kind == "M":
        return len(name) + 3 + sum(1 + _size_of_member(*each) for each in content.items())
    if kind in ("L", "SS"):
        return len(name) + 3 + sum(1 + size_of(each) for each in content)
    return len(name) + size_of(content)


class Store:
    """One table with PK and SK. `counted` adds up requests and units since the last reset.

    `polls` are the requests that read the feed's head without strong consistency.
    """

    def __init__(self) -> None:
        self.partitions: dict[str, dict[str, Item]] = {}
        self._sorted: dict[str, list[str]] = {}
        self.counted: Counter[str] = Counter()
        self._operations: dict[str, Callable[[Body], Body]] = {
            "GetItem": self._get_item,
            "BatchGetItem": self._batch_get_item,
            "Query": self._query,
            "PutItem": self._put_item,
            "UpdateItem": self._update_item,
            "DeleteItem": self._delete_item,
            "TransactWriteItems": self._transact,
            "TransactGetItems": self._transact_get,
            "BatchWriteItem": self._batch_write,
            "DescribeTable": lambda body: {"Table": {"TableName": body["TableName"]}},
        }

    def call(self, operation: str, body: Body) -> Body:
        """Does one request. Raises Refused."""
        work = self._operations.get(operation)
        if work is None:
            raise Refused("UnknownOperationException", operation)
        self.counted["requests"] += 1
        self.counted[operation] += 1
        try:
            return work(body)
        except InvalidExpression as error:
            raise Refused("ValidationException", str(error)) from error

    def put(self, item: Item) -> None:
        """Puts an item without counting anything."""
        partition, sort = item["PK"]["S"], item["SK"]["S"]
        records = self.partitions.setdefault(partition, {})
        if sort not in records:
            insort(self._sorted.setdefault(partition, []), sort)
        records[sort] = item

    def get(self, key: Item) -> Item | None:
        return self.partitions.get(key["PK"]["S"], {}).get(key["SK"]["S"])

    def remove(self, key: Item) -> None:
        partition, sort = key["PK"]["S"], key["SK"]["S"]
        if self.partitions.get(partition, {}).pop(sort, None) is not None:
            names = self._sorted[partition]
            del names[bisect_left(names, sort)]

    def _read(self, size: int, consistent: bool, factor: int = 1) -> None:
        units = max(1, ceil(size / READ_UNIT_BYTES)) * (1 if consistent else 0.5) * factor
        self.counted["read_units"] += units  # type: ignore[assignment]  # halves are counted too

    def _written(self, *items: Item | None, factor: int = 1) -> None:
        size = max(size_of(item) for item in items if item is not None) if any(items) else 1
        self.counted["write_units"] += max(1, ceil(size / WRITE_UNIT_BYTES)) * factor

    def _get_item(self, body: Body) -> Body:
        item = self.get(body["Key"])
        self._read(size_of(item or {}), body.get("ConsistentRead", False))
        return {} if item is None else {"Item": item}

    def _batch_get_item(self, body: Body) -> Body:
        responses: dict[str, list[Item]] = {}
        before = self.counted["read_units"]
        polled = False
        for table, asked in body["RequestItems"].items():
            consistent = asked.get("ConsistentRead", False)
            found = responses.setdefault(table, [])
            for key in asked["Keys"]:
                item = self.get(key)
                self._read(size_of(item or {}), consistent)
                polled = polled or (key["PK"]["S"] == HEAD and not consistent)
                if item is not None:
                    found.append(item)
        if polled:
            self.counted["polls"] += 1
            self.counted["poll_units"] += self.counted["read_units"] - before
        return {"Responses": responses, "UnprocessedKeys": {}}

    def _transact_get(self, body: Body) -> Body:
        responses = []
        for each in body["TransactItems"]:
            item = self.get(each["Get"]["Key"])
            self._read(size_of(item or {}), consistent=True, factor=2)
            responses.append({} if item is None else {"Item": item})
        return {"Responses": responses}

    def _query(self, body: Body) -> Body:
        given = _given(body)
        holds = condition(body["KeyConditionExpression"])
        partition = _partition_of(body["KeyConditionExpression"], given)
        names = self._sorted.get(partition, [])
        if not body.get("ScanIndexForward", True):
            names = names[::-1]
        records = self.partitions.get(partition, {})
        start = body.get("ExclusiveStartKey")
        if start:
            reached = start["SK"]["S"]
            forward = body.get("ScanIndexForward", True)
            names = [each for each in names if (each > reached if forward else each < reached)]
        return self._page(body, given, (each for each in map(records.get, names) if each), holds)

    def _page(self, body: Body, given: Given, records: Any, holds: Any) -> Body:
        limit = body.get("Limit", 1 << 30)
        chosen = condition(body["FilterExpression"]) if "FilterExpression" in body else None
        read_bytes = 0
        read_count = 0
        found: list[Item] = []
        last: Item | None = None
        more = False
        for item in records:
            if not holds(item, given):
                continue
            if read_count >= limit or read_bytes >= PAGE_BYTES:
                more = True
                break
            read_count += 1
            read_bytes += size_of(item)
            last = item
            if chosen is None or chosen(item, given):
                found.append(item)
        self._read(read_bytes, body.get("ConsistentRead", False))
        response: Body = {"Count": len(found), "ScannedCount": read_count}
        if body.get("Select") != "COUNT":
            response["Items"] = found
        if (more or read_count >= limit) and last is not None:
            response["LastEvaluatedKey"] = {"PK": last["PK"], "SK": last["SK"]}
        return response

    def _put_item(self, body: Body) -> Body:
        before = self.get(body["Item"])
        self._written(before, body["Item"])
        _check(before, body)
        self.put(body["Item"])
        return _old(before, body)

    def _update_item(self, body: Body) -> Body:
        before = self.get(body["Key"])
        try:
            _check(before, body)
        except Refused:
            self._written(before)
            raise
        after = _updated(before, body)
        self._written(before, after)
        self.put(after)
        returned = body.get("ReturnValues", "NONE")
        if returned in ("ALL_NEW", "UPDATED_NEW"):
            return {"Attributes": after}
        return _old(before, body)

    def _delete_item(self, body: Body) -> Body:
        before = self.get(body["Key"])
        self._written(before)
        _check(before, body)
        self.remove(body["Key"])
        return _old(before, body)

    def _batch_write(self, body: Body) -> Body:
        for requests in body["RequestItems"].values():
            for each in requests:
                if "PutRequest" in each:
                    self._put_item(each["PutRequest"])
                else:
                    self._delete_item(each["DeleteRequest"])
        return {"UnprocessedItems": {}}

    def _transact(self, body: Body) -> Body:
        actions = [next(iter(each.items())) for each in body["TransactItems"]]
        reasons: list[Body] = []
        changes: list[tuple[Item, Item | None]] = []
        for kind, fields in actions:
            before = self.get(fields.get("Key") or fields["Item"])
            self._written(before, fields.get("Item"), factor=2)
            try:
                _check(before, fields)
            except Refused:
                reasons.append(
                    {"Code": "ConditionalCheckFailed", "Message": "The condition failed"}
                )
                continue
            reasons.append({"Code": "None"})
            if kind == "Put":
                changes.append((fields["Item"], fields["Item"]))
            elif kind == "Update":
                changes.append((fields["Key"], _updated(before, fields)))
            elif kind == "Delete":
                changes.append((fields["Key"], None))
        if any(reason["Code"] != "None" for reason in reasons):
            codes = ", ".join(reason["Code"] for reason in reasons)
            raise Refused(
                "TransactionCanceledException",
                "Transaction cancelled, please refer cancellation reasons for specific reasons "
                f"[{codes}]",
                CancellationReasons=reasons,
            )
        for key, after in changes:
            if after is None:
                self.remove(key)
            else:
                self.put(after)
        return {}


def _given(body: Body) -> Given:
    return Given(
        body.get("ExpressionAttributeNames", {}), body.get("ExpressionAttributeValues", {})
    )


def _partition_of(expression: str, given: Given) -> str:
    """Returns the partition of a key condition, which always says `PK = :value`."""
    name, _, rest = expression.partition("=")
    if given.names.get(name.strip(), name.strip()) != "PK":
        raise InvalidExpression("a key condition begins with PK = :value")
    partition: str = given.values[rest.split()[0]]["S"]
    return partition


def _check(item: Item | None, body: Body) -> None:
    text = body.get("ConditionExpression")
    if text and not condition(text)(item or {}, _given(body)):
        raise Refused("ConditionalCheckFailedException", "The conditional request failed")


def _updated(before: Item | None, body: Body) -> Item:
    after = copy.deepcopy(before) if before else dict(body["Key"])
    if "UpdateExpression" in body:
        update(body["UpdateExpression"])(before or {}, after, _given(body))
    return after


def _old(before: Item | None, body: Body) -> Body:
    if body.get("ReturnValues") == "ALL_OLD" and before:
        return {"Attributes": before}
    return {}
