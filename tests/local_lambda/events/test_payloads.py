"""Tests the payloads by their facts, and with the data classes of Powertools."""

import base64
import hashlib
import json
from datetime import UTC, datetime

import pytest
from aws_lambda_powertools.utilities import data_classes
from hypothesis import given
from hypothesis import strategies as st
from moto.sqs.models import Message

from local_lambda.events import payloads
from local_lambda.events.payloads import Origin

ORIGIN = Origin("eu-west-1", datetime(2026, 11, 29, 14, 30, 5, 123_456, tzinfo=UTC))
NAMES = st.text("abcXYZ", min_size=1, max_size=20)


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=3))
def test_an_sqs_message_has_the_md5_of_its_body(bodies):
    records = [*data_classes.SQSEvent(payloads.sqs(ORIGIN, bodies, queue="orders")).records]

    assert [record.body for record in records] == bodies
    for record, body in zip(records, bodies, strict=True):
        assert record.md5_of_body == hashlib.md5(body.encode()).hexdigest()
        assert record.event_source_arn == "arn:aws:sqs:eu-west-1:123456789012:orders"
        assert record.attributes.sent_timestamp == "1795962605123"
        assert record.attributes.message_group_id is None
    assert len({record.message_id for record in records}) == len(bodies)


@given(st.dictionaries(NAMES, st.text(st.characters(codec="utf-8"), min_size=1), max_size=4))
def test_the_md5_of_attributes_is_the_one_that_moto_computes_too(attributes):
    (record,) = payloads.sqs(ORIGIN, ["x"], attributes=attributes)["Records"]
    message = Message("id", "x")
    message.message_attributes = {
        name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
    }

    assert record.get("md5OfMessageAttributes", message.attribute_md5) == message.attribute_md5
    assert record["messageAttributes"].keys() == attributes.keys()


def test_a_message_of_a_fifo_queue_has_group_deduplication_and_sequence():
    (record,) = payloads.sqs(ORIGIN, ["x"], queue="q.fifo", group="one")["Records"]

    attributes = record["attributes"]
    assert attributes["MessageGroupId"] == "one"
    assert attributes["MessageDeduplicationId"] == hashlib.sha256(b"x").hexdigest()
    assert len(attributes["SequenceNumber"]) == 20


def test_an_sns_notification():
    payload = payloads.sns(ORIGIN, "hello", topic="news", subject="S", attributes={"a": "1"})
    event = data_classes.SNSEvent(payload)

    assert event.sns_message == "hello"
    notification = event.record.sns
    assert notification.topic_arn == "arn:aws:sns:eu-west-1:123456789012:news"
    assert notification.timestamp == "2026-11-29T14:30:05.123Z"
    assert notification.message_attributes["a"].value == "1"
    assert event.record.event_subscription_arn.startswith(notification.topic_arn + ":")


@pytest.mark.parametrize(
    ("key", "encoded"),
    [("a b.txt", "a+b.txt"), ("x/ü+1.txt", "x/%C3%BC%2B1.txt"), ("plain/one", "plain/one")],
)
def test_a_key_in_an_s3_notification_is_encoded_as_in_a_form(key, encoded):
    payload = payloads.s3(ORIGIN, bucket="files", key=key)
    (record,) = data_classes.S3Event(payload).records

    assert payload["Records"][0]["s3"]["object"]["key"] == encoded
    assert record.s3.get_object.key == encoded
    assert record.s3.bucket.arn == "arn:aws:s3:::files"
    assert record.event_name == "ObjectCreated:Put"


@pytest.mark.parametrize(
    ("name", "expected", "has_size"),
    [
        ("s3:ObjectCreated:*", "ObjectCreated:Put", True),
        ("s3:ObjectRemoved:*", "ObjectRemoved:Delete", False),
        ("ObjectCreated:Copy", "ObjectCreated:Copy", True),
    ],
)
def test_an_s3_notification_is_named_as_s3_does(name, expected, has_size):
    (record,) = payloads.s3(ORIGIN, event_name=name)["Records"]

    assert record["eventName"] == expected
    assert ("size" in record["s3"]["object"]) == has_size


