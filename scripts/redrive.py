"""Publishes the items that publishing gave up.

    python scripts/redrive.py --table TABLE --queue URL [--scan [--since DAY]] [--dry-run]

A message in the queue of publishing failures names no items, but a range of the table's stream:
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
This reads the range, and touches each item in it that has no mark of being published: it sets the
attribute `redriven_at`. The table's stream has a change then, and `publish` publishes the item in
the ordinary way, once. A message is deleted only after that, so this may be run again at any time.

The table's stream keeps its records for 24 hours. For messages that are older, `--scan` looks
through the whole table, and touches every analysed item without a mark that is not too old.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import boto3
from botocore.exceptions import BotoCoreError, ClientError

# Marks of older versions lived so long: an item that is older may have been published.
DEFAULT_DAYS = 7
HIDDEN_S = 900  # so long a message is hidden from others that read the queue
MOST_EMPTY_PAGES = 100
MOST_KEYS = 100  # in one BatchGetItem
ANALYSED = "SK = :item AND attribute_exists(sentiment) AND attribute_exists(score)"
FORGOTTEN = ("TrimmedDataAccessException", "ResourceNotFoundException")

Key = dict[str, dict[str, str]]  # in DynamoDB's JSON


class NotUnderstood(ValueError):
    """This message does not name a range of the table's stream. The text says why."""


class Forgotten(Exception):
    """The table's stream no longer has these records."""


class Range(NamedTuple):
    """The records that a message is about. `arrived_at`: when the first one was written."""

    stream_arn: str
    shard_id: str
    first: int
    last: int
    arrived_at: datetime


@dataclass
class Report:
    """Counts what was done. `kept` are the messages that are still in the queue, and why."""

    touched: int = 0
    published: int = 0
    gone: int = 0
    messages: int = 0
    kept: list[str] = field(default_factory=list)


def parse_message(body: str, table: str) -> Range:
    """Returns the range that a message names. Raises NotUnderstood."""
    try:
        info = json.loads(body)["DDBStreamBatchInfo"]
        arrived_at = datetime.fromisoformat(info["approximateArrivalOfFirstRecord"])
        found = Range(
            stream_arn=str(info["streamArn"]),
            shard_id=str(info["shardId"]),
            first=int(info["startSequenceNumber"]),
            last=int(info["endSequenceNumber"]),
            arrived_at=arrived_at if arrived_at.tzinfo else arrived_at.replace(tzinfo=UTC),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise NotUnderstood("it is not a record of Lambda about a table's stream") from error
    if f":table/{table}/stream/" not in found.stream_arn:
        raise NotUnderstood(f"it is about another table: {found.stream_arn}")
    return found


def items_in(streams: Any, place: Range) -> Iterator[Key]:
    """Yields the keys of the items that were written in this range. Raises Forgotten."""
    try:
        for record in _records(streams, place):
            change = record["dynamodb"]
            key = change["Keys"]
            if record["eventName"] in ("INSERT", "MODIFY") and key["SK"] == {"S": "ITEM"}:
                yield key
    except ClientError as error:
        if error.response["Error"]["Code"] in FORGOTTEN:
            raise Forgotten from error
        raise


def _records(streams: Any, place: Range) -> Iterator[dict[str, Any]]:
    found = streams.get_shard_iterator(
        StreamArn=place.stream_arn,
        ShardId=place.shard_id,
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=str(place.first),
    )
    iterator = found["ShardIterator"]
    empty_pages = 0
    while iterator and empty_pages < MOST_EMPTY_PAGES:
        page = streams.get_records(ShardIterator=iterator)
        empty_pages = 0 if page["Records"] else empty_pages + 1
        for record in page["Records"]:
            number = int(record["dynamodb"]["SequenceNumber"])
            if number <= place.last:
                yield record
            if number >= place.last:
                return
        iterator = page.get("NextShardIterator")
    raise Forgotten


class Redrive:
    """Touches items, and deletes the messages that named them.

    With `dry_run` it changes nothing, and counts what it would do.
    """

    def __init__(
        self,
        dynamodb: Any,
        streams: Any,
        sqs: Any,
        *,
        table: str,
        queue: str,
        now: datetime,
        say: Callable[[str], object],
        dry_run: bool = False,
    ) -> None:
        self._dynamodb = dynamodb
        self._streams = streams
        self._sqs = sqs
        self._table = table
        self._queue = queue
        self._now = now
        self._say = say
        self._dry_run = dry_run
        self.report = Report()
        self._forgotten: list[tuple[dict[str, Any], Range]] = []

    def empty_queue(self) -> None:
        """Takes every message of the queue once."""
        for message in self._messages():
            self.report.messages += 1
            try:
                place = parse_message(message["Body"], self._table)
                self._touch(items_in(self._streams, place))
            except NotUnderstood as error:
                self.report.kept.append(f"message {message['MessageId']}: {error}")
            except Forgotten:
                self._forgotten.append((message, place))
            else:
                self._delete(message)

    def scan(self, since: datetime) -> None:
        """Touches every unpublished item of the table with a timestamp at or after `since`.

        That settles the messages whose records are forgotten and no older.
        """
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=self._table,
            FilterExpression=ANALYSED,
            ProjectionExpression="PK, SK, #timestamp",
            ExpressionAttributeNames={"#timestamp": "timestamp"},
            ExpressionAttributeValues={":item": {"S": "ITEM"}},
        )
        for page in pages:
            items = [item for item in page["Items"] if _is_since(item.pop("timestamp", {}), since)]
            self._touch(items)
        settled = [message for message, place in self._forgotten if place.arrived_at >= since]
        for message in settled:
            self._delete(message)
        self._forgotten = [each for each in self._forgotten if each[0] not in settled]

    def finish(self) -> Report:
        for message, place in self._forgotten:
            written = place.arrived_at.isoformat(timespec="seconds")
            self.report.kept.append(
                f"message {message['MessageId']}: the table's stream has forgotten its records,"
                f" written from {written} on; run this again with --scan"
                f" --since {place.arrived_at.date()}"
            )
        return self.report

    def _messages(self) -> Iterator[dict[str, Any]]:
        seen: set[str] = set()
        while True:
            received = self._sqs.receive_message(
                QueueUrl=self._queue,
                MaxNumberOfMessages=10,
                VisibilityTimeout=60 if self._dry_run else HIDDEN_S,
                WaitTimeSeconds=1,
            )
            new = [each for each in received.get("Messages", []) if each["MessageId"] not in seen]
            if not new:
                return
            seen |= {each["MessageId"] for each in new}
            yield from new

    def _touch(self, keys: Iterable[Key]) -> None:
        distinct = {key["PK"]["S"]: key for key in keys}
        for partition in sorted(distinct.keys() & self._published(distinct)):
            self.report.published += 1
            del distinct[partition]
        for key in distinct.values():
            self._touch_one(key)

    def _published(self, partitions: Iterable[str]) -> set[str]:
        """Returns those of the partitions that have the mark of a published item."""
        marked: set[str] = set()
        ordered = sorted(partitions)
        for start in range(0, len(ordered), MOST_KEYS):
            marks: list[Key] = [
                {"PK": {"S": partition}, "SK": {"S": "PUBLISHED"}}
                for partition in ordered[start : start + MOST_KEYS]
            ]
            while marks:
                request = {self._table: {"Keys": marks, "ConsistentRead": True}}
                response = self._dynamodb.batch_get_item(RequestItems=request)
                found = response["Responses"].get(self._table, [])
                marked |= {record["PK"]["S"] for record in found}
                unread = response.get("UnprocessedKeys", {})
                marks = unread.get(self._table, {}).get("Keys", [])
        return marked

    def _touch_one(self, key: Key) -> None:
        self._say(f"{'would touch' if self._dry_run else 'touching'} {key['PK']['S']!r}")
        if not self._dry_run and not self._update(key):
            self.report.gone += 1
            return
        self.report.touched += 1

    def _update(self, key: Key) -> bool:
        """Sets an attribute of the item. Returns False if there is no such item any more."""
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=key,
                UpdateExpression="SET redriven_at = :now",
                ConditionExpression="attribute_exists(PK)",
                ExpressionAttributeValues={":now": {"S": self._now.isoformat()}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def _delete(self, message: dict[str, Any]) -> None:
        if not self._dry_run:
            self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])


