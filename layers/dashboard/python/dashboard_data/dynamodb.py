"""How is the table read and written? The handle for it, and the attribute values in its records.

The codecs are small functions of our own: ten times faster than boto3's TypeDeserializer, without
Decimal, and without an import of boto3.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

Read = TypeVar("Read")
Record = dict[str, dict[str, Any]]
Key = tuple[str, str]  # PK, SK
Action = dict[str, dict[str, Any]]  # one action of a transaction, without the table's name
Clock = Callable[[], float]  # epoch seconds

MOST_KEYS = 100  # in one BatchGetItem
CONDITION_FAILED = "ConditionalCheckFailed"
PRESENT = "attribute_exists(PK)"
ABSENT = "attribute_not_exists(PK)"


# Raised by reading a record that somebody has damaged, or that is of another layout.
UNREADABLE = (AttributeError, KeyError, OverflowError, TypeError, ValueError)


class Throttled(Exception):
    """The table left keys unread, or did not take a write, at every try."""


class Cancelled(NamedTuple):
    """Why a transaction changed nothing.

    `codes` has one code for each of its actions, "None" for those that would have passed; `error`
    is what the client raised.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
    """

    codes: tuple[str, ...]
    error: Exception

    @property
    def reasons(self) -> frozenset[str]:
        return frozenset(self.codes) - {"None"}


class Page(NamedTuple):
    """One response to a Query. `more`: it ended at a limit, and there may be more records."""

    records: list[Record]
    more: bool


class Table:
    """A DynamoDB table: the only place that names it in a request. Threads may share one.

    `client` is a low-level boto3 client. Methods raise what it raises, unless they say otherwise.
    `batch_tries`: how often keys are asked for that the table leaves unread. `unreadable` is told
    of each record that cannot be read, by its kind, such as FEED or USER.
    """

    def __init__(
        self,
        client: Any,
        name: str,
        *,
        batch_tries: int = 2,
        unreadable: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._client = client
        self._name = name
        self._batch_tries = batch_tries
        self._unreadable = unreadable

    def readable(
        self, records: Iterable[Record], read: Callable[[Record], Read | None]
    ) -> Iterator[Read]:
        """Yields what `read` makes of these records, without None and without unreadable ones.

        So one record that somebody has damaged is missing, and takes no other with it.
        """
        for record in records:
            try:
                made = read(record)
            except UNREADABLE:
                self._unreadable(record["PK"]["S"].partition("#")[0])
                continue
            if made is not None:
                yield made

    def get(self, at: Key) -> Record | None:
        """Returns the record, read consistently; None if there is none."""
        response = self._client.get_item(TableName=self._name, Key=key(*at), ConsistentRead=True)
        record: Record | None = response.get("Item")
        return record

    def get_many(self, keys: Collection[Key], *, consistent: bool = False) -> dict[Key, Record]:
        """Returns the records that exist. Each costs half a read unit, one if `consistent`.

        Raises Throttled rather than say that an unread record does not exist.
        """
        found: dict[Key, Record] = {}
        ordered = sorted(set(keys))
        for start in range(0, len(ordered), MOST_KEYS):
            wanted = [key(*each) for each in ordered[start : start + MOST_KEYS]]
            for record in self._get_batch(wanted, consistent):
                found[key_of(record)] = record
        return found

    def query(self, condition: str, values: Record, **options: Any) -> Iterator[Record]:
        """Yields every record of a Query, page after page, read consistently."""
        options["ConsistentRead"] = True
        while True:
            response = self._query(condition, values, options)
            yield from response["Items"]
            if "LastEvaluatedKey" not in response:
                return
            options["ExclusiveStartKey"] = response["LastEvaluatedKey"]

    def query_page(self, condition: str, values: Record, **options: Any) -> Page:
        """Returns one page of a Query. `options` are DynamoDB's own, such as `Limit`."""
        response = self._query(condition, values, options)
        return Page(response["Items"], "LastEvaluatedKey" in response)

    def put(self, record: Record, *, condition: str | None = None) -> bool:
        """Writes a whole record. Returns False if `condition` does not hold."""
        try:
            self._client.put_item(
                TableName=self._name, Item=record, **_conditional(condition, values=None)
            )
        except Exception as error:
            if not condition_failed(error):
                raise
            return False
        return True

    def update(
        self,
        at: Key,
        expression: str,
        *,
        values: Record,
        condition: str | None = None,
        names: Mapping[str, str] | None = None,
    ) -> Record | None:
        """Changes one record, and returns it as it is then; None if `condition` does not hold.

        Without a condition it makes the record if there is none.
        """
        named = {} if names is None else {"ExpressionAttributeNames": dict(names)}
        try:
            response = self._client.update_item(
                TableName=self._name,
                Key=key(*at),
                UpdateExpression=expression,
                ReturnValues="ALL_NEW",
                **_conditional(condition, values),
                **named,
            )
        except Exception as error:
            if not condition_failed(error):
                raise
            return None
        # Deleting from a record that is not there changes nothing, and says nothing.
        changed: Record = response.get("Attributes", {})
        return changed

    def delete(
        self, at: Key, *, condition: str | None = None, values: Record | None = None
    ) -> bool:
        """Deletes the record, if there is one. Returns False if `condition` does not hold."""
        try:
            self._client.delete_item(
                TableName=self._name, Key=key(*at), **_conditional(condition, values)
            )
        except Exception as error:
            if not condition_failed(error):
                raise
            return False
        return True

    def transact(self, actions: Sequence[Action]) -> Cancelled | None:
        """Does all of the actions, or none: then it returns why."""
        try:
            self._client.transact_write_items(TransactItems=[self._named(each) for each in actions])
        except Exception as error:
            codes = cancellation_codes(error)
            if codes is None:
                raise
            return Cancelled(codes, error)
        return None

    def rehearse_writes(self) -> None:
        """Has the client work out how its writes look, as it does at the first of each kind.

        Nothing is sent: signing a URL, which is thrown away, goes the same way up to the network.
        """
        at = ("any", "any")
        put = self._named(put_action(key(*at), condition=ABSENT))
        values = {":value": text("any")}
        update = self._named(update_action(at, "SET a = :value", condition=ABSENT, values=values))
        for operation, parameters in (
            ("put_item", put["Put"]),
            ("update_item", update["Update"]),
            ("transact_write_items", {"TransactItems": [put, update]}),
        ):
            self._client.generate_presigned_url(ClientMethod=operation, Params=parameters)

    def _named(self, action: Action) -> dict[str, Any]:
        return {kind: {"TableName": self._name, **fields} for kind, fields in action.items()}

    def _query(self, condition: str, values: Record, options: Mapping[str, Any]) -> dict[str, Any]:
        response: dict[str, Any] = self._client.query(
            TableName=self._name,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            **options,
        )
        return response

    def _get_batch(self, wanted: list[Record], consistent: bool) -> list[Record]:
        records: list[Record] = []
        for _ in range(self._batch_tries):
            request = {self._name: {"Keys": wanted, "ConsistentRead": consistent}}
            response = self._client.batch_get_item(RequestItems=request)
            records += response["Responses"].get(self._name, [])
            wanted = response.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
            if not wanted:
                return records
        raise Throttled("keys left unread")