def test_an_event_of_eventbridge():
    event = data_classes.EventBridgeEvent(
        payloads.eventbridge(ORIGIN, detail={"a": 1}, source="s", detail_type="T")
    )

    assert (event.source, event.detail_type, event.detail) == ("s", "T", {"a": 1})
    assert event.time == "2026-11-29T14:30:05Z"
    assert event.region == "eu-west-1"


def test_a_scheduled_event_names_its_rule_and_is_replaced_by_an_input():
    event = payloads.schedule(ORIGIN, rule="nightly")

    assert event["detail-type"] == "Scheduled Event"
    assert event["resources"] == ["arn:aws:events:eu-west-1:123456789012:rule/nightly"]
    assert payloads.schedule(ORIGIN, text='{"a": 1}') == {"a": 1}
    assert payloads.schedule(ORIGIN, text='"text"') == "text"


def test_eventbridge_scheduler_fills_in_its_keywords():
    text = '{"at": "<aws.scheduler.scheduled-time>", "try": "<aws.scheduler.attempt-number>"}'

    event = payloads.schedule(ORIGIN, text=text, by_scheduler=True)
    assert event == {"at": "2026-11-29T14:30:05Z", "try": "1"}
    whole = payloads.schedule(ORIGIN, rule="r", by_scheduler=True)
    assert whole["source"] == "aws.scheduler"
    assert whole["detail"] == "{}"
    assert whole["resources"] == ["arn:aws:scheduler:eu-west-1:123456789012:schedule/default/r"]


def test_a_record_of_kinesis_holds_its_data_in_base64():
    (record,) = payloads.kinesis(ORIGIN, ["häh"], stream="s")["Records"]

    assert base64.b64decode(record["kinesis"]["data"]).decode() == "häh"
    assert record["eventSourceARN"] == "arn:aws:kinesis:eu-west-1:123456789012:stream/s"
    assert len(record["kinesis"]["sequenceNumber"]) == 56


def test_log_events_are_compressed_json_in_base64():
    event = data_classes.CloudWatchLogsEvent(payloads.logs(ORIGIN, ["one", "zwö"], log_group="g"))
    found = event.parse_logs_data()

    assert [each.message for each in found.log_events] == ["one", "zwö"]
    assert found.log_events[0].timestamp == ORIGIN.now_ms
    assert found.log_group == "g"
    assert len(found.log_events[0].get_id) == 56


@pytest.mark.parametrize(
    ("new", "old", "name"),
    [
        ({"id": "a"}, None, "INSERT"),
        ({"id": "a"}, {"id": "a"}, "MODIFY"),
        (None, {"id": "a"}, "REMOVE"),
    ],
)
def test_a_record_of_dynamodb_says_what_happened_to_the_item(new, old, name):
    (record,) = payloads.dynamodb(ORIGIN, new, old, table="t")["Records"]

    assert record["eventName"] == name
    assert record["dynamodb"]["Keys"] == {"id": {"S": "a"}}
    assert ":table/t/stream/" in record["eventSourceARN"]


def test_an_item_that_has_types_keeps_them():
    image = {"id": {"N": "1"}, "tags": {"SS": ["a"]}}
    (record,) = payloads.dynamodb(ORIGIN, image)["Records"]

    assert record["dynamodb"]["NewImage"] == image


@pytest.mark.parametrize("image", [None, {}])
def test_a_record_of_dynamodb_needs_an_item(image):
    with pytest.raises(ValueError, match="at least one attribute"):
        payloads.dynamodb(ORIGIN, image)


@pytest.mark.parametrize(
    "payload",
    [
        payloads.sqs(ORIGIN, ["x"], group="g", attributes={"a": "b"}),
        payloads.sns(ORIGIN, "x"),
        payloads.s3(ORIGIN),
        payloads.eventbridge(ORIGIN),
        payloads.schedule(ORIGIN),
        payloads.kinesis(ORIGIN, ["x"]),
        payloads.logs(ORIGIN, ["x"]),
        payloads.payload(ORIGIN, [1]),
        payloads.dynamodb(ORIGIN, {"a": "b"}),
    ],
)
def test_every_payload_is_json(payload):
    assert json.loads(json.dumps(payload)) == payload