def _is_since(timestamp: dict[str, Any], since: datetime) -> bool:
    """Whether this attribute is a moment, and not before `since`."""
    try:
        return datetime.fromisoformat(timestamp["S"]) >= since
    except (KeyError, ValueError, TypeError):  # TypeError: a time without an offset
        return False


def _day(text: str) -> datetime:
    """Parses a day or a moment; without an offset it is in UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python scripts/redrive.py", description="Publishes the items that publishing gave up."
    )
    parser.add_argument("--table", required=True, help="the stack's output TableName")
    parser.add_argument("--queue", required=True, help="the stack's output PublishFailuresUrl")
    parser.add_argument("--region", help="by default that of your shell")
    parser.add_argument("--dry-run", action="store_true", help="change nothing, say what would be")
    parser.add_argument(
        "--scan",
        action="store_true",
        help="look through the whole table for items that the table's stream has forgotten",
    )
    parser.add_argument(
        "--since",
        type=_day,
        metavar="DAY",
        help=f"with --scan: touch no item with an older timestamp (default: {DEFAULT_DAYS} days"
        " ago). Choose no day before which a version with shorter marks published",
    )
    return parser.parse_args(arguments)


def main(
    arguments: list[str], client: Callable[..., Any] = boto3.client, now: datetime | None = None
) -> int:
    options = _arguments(arguments)
    moment = now or datetime.now(UTC)
    try:
        redrive = Redrive(
            client("dynamodb", region_name=options.region),
            client("dynamodbstreams", region_name=options.region),
            client("sqs", region_name=options.region),
            table=options.table,
            queue=options.queue,
            now=moment,
            say=print,
            dry_run=options.dry_run,
        )
        redrive.empty_queue()
        if options.scan:
            redrive.scan(options.since or moment - timedelta(days=DEFAULT_DAYS))
    except (BotoCoreError, ClientError) as error:
        print(
            f"redrive: {error}. Messages that were not deleted stay in the queue.", file=sys.stderr
        )
        return 1
    report = redrive.finish()
    verb = "would be touched" if options.dry_run else "touched"
    print(
        f"{report.messages} messages read, {report.touched} items {verb},"
        f" {report.published} published already, {report.gone} deleted meanwhile."
    )
    for each in report.kept:
        print(f"kept {each}")
    return 1 if report.kept else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
