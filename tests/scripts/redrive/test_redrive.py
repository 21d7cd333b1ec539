"""Tests that the items which publishing gave up are published once, and no message is lost."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count

import boto3
import pytest
import redrive
from botocore.exceptions import ClientError
from dashboard_data import DynamoDbFeed, Table
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import producer
from tests.support.moto_table import KEYS

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ACCESS = {"region_name": "eu-central-1", "aws_access_key_id": "n", "aws_secret_access_key": "n"}
STREAMS_URL = "https://streams.dynamodb.eu-central-1.amazonaws.com"  # moto serves no other
names = count(1)


class Stack:
    """A table with a stream, and the queue of publishing failures."""

    def __init__(self, dynamodb):
        self.dynamodb = dynamodb
        self.streams = boto3.client("dynamodbstreams", endpoint_url=STREAMS_URL, **ACCESS)
        self.sqs = boto3.client("sqs", **ACCESS)
        self.table = f"redriven-{next(names)}"
        self.queue = self.sqs.create_queue(QueueName=self.table)["QueueUrl"]
        created = dynamodb.create_table(
            TableName=self.table,
            KeySchema=[{"AttributeName": each, "KeyType": kind} for each, kind in KEYS],
            AttributeDefinitions=[
                {"AttributeName": each, "AttributeType": "S"} for each, _ in KEYS
            ],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
        self.arn = created["TableDescription"]["LatestStreamArn"]
        described = self.streams.describe_stream(StreamArn=self.arn)["StreamDescription"]
        self.shard_id = described["Shards"][0]["ShardId"]
        self.refused = None

    def client(self, service, **_options):
        clients = {"dynamodb": self.dynamodb, "dynamodbstreams": self, "sqs": self.sqs}
        return clients[service]

    def get_shard_iterator(self, **arguments):
        if self.refused:
            raise ClientError({"Error": {"Code": self.refused}}, "GetShardIterator")
        return self.streams.get_shard_iterator(**arguments)

    def get_records(self, **arguments):
        return self.streams.get_records(**arguments, Limit=3)  # so that there are several pages

    def records(self):
        iterator = self.streams.get_shard_iterator(
            StreamArn=self.arn, ShardId=self.shard_id, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        return self.streams.get_records(ShardIterator=iterator)["Records"]

    def put(self, *item_ids, **changed):
        producer.put(
            self.dynamodb, self.table, [producer.record(each, **changed) for each in item_ids]
        )

    def give_up(self, first, last, arrived_at=NOW, **changed):
        """Sends what Lambda sends when it gives up the records from `first` to `last`."""
        numbers = [record["dynamodb"]["SequenceNumber"] for record in self.records()]
        info = {
            "shardId": self.shard_id,
            "startSequenceNumber": numbers[first],
            "endSequenceNumber": numbers[last],
            "approximateArrivalOfFirstRecord": arrived_at.isoformat().replace("+00:00", "Z"),
            "batchSize": last - first + 1,
            "streamArn": self.arn,
        }
        body = {"requestContext": {}, "version": "1.0", "DDBStreamBatchInfo": info | changed}
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=json.dumps(body))

    def run(self, *options):
        arguments = ["--table", self.table, "--queue", self.queue, *options]
        return redrive.main(arguments, self.client, NOW)

    def touched(self):
        items = self.dynamodb.scan(TableName=self.table)["Items"]
        return sorted(
            item["PK"]["S"].removeprefix("ITEM#") for item in items if "redriven_at" in item
        )

    def messages(self):
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["All"])
        numbers = attributes["Attributes"]
        hidden = int(numbers["ApproximateNumberOfMessagesNotVisible"])
        return int(numbers["ApproximateNumberOfMessages"]) + hidden


@pytest.fixture
def stack(client):
    return Stack(client)


def mark(stack, item_id):
    key = {"PK": {"S": f"ITEM#{item_id}"}, "SK": {"S": "PUBLISHED"}}
    stack.dynamodb.put_item(TableName=stack.table, Item=key)


def test_the_items_of_a_range_are_touched_and_the_message_is_deleted(stack, capsys):
    stack.put(*[f"i{number}" for number in range(10)])
    stack.give_up(2, 7)
    assert stack.run() == 0
    assert stack.touched() == ["i2", "i3", "i4", "i5", "i6", "i7"]
    assert stack.messages() == 0
    assert "1 messages read, 6 items touched, 0 published already" in capsys.readouterr().out


def test_what_is_published_or_no_item_or_gone_is_not_touched(stack, capsys):
    stack.put("published", "gone", "mine")
    mark(stack, "published")
    stack.dynamodb.put_item(TableName=stack.table, Item={"PK": {"S": "FEED"}, "SK": {"S": "HEAD"}})
    gone = {"PK": {"S": "ITEM#gone"}, "SK": {"S": "ITEM"}}
    stack.dynamodb.delete_item(TableName=stack.table, Key=gone)
    stack.give_up(0, 5)
    assert stack.run() == 0
    assert stack.touched() == ["mine"]
    assert stack.dynamodb.get_item(TableName=stack.table, Key=gone).get("Item") is None
    told = capsys.readouterr().out
    assert "1 items touched, 1 published already, 1 deleted meanwhile." in told


def test_a_touched_item_is_published_once(stack, clock, publish_records):
    stack.put("i1", "i2")
    stack.give_up(0, 1)
    stack.give_up(1, 1)
    stack.run()
    stack.run()
    changes = [each for each in stack.records() if each["eventName"] == "MODIFY"]
    for change in changes:
        change["dynamodb"]["ApproximateCreationDateTime"] = clock()
    publish_records(stack.table, changes)
    feed = DynamoDbFeed(Table(stack.dynamodb, stack.table), clock)
    entries = feed.after(feed.head().cursor._replace(seq=0)).entries
    assert [entry.item.item_id for entry in entries] == ["i1", "i2"]
    stack.give_up(0, 1)
    stack.run()
    assert feed.head().seq == 2


def test_a_dry_run_changes_nothing(stack, capsys):
    stack.put("i1")
    stack.give_up(0, 0)
    assert stack.run("--dry-run") == 0
    assert (stack.touched(), stack.messages()) == ([], 1)
    assert "would touch 'ITEM#i1'" in capsys.readouterr().out


@pytest.mark.parametrize("code", redrive.FORGOTTEN)
def test_a_message_whose_records_are_forgotten_stays_until_a_scan(stack, code, capsys):
    stack.put("i1", "i2")
    stack.put("old", timestamp="2026-11-01T00:00:00Z")
    stack.put("waits", timestamp="not yet")
    mark(stack, "i2")
    stack.give_up(0, 0, arrived_at=NOW - timedelta(days=2))
    stack.refused = code
    assert stack.run("--dry-run") == 1
    assert (stack.touched(), stack.messages()) == ([], 1)
    told = capsys.readouterr().out
    assert "the table's stream has forgotten its records" in told
    assert "run this again with --scan --since 2026-11-20" in told


def test_a_scan_touches_every_unpublished_item_that_is_not_too_old(stack):
    stack.put("i1", "i2")
    stack.put("old", timestamp="2026-11-01T00:00:00Z")
    stack.put("waits", timestamp="not yet")
    mark(stack, "i2")
    stack.refused = redrive.FORGOTTEN[0]
    stack.give_up(0, 0, arrived_at=NOW - timedelta(days=2))
    assert stack.run("--scan") == 0
    assert (stack.touched(), stack.messages()) == (["i1"], 0)
    assert stack.run("--scan", "--since", "2026-10-01") == 0
    assert stack.touched() == ["i1", "old"]


def test_a_scan_keeps_messages_about_records_that_are_too_old_for_it(stack, capsys):
    stack.put("i1")
    stack.refused = redrive.FORGOTTEN[0]
    stack.give_up(0, 0, arrived_at=NOW - timedelta(days=10))
    assert stack.run("--scan") == 1
    assert stack.messages() == 1
    assert "--since 2026-11-12" in capsys.readouterr().out


def test_a_message_about_something_else_stays_and_is_named(stack, capsys):
    stack.put("i1")
    stack.give_up(0, 0, streamArn="arn:aws:dynamodb:eu-central-1:1:table/other/stream/x")
    stack.sqs.send_message(QueueUrl=stack.queue, MessageBody="hello")
    assert stack.run() == 1
    assert (stack.touched(), stack.messages()) == ([], 2)
    told = capsys.readouterr().out
    assert "it is about another table: arn:aws:dynamodb:eu-central-1:1:table/other/stream/x" in told
    assert "it is not a record of Lambda about a table's stream" in told


def test_a_refused_call_is_a_sentence_and_the_message_stays(stack, capsys):
    stack.put("i1")
    stack.give_up(0, 0)
    stack.refused = "AccessDeniedException"
    assert stack.run() == 1
    assert stack.messages() == 1
    assert "Messages that were not deleted stay in the queue." in capsys.readouterr().err


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
fields = ("streamArn", "shardId", "startSequenceNumber", "approximateArrivalOfFirstRecord")


@settings(max_examples=50)
@given(
    st.text()
    | json_values.map(json.dumps)
    | st.dictionaries(st.sampled_from(fields), json_values).map(
        lambda info: json.dumps({"DDBStreamBatchInfo": info})
    )
)
def test_no_message_raises_anything_but_that_it_is_not_understood(body):
    with pytest.raises(redrive.NotUnderstood):
        redrive.parse_message(body, "table")
