"""From a Lambda payload to the table: which records fail, what is logged, what is counted."""

import importlib
import io
import json
import sys
from dataclasses import dataclass
from itertools import count

import pytest
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics.provider.cold_start import reset_cold_start_flag
from dashboard_data import DynamoDbPublisher
from publish_function.app import make_handler
from publish_function.settings import Settings

from tests.support.fakes import MeddledClient, TableError

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
    image = {
        "PK": {"S": f"ITEM#{item.item_id}"},
        "SK": {"S": "ITEM"},
        "item_id": {"S": item.item_id},
        "ticker": {"S": item.ticker},
        "sentiment": {"S": item.sentiment},
        "score": {"N": str(item.score)},
        "timestamp": {"S": item.timestamp},
        "title": {"S": SECRET_TEXT},
    } | changed
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


@pytest.fixture
def log():
    return io.StringIO()


@pytest.fixture
def invoke(client, table, clock, log):
    def run(*records, meddle=None, context=None):
        publisher = DynamoDbPublisher(
            MeddledClient(client, meddle), table, clock, clock.sleep, lambda: 0.5
        )
        logger = Logger(service=f"publish-{next(sequence)}", stream=log)
        handler = make_handler(
            publisher, clock, logger, Metrics(namespace="Test", service="publish")
        )
        return handler({"Records": list(records)}, context or Context())

    reset_cold_start_flag()
    return run


def published(feed):
    return [entry.item for entry in feed.after(feed.head().cursor._replace(seq=0)).entries]


def metric_values(printed):
    lines = [json.loads(line) for line in printed.splitlines() if '"_aws"' in line]
    return {
        name: value for line in lines for name, value in line.items() if name.startswith("Items")
    }


def test_a_batch_of_new_items_is_published_in_order_with_the_moment_it_was_written(
    invoke, feed, make_item
):
    items = [make_item() for _ in range(3)]
    assert invoke(*map(record, items)) == {"batchItemFailures": []}
    assert published(feed) == items


def test_a_record_without_its_moment_counts_as_written_now(invoke, feed, make_item, clock):
    item = make_item(written_at=0.0)
    arriving = record(item)
    del arriving["dynamodb"]["ApproximateCreationDateTime"]
    invoke(arriving)
    assert published(feed)[0].written_at == clock()


def test_invalid_items_are_left_out_logged_and_counted_and_stop_nobody(
    invoke, feed, make_item, log, capsys
):
    good, bad, worse = make_item(), make_item(), make_item()
    broken = record(worse)
    del broken["dynamodb"]["NewImage"]
    answer = invoke(
        record(bad, score={"N": "7"}), record(good), broken, record(make_item(), PK={"N": "1"})
    )
    assert answer == {"batchItemFailures": []}
    assert published(feed) == [good]
    logged = [json.loads(line) for line in log.getvalue().splitlines()]
    left_out = [line for line in logged if line["message"] == "item.left_out"]
    assert [line["field"] for line in left_out] == ["score", "item", "PK"]
    assert left_out[0]["reason"] == "must be from 0 to 1"
    assert metric_values(capsys.readouterr().out) == {
        "ItemsLeftOut": [1.0, 1.0, 1.0],
        "ItemsPublished": [1.0],
    }


def test_no_text_of_a_producer_is_logged(invoke, make_item, log):
    secret = make_item(item_id=SECRET_TEXT)
    invoke(
        record(secret),
        record(secret, ticker={"S": SECRET_TEXT}),
        record(secret, timestamp={"S": SECRET_TEXT}),
    )
    assert "item.left_out" in log.getvalue()
    assert SECRET_TEXT not in log.getvalue()


@pytest.mark.parametrize(
    "change",
    [
        {"eventName": "MODIFY"},
        {"eventName": "REMOVE"},
        {
            "dynamodb": {
                "Keys": {"PK": {"S": "ITEM#1"}, "SK": {"S": "PUBLISHED"}},
                "SequenceNumber": "1",
            }
        },
        {"dynamodb": {}},
    ],
)
def test_records_of_any_other_kind_are_passed_over(invoke, feed, make_item, log, change):
    assert invoke(record(make_item()) | change) == {"batchItemFailures": []}
    assert published(feed) == []
    assert "item.left_out" not in log.getvalue()


def test_only_the_items_that_could_not_be_published_are_asked_for_again(
    invoke, feed, make_item, log, capsys
):
    good, poison = record(make_item(item_id="good")), record(make_item(item_id="poison"))

    def refuse(number, name, call):
        if name == "transact_write_items" and refusals.pop(0):
            raise TableError("ValidationException")
        return call()

    refusals = [True, False, True]
    assert invoke(good, poison, meddle=refuse) == {"batchItemFailures": [number_of(poison)]}
    assert [item.item_id for item in published(feed)] == ["good"]
    assert "publish.failed" in log.getvalue()
    assert metric_values(capsys.readouterr().out)["ItemsNotPublished"] == [1.0]
    assert invoke(good, poison) == {"batchItemFailures": []}
    assert [item.item_id for item in published(feed)] == ["good", "poison"]


def test_a_batch_that_fails_as_a_whole_is_answered_and_not_raised(invoke, make_item):
    records = [record(make_item()) for _ in range(3)]
    answer = invoke(*records, context=Context(remaining_ms=1000))
    assert answer == {"batchItemFailures": [number_of(each) for each in records]}


def test_both_records_of_one_item_that_failed_are_asked_for_again(invoke, make_item):
    item = make_item()
    records = [record(item), record(item)]
    answer = invoke(*records, context=Context(remaining_ms=0))
    assert answer == {"batchItemFailures": [number_of(each) for each in records]}


def test_the_settings_name_the_table():
    assert Settings.from_environment({"DASHBOARD_TABLE": "items"}).table == "items"
    with pytest.raises(KeyError):
        Settings.from_environment({})


def test_the_handler_that_lambda_imports_publishes(client, table, monkeypatch, feed, make_item):
    for name, value in {
        "DASHBOARD_TABLE": table,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "POWERTOOLS_METRICS_NAMESPACE": "Test",
        "POWERTOOLS_SERVICE_NAME": "publish",
    }.items():
        monkeypatch.setenv(name, value)
    sys.modules.pop("publish_function.handler", None)
    module = importlib.import_module("publish_function.handler")
    item = make_item()
    assert module.handler({"Records": [record(item)]}, Context()) == {"batchItemFailures": []}
    assert published(feed) == [item]