def put_action(record: Record, *, condition: str | None = None, values: Any = None) -> Action:
    """Returns the action of a transaction that writes a whole record."""
    return {"Put": {"Item": record, **_conditional(condition, values)}}


def delete_action(at: Key, *, condition: str, values: Any = None) -> Action:
    """Returns the action of a transaction that deletes a record."""
    return {"Delete": {"Key": key(*at), **_conditional(condition, values)}}


def update_action(
    at: Key,
    expression: str,
    *,
    values: Record,
    condition: str | None = None,
    names: Mapping[str, str] | None = None,
) -> Action:
    """Returns the action of a transaction that changes one record."""
    fields: dict[str, Any] = {"Key": key(*at), "UpdateExpression": expression}
    if names:
        fields["ExpressionAttributeNames"] = dict(names)
    return {"Update": {**fields, **_conditional(condition, values)}}


def _conditional(condition: str | None, values: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if condition is not None:
        fields["ConditionExpression"] = condition
    if values:
        fields["ExpressionAttributeValues"] = values
    return fields


def text(value: str) -> dict[str, str]:
    return {"S": value}


def number(value: float) -> dict[str, str]:
    return {"N": repr(value)}


def texts(values: Collection[str]) -> dict[str, list[dict[str, str]]]:
    return {"L": [{"S": value} for value in values]}


def text_set(values: Iterable[str]) -> dict[str, list[str]]:
    """Writes a set, which must not be empty."""
    return {"SS": sorted(values)}


def number_set(values: Iterable[int]) -> dict[str, list[str]]:
    """Writes a set, which must not be empty."""
    return {"NS": [repr(value) for value in sorted(values)]}


def key(partition: str, sort: str) -> Record:
    return {"PK": {"S": partition}, "SK": {"S": sort}}


def key_of(record: Record) -> Key:
    return record["PK"]["S"], record["SK"]["S"]


def expired(record: Record, now_s: float) -> bool:
    """Whether the record's time to live is over. DynamoDB sweeps expired records late."""
    expires_at = record.get("expires_at")
    return expires_at is not None and float(expires_at["N"]) <= now_s


def error_code(error: BaseException) -> str:
    """Returns the code of a client's error; an empty text for an exception of another kind."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return ""
    return str(response.get("Error", {}).get("Code", ""))


def is_server_failure(error: BaseException) -> bool:
    """Whether the response had a 5xx, whoever gave it, and whatever its body says."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return False
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) >= 500


def condition_failed(error: BaseException) -> bool:
    return error_code(error) == f"{CONDITION_FAILED}Exception"


def cancellation_codes(error: BaseException) -> tuple[str, ...] | None:
    """Returns the codes of a cancelled transaction's actions; None for any other error."""
    if error_code(error) != "TransactionCanceledException":
        return None
    response: dict[str, Any] = getattr(error, "response", {})
    reasons = response.get("CancellationReasons", [])
    return tuple([reason.get("Code") or "None" for reason in reasons])
