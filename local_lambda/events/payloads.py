"""Makes the payloads that other AWS services send to functions, with real hashes, ids and times.

Pages with-sqs.html, with-sns.html, with-s3.html, with-ddb.html, with-kinesis.html and
services-cloudwatchlogs.html in https://docs.aws.amazon.com/lambda/latest/dg/
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
"""

import base64
import gzip
import hashlib
import json
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import quote_plus

from boto3.dynamodb.types import TypeSerializer

from local_lambda.application import ACCOUNT_ID

_SENDER_ID = "AIDALOCALLAMBDASENDER"
_TYPES = frozenset({"S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"})


@dataclass(frozen=True)
class Origin:
    """Says where and when an event is made."""

    region: str = "us-east-1"
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{ACCOUNT_ID}:{resource}"

    @property
    def now_ms(self) -> int:
        return int(self.now.timestamp() * 1000)

    @property
    def seconds(self) -> str:
        return f"{self.now:%Y-%m-%dT%H:%M:%SZ}"

    @property
    def milliseconds(self) -> str:
        return f"{self.now:%Y-%m-%dT%H:%M:%S}.{self.now.microsecond // 1000:03}Z"


def sqs(
    origin: Origin,
    bodies: Sequence[str],
    queue: str = "local-queue",
    group: str | None = None,
    attributes: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Returns one record for each body. A `group` makes them messages of a FIFO queue."""
    return {"Records": [_message(origin, body, queue, group, attributes or {}) for body in bodies]}


def _message(
    origin: Origin, body: str, queue: str, group: str | None, attributes: Mapping[str, str]
) -> dict[str, Any]:
    system = {
        "ApproximateReceiveCount": "1",
        "SentTimestamp": str(origin.now_ms),
        "SenderId": _SENDER_ID,
        "ApproximateFirstReceiveTimestamp": str(origin.now_ms + 1),
    }
    if group is not None:
        system["SequenceNumber"] = _digits(20)
        system["MessageGroupId"] = group
        system["MessageDeduplicationId"] = hashlib.sha256(body.encode()).hexdigest()
    record = {
        "messageId": str(uuid.uuid4()),
        "receiptHandle": secrets.token_urlsafe(96),
        "body": body,
        "attributes": system,
        "messageAttributes": {
            name: {
                "stringValue": value,
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "String",
            }
            for name, value in attributes.items()
        },
        "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": origin.arn("sqs", queue),
        "awsRegion": origin.region,
    }
    if attributes:
        record["md5OfMessageAttributes"] = _md5_of_attributes(attributes)
    return record


def _md5_of_attributes(attributes: Mapping[str, str]) -> str:
    """Returns the MD5 of text attributes, sorted by name: each part with its length before it.

    Page sqs-message-metadata.html in
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/
    """
    digest = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        for part in (name, "String"):
            digest.update(len(part.encode()).to_bytes(4, "big") + part.encode())
        value = attributes[name].encode()
        digest.update(b"\x01" + len(value).to_bytes(4, "big") + value)
    return digest.hexdigest()


def sns(
    origin: Origin,
    message: str,
    topic: str = "local-topic",
    subject: str | None = None,
    attributes: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    topic_arn = origin.arn("sns", topic)
    subscription = f"{topic_arn}:{uuid.uuid4()}"
    host = f"https://sns.{origin.region}.amazonaws.com"
    notification = {
        "Type": "Notification",
        "MessageId": str(uuid.uuid4()),
        "TopicArn": topic_arn,
        "Subject": subject,
        "Message": message,
        "Timestamp": origin.milliseconds,
        "SignatureVersion": "1",
        "Signature": base64.b64encode(secrets.token_bytes(64)).decode(),
        "SigningCertUrl": f"{host}/SimpleNotificationService-{secrets.token_hex(16)}.pem",
        "UnsubscribeUrl": f"{host}/?Action=Unsubscribe&SubscriptionArn={subscription}",
        "MessageAttributes": {
            name: {"Type": "String", "Value": value} for name, value in (attributes or {}).items()
        },
    }
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription,
        "Sns": notification,
    }
    return {"Records": [record]}


def s3(
    origin: Origin,
    bucket: str = "local-bucket",
    key: str = "folder/local file.txt",
    size_bytes: int = 1024,
    event_name: str = "ObjectCreated:Put",
) -> dict[str, Any]:
    """Returns a notification. Its key is encoded as in a form, so a space is a plus sign.

    `event_name` may be as a template has it, with `s3:` before it and `*` at its end.
    """
    name = event_name.removeprefix("s3:").replace("ObjectCreated:*", "ObjectCreated:Put")
    name = name.replace("ObjectRemoved:*", "ObjectRemoved:Delete")
    entity: dict[str, Any] = {"key": quote_plus(key, safe="/")}
    if not name.startswith("ObjectRemoved"):
        entity["size"] = size_bytes
        entity["eTag"] = secrets.token_hex(16)
    entity["sequencer"] = f"00{secrets.token_hex(8).upper()}"
    record = {
        "eventVersion": "2.5",
        "eventSource": "aws:s3",
        "awsRegion": origin.region,
        "eventTime": origin.milliseconds,
        "eventName": name,
        "userIdentity": {"principalId": f"AWS:{_SENDER_ID}"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {
            "x-amz-request-id": secrets.token_hex(8).upper(),
            "x-amz-id-2": base64.b64encode(secrets.token_bytes(56)).decode(),
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": str(uuid.uuid4()),
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": "A1LOCALLAMBDA"},
                "arn": f"arn:aws:s3:::{bucket}",
            },
            "object": entity,
        },
    }
    return {"Records": [record]}


def eventbridge(
    origin: Origin,
    detail: Any = None,
    source: str = "local.application",
    detail_type: str = "Local Event",
    resources: Sequence[str] = (),
) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT_ID,
        "time": origin.seconds,
        "region": origin.region,
        "resources": list(resources),
        "detail": {} if detail is None else detail,
    }


def schedule(
    origin: Origin,
    rule: str = "local-schedule",
    text: str | None = None,
    by_scheduler: bool = False,
) -> Any:
    """Returns what a rule (`Schedule`) or EventBridge Scheduler (`ScheduleV2`) sends.

    A `text`, the schedule's `Input`, is JSON and replaces all of it. Raises ValueError if it is
    not JSON.
    """
    if by_scheduler:
        return _scheduled(origin, rule, text)
    if text is not None:
        return json.loads(text)
    arn = origin.arn("events", f"rule/{rule}")
    return eventbridge(origin, source="aws.events", detail_type="Scheduled Event", resources=[arn])


def _scheduled(origin: Origin, name: str, text: str | None) -> Any:
    arn = origin.arn("scheduler", f"schedule/default/{name}")
    if text is None:
        whole = eventbridge(
            origin, source="aws.scheduler", detail_type="Scheduled Event", resources=[arn]
        )
        return {**whole, "detail": "{}"}
    values = {
        "schedule-arn": arn,
        "scheduled-time": origin.seconds,
        "execution-id": secrets.token_hex(8),
        "attempt-number": "1",
    }
    for keyword, value in values.items():
        text = text.replace(f"<aws.scheduler.{keyword}>", value)
    return json.loads(text)


def logs(
    origin: Origin, messages: Sequence[str], log_group: str = "/aws/lambda/local"
) -> dict[str, Any]:
    """Returns log events of a subscription filter: JSON, compressed, in base64."""
    record = {
        "messageType": "DATA_MESSAGE",
        "owner": ACCOUNT_ID,
        "logGroup": log_group,
        "logStream": f"{origin.now:%Y/%m/%d}/[$LATEST]{secrets.token_hex(16)}",
        "subscriptionFilters": ["local-filter"],
        "logEvents": [
            {"id": _digits(56), "timestamp": origin.now_ms, "message": message}
            for message in messages
        ],
    }
    data = base64.b64encode(gzip.compress(json.dumps(record).encode()))
    return {"awslogs": {"data": data.decode()}}


def payload(_origin: Origin, value: Any) -> Any:
    """Returns a payload of the caller's own."""
    return value


def _digits(count: int) -> str:
    """Returns a number of so many digits."""
    return str(10 ** (count - 1) + secrets.randbelow(9 * 10 ** (count - 1)))


def kinesis(
    origin: Origin, data: Sequence[str], stream: str = "local-stream", partition_key: str = "key"
) -> dict[str, Any]:
    return {"Records": [_kinesis_record(origin, each, stream, partition_key) for each in data]}


def _kinesis_record(origin: Origin, data: str, stream: str, partition_key: str) -> dict[str, Any]:
    sequence = _digits(56)
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": partition_key,
            "sequenceNumber": sequence,
            "data": base64.b64encode(data.encode()).decode(),
            "approximateArrivalTimestamp": origin.now_ms / 1000,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": f"arn:aws:iam::{ACCOUNT_ID}:role/local-lambda",
        "awsRegion": origin.region,
        "eventSourceARN": origin.arn("kinesis", f"stream/{stream}"),
    }


