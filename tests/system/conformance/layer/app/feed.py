"""Streams the texts of a table: what a function of few lines has from the layer alone.

`GET /stream` continues after `Last-Event-ID`; `POST /emit` adds a text.
"""

import base64
import os
import random
import time
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.config import Config
from lambda_streaming import Event, sse

POLL_S = 0.4  # streams that a client left go on asking
FEED = "texts"
TABLE = os.environ["TABLE"]
dynamodb = boto3.client("dynamodb", config=Config(max_pool_connections=50))


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    request = event["requestContext"]["http"]
    match request["method"], request["path"]:
        case "GET" | "HEAD", "/stream":
            position = position_of(last_event_id(event))
            retry_ms = random.randint(1_000, 3_000)  # not all clients come back at once
            body = sse(texts(position), retry_ms=retry_ms, end_event=None)
            return {"statusCode": 200, "headers": body.headers, "body": body}
        case "POST", "/emit":
            add(text_of(event))
            return {"statusCode": 204}
        case _, "/stream" | "/emit":
            return {"statusCode": 405}
    return {"statusCode": 404}


def texts(position: int | None) -> Iterator[Event | None]:
    """Yields what is in the table after a position, and then what comes."""
    newest = last_number()
    yield Event(comment="open")  # the response begins with the first item
    if position is None:
        position = newest
    elif position > newest:  # an id that this table never gave
        position = newest
        yield Event({"reason": "unknown position"}, type="reset", id=str(newest))
    while True:
        for number, text in after(position):
            yield Event(text, id=str(number))
            position = number
        yield None
        time.sleep(POLL_S)


def last_event_id(event: dict[str, Any]) -> str | None:
    """Returns what the client says; some can say it only in the query."""
    query = event.get("queryStringParameters") or {}
    in_query = query.get("last_event_id") or query.get("lastEventId")
    said: str | None = event["headers"].get("last-event-id", in_query)
    return said


def position_of(last_event_id: str | None) -> int | None:
    """Returns the number in an id; for anything else, a number that no text has."""
    if not last_event_id:
        return None
    is_number = last_event_id.isascii() and last_event_id.isdecimal() and len(last_event_id) < 16
    return int(last_event_id) if is_number else 10**16


def after(position: int) -> Iterator[tuple[int, str]]:
    found = dynamodb.query(
        TableName=TABLE,
        KeyConditionExpression="feed = :feed AND #n > :position",
        ExpressionAttributeNames={"#n": "number"},
        ExpressionAttributeValues={":feed": {"S": FEED}, ":position": {"N": str(position)}},
    )
    for item in found["Items"]:
        yield int(item["number"]["N"]), item["text"]["S"]


def last_number() -> int:
    found = dynamodb.query(
        TableName=TABLE,
        KeyConditionExpression="feed = :feed",
        ExpressionAttributeValues={":feed": {"S": FEED}},
        ScanIndexForward=False,
        ConsistentRead=True,
        Limit=1,
    )
    return int(found["Items"][0]["number"]["N"]) if found["Items"] else 0


def add(text: str) -> None:
    """Writes a text under the next number, which no other writer has taken."""
    while True:
        number = {"N": str(last_number() + 1)}
        item = {"feed": {"S": FEED}, "number": number, "text": {"S": text}}
        try:
            dynamodb.put_item(
                TableName=TABLE, Item=item, ConditionExpression="attribute_not_exists(feed)"
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            continue
        return


def text_of(event: dict[str, Any]) -> str:
    body = event.get("body") or ""
    return base64.b64decode(body).decode() if event.get("isBase64Encoded") else body
