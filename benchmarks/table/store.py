"""What does the table hold, what does a request change, and what does DynamoDB charge for it?"""

import copy
import time
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable
from math import ceil
from typing import Any

from benchmarks.table.expressions import Given, InvalidExpression, Item, condition, update
from benchmarks.table.throughput import Throughput
from benchmarks.table.units import READ_UNIT_BYTES, WRITE_UNIT_BYTES, size_of

PAGE_BYTES = 1 << 20  # a Query ends there
WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})
HEAD = "FEED"  # the partition of the record that every poll reads
Body = dict[str, Any]


class Refused(Exception):
    """The request fails. `kind` is DynamoDB's name of the exception."""

    def __init__(self, kind: str, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.kind = kind
        self.fields = fields


class Store:
    """One table with PK and SK. `counted` adds up requests and units since the last reset.

    `polls` are the requests that read the feed's head without strong consistency. With `limited`,
    a partition that has used up its second refuses, as DynamoDB's do.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.limited = False
        self._throughput = Throughput(clock)
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
        if self.limited:
            self._throttle(operation, body)
        try:
            return work(body)
        except InvalidExpression as error:
            raise Refused("ValidationException", str(error)) from error

    def _throttle(self, operation: str, body: Body) -> None:
        """Refuses what a partition has no units for; notes its units otherwise."""
        partitions = _partitions_of(operation, body)
        writes = operation in WRITES
        if not self._throughput.has_room(partitions, writes=writes):
            self.counted["throttled"] += 1
            if operation == "TransactWriteItems":
                raise _cancelled([{"Code": "ThrottlingError"} for _ in body["TransactItems"]])
            raise Refused("ProvisionedThroughputExceededException", "The partition is too busy")

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

    def _read(self, partition: str, size: int, consistent: bool, factor: int = 1) -> None:
        units = max(1, ceil(size / READ_UNIT_BYTES)) * (1 if consistent else 0.5) * factor
        self.counted["read_units"] += units  # type: ignore[assignment]  # halves are counted too
        self._throughput.spend(partition, read=units)

    def _written(self, partition: str, *items: Item | None, factor: int = 1) -> None:
        size = max(size_of(item) for item in items if item is not None) if any(items) else 1
        units = max(1, ceil(size / WRITE_UNIT_BYTES)) * factor
        self.counted["write_units"] += units
        self._throughput.spend(partition, written=units)

    def _get_item(self, body: Body) -> Body:
        item = self.get(body["Key"])
        self._read(body["Key"]["PK"]["S"], size_of(item or {}), body.get("ConsistentRead", False))
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
                self._read(key["PK"]["S"], size_of(item or {}), consistent)
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
            key = each["Get"]["Key"]
            item = self.get(key)
            self._read(key["PK"]["S"], size_of(item or {}), consistent=True, factor=2)
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
        partition = _partition_of(body["KeyConditionExpression"], given)
        self._read(partition, read_bytes, body.get("ConsistentRead", False))
        response: Body = {"Count": len(found), "ScannedCount": read_count}
        if body.get("Select") != "COUNT":
            response["Items"] = found
        if (more or read_count >= limit) and last is not None:
            response["LastEvaluatedKey"] = {"PK": last["PK"], "SK": last["SK"]}
        return response

    def _put_item(self, body: Body) -> Body:
        before = self.get(body["Item"])
        self._written(body["Item"]["PK"]["S"], before, body["Item"])
        _check(before, body)
        self.put(body["Item"])
        return _old(before, body)

    def _update_item(self, body: Body) -> Body:
        before = self.get(body["Key"])
        try:
            _check(before, body)
        except Refused:
            self._written(body["Key"]["PK"]["S"], before)
            raise
        after = _updated(before, body)
        self._written(body["Key"]["PK"]["S"], before, after)
        self.put(after)
        returned = body.get("ReturnValues", "NONE")
        if returned in ("ALL_NEW", "UPDATED_NEW"):
            return {"Attributes": after}
        return _old(before, body)

    def _delete_item(self, body: Body) -> Body:
        before = self.get(body["Key"])
        self._written(body["Key"]["PK"]["S"], before)
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
            key = fields.get("Key") or fields["Item"]
            before = self.get(key)
            self._written(key["PK"]["S"], before, fields.get("Item"), factor=2)
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
            raise _cancelled(reasons)
        for key, after in changes:
            if after is None:
                self.remove(key)
            else:
                self.put(after)
        return {}


def _cancelled(reasons: list[Body]) -> Refused:
    codes = ", ".join(reason["Code"] for reason in reasons)
    return Refused(
        "TransactionCanceledException",
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        CancellationReasons=reasons,
    )


def _partitions_of(operation: str, body: Body) -> set[str]:
    if operation == "Query":
        return {_partition_of(body["KeyConditionExpression"], _given(body))}
    if operation == "BatchGetItem":
        keys = [key for asked in body["RequestItems"].values() for key in asked["Keys"]]
    elif operation == "TransactWriteItems":
        actions = [fields for each in body["TransactItems"] for fields in each.values()]
        keys = [fields.get("Key") or fields["Item"] for fields in actions]
    else:
        keys = [each for each in (body.get("Key"), body.get("Item")) if each]
    return {key["PK"]["S"] for key in keys}


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