def dynamodb(
    origin: Origin,
    new_image: Mapping[str, Any] | None = MappingProxyType({"id": "local"}),
    old_image: Mapping[str, Any] | None = None,
    keys: Sequence[str] = (),
    table: str = "local-table",
) -> dict[str, Any]:
    """Returns a record that inserts, changes or removes an item, whichever its images say.

    Images are plain JSON, or typed as DynamoDB has them. `keys` are the names of the key's
    attributes; without them the first attribute is the key. Raises ValueError.
    """
    image = new_image if new_image is not None else old_image
    if not image:
        raise ValueError("an image with at least one attribute is needed")
    names = keys or [next(iter(image))]
    if missing := [name for name in names if name not in image]:
        raise ValueError(f"the item has no attribute {', '.join(missing)}")
    change: dict[str, Any] = {
        "ApproximateCreationDateTime": float(int(origin.now.timestamp())),
        "Keys": _typed({name: image[name] for name in names}),
        "SequenceNumber": _digits(21),
        "SizeBytes": len(json.dumps(_typed(image))),
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    event_name = "REMOVE"
    if new_image is not None:
        change["NewImage"] = _typed(new_image)
        event_name = "INSERT" if old_image is None else "MODIFY"
    if old_image is not None:
        change["OldImage"] = _typed(old_image)
    record = {
        "eventID": secrets.token_hex(16),
        "eventName": event_name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": origin.region,
        "dynamodb": change,
        "eventSourceARN": origin.arn(
            "dynamodb", f"table/{table}/stream/{origin.now:%Y-%m-%dT00:00:00.000}"
        ),
    }
    return {"Records": [record]}


def _typed(item: Mapping[str, Any]) -> dict[str, Any]:
    """Returns an item with DynamoDB's types, which it may have already. Raises ValueError."""
    if all(
        isinstance(each, dict) and len(each) == 1 and {*each} <= _TYPES for each in item.values()
    ):
        return dict(item)
    serializer = TypeSerializer()
    try:
        return {name: serializer.serialize(value) for name, value in item.items()}
    except TypeError as error:
        raise ValueError(f"DynamoDB cannot hold this item: {error}") from error
