"""Tests how records are published, from a Lambda payload to the table, the log and the metrics."""

import json

import pytest
from dashboard_data import DynamoDbMetrics, Table, scopes_of, utc_text

from tests.publish_function.stream_records import SECRET_TEXT, metric_values, published, record
from tests.support.fakes import TableError
from tests.support.recount import counts, recount

CANCELLED = "TransactionCanceledException"


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


def changed(item, **attributes):
    return record(item, **attributes) | {"eventName": "MODIFY"}


def test_an_item_that_becomes_valid_later_is_published_then_and_once(invoke, feed, make_item):
    early, late = make_item(), make_item()
    invoke(record(early), record(late, sentiment=None, score=None))
    assert published(feed) == [early]
    invoke(changed(late), changed(late, score={"N": "0.75"}), changed(early))
    invoke(changed(late, sentiment={"S": "negative"}))
    assert published(feed) == [early, late]


def test_an_item_written_and_analysed_within_one_batch_is_published_once(invoke, feed, make_item):
    item = make_item()
    invoke(record(item, score=None), changed(item), changed(item, score={"N": "1"}))
    assert published(feed) == [item]


def test_an_item_that_is_touched_is_published_if_it_never_was(invoke, feed, make_item):
    """The queue of publishing failures has given it up before."""
    item = make_item()
    invoke(changed(item, redriven_at={"S": "2026-11-22T12:00:00Z"}))
    invoke(changed(item, redriven_at={"S": "2026-11-22T12:00:01Z"}))
    assert published(feed) == [item]


def test_metrics_equal_a_recount_when_items_become_valid_later(
    invoke, feed, make_item, client, table, clock
):
    items = [make_item() for _ in range(20)]
    for item in items:
        invoke(record(item, sentiment=None, score=None))
    clock.advance(600)
    for item in items[::-1]:
        invoke(changed(item), changed(item, score={"N": "1"}))
    metrics = DynamoDbMetrics(Table(client, table), clock)
    window = metrics.window(feed.head().epoch, scopes_of(None))
    assert counts(window.snapshot(clock())) == recount(items, clock())


def test_a_change_of_an_item_older_than_any_mark_is_passed_over(invoke, feed, make_item, log):
    old = make_item(timestamp="2025-10-01T00:00:00Z")
    invoke(changed(old))
    assert published(feed) == []
    assert "left_out" not in log.getvalue()


def test_items_that_wait_for_their_analysis_ring_no_alarm(invoke, make_item, log, capsys):
    invoke(record(make_item(), sentiment=None, score=None), record(make_item(), score=None))
    counted = metric_values(capsys.readouterr().out)
    assert counted == {"ItemsWaiting": [1.0], "ItemsLeftOut": [1.0], "ItemsPublished": [0.0]}
    assert "item.waiting" not in log.getvalue()


def test_a_timestamp_more_than_an_hour_ahead_of_its_writing_is_left_out(
    invoke, feed, make_item, clock, log
):
    good = make_item(timestamp=utc_text(clock() + 3600))
    invoke(record(good), record(make_item(timestamp=utc_text(clock() + 3601))))
    unknown = record(make_item(timestamp=utc_text(clock() + 3601)))
    del unknown["dynamodb"]["ApproximateCreationDateTime"]
    invoke(unknown)
    assert published(feed) == [good]
    assert log.getvalue().count("must not be more than an hour ahead") == 2


def test_what_could_not_be_counted_is_logged_and_counted(invoke, feed, make_item, log, capsys):
    def refuse(number, name, call):
        if name == "transact_write_items" and refusals and refusals.pop():
            raise TableError(CANCELLED, ["None", "None", "None", "ValidationError", "None"])
        return call()

    refusals = [True]
    item = make_item()
    assert invoke(record(item), meddle=refuse) == {"batchItemFailures": []}
    assert published(feed) == [item]
    assert metric_values(capsys.readouterr().out)["ItemsNotCounted"] == [1.0]
    (line,) = [
        json.loads(line) for line in log.getvalue().splitlines() if "publish.not_counted" in line
    ]
    assert (line["items"], line["hours"]) == (1, ["* 2026-11-22T12"])
