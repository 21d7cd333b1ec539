"""Tests how records are published, from a Lambda payload to the table, the log and the metrics."""

import json

import pytest

from tests.publish_function.stream_records import SECRET_TEXT, metric_values, published, record


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
    response = invoke(
        record(bad, score={"N": "7"}), record(good), broken, record(make_item(), PK={"N": "1"})
    )
    assert response == {"batchItemFailures": []}
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
