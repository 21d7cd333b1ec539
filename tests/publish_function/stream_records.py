"""Helpers: records of the table's stream, and what publishing them leaves behind."""

import json
from dataclasses import dataclass
from itertools import count

SECRET_TEXT = "a title nobody may see"


@dataclass
class Context:
    remaining_ms: int = 30_000
    function_name: str = "publish"
    memory_limit_in_mb: int = 128
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:1:function:publish"
    aws_request_id: str = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


sequence = count(1)


def record(item, **changed):
    """Returns the record of an insert. An attribute that is None is left out."""
    attributes = {
        "PK": {"S": f"ITEM#{item.item_id}"},
        "SK": {"S": "ITEM"},
        "item_id": {"S": item.item_id},
        "ticker": {"S": item.ticker},
        "sentiment": {"S": item.sentiment},
        "score": {"N": str(item.score)},
        "timestamp": {"S": item.timestamp},
        "title": {"S": SECRET_TEXT},
    } | changed
    image = {name: value for name, value in attributes.items() if value is not None}
    return {
        "eventID": "1",
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "ApproximateCreationDateTime": item.written_at,
            "Keys": {"PK": image["PK"], "SK": image["SK"]},
            "NewImage": image,
            "SequenceNumber": str(next(sequence)),
        },
    }


def number_of(stream_record):
    return {"itemIdentifier": stream_record["dynamodb"]["SequenceNumber"]}


def published(feed):
    return [entry.item for entry in feed.after(feed.head().cursor._replace(seq=0)).entries]


def metric_values(printed):
    lines = [json.loads(line) for line in printed.splitlines() if '"_aws"' in line]
    return {
        name: value for line in lines for name, value in line.items() if name.startswith("Items")
    }
