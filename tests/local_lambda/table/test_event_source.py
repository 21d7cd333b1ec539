"""Tests the form in which a function gets stream records."""

from datetime import UTC, datetime

from local_lambda.table.event_source import as_event_record


def test_a_record_of_the_streams_api_becomes_plain_json():
    at = datetime(2026, 11, 22, tzinfo=UTC)
    record = {
        "eventID": "1",
        "dynamodb": {"ApproximateCreationDateTime": at, "NewImage": {"b": {"B": b"\x00"}}},
    }
    event_record = as_event_record(record, "arn:stream")
    assert event_record["eventSourceARN"] == "arn:stream"
    assert event_record["dynamodb"]["NewImage"] == {"b": {"B": "AA=="}}
    assert event_record["dynamodb"]["ApproximateCreationDateTime"] == 1_795_305_600
