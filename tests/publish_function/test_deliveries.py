"""Records of the table's stream that come late, twice, out of order or for nothing."""

import random

import pytest
from dashboard_data import DynamoDbMetrics, Table, scopes_of

from tests.publish_function.stream_records import Context, published, record
from tests.support.fakes import TableError
from tests.support.recount import counts, recount

DAY_S = 86_400


def changed(item, **attributes):
    return record(item, **attributes) | {"eventName": "MODIFY"}


def removed(item):
    """Returns the record of an item that was deleted: a stream of NEW_IMAGE has no image of it."""
    told = record(item) | {"eventName": "REMOVE"}
    del told["dynamodb"]["NewImage"]
    return told


def until_done(invoke, records, **options):
    """Delivers as Lambda does: from the first record on that failed, until none fails."""
    for _ in range(20):
        failed = {
            each["itemIdentifier"] for each in invoke(*records, **options)["batchItemFailures"]
        }
        numbers = [each["dynamodb"]["SequenceNumber"] for each in records]
        if not failed:
            return
        records = records[min(map(numbers.index, failed)) :]
    raise AssertionError("the batch is never done")


@pytest.mark.parametrize("seed", range(8))
def test_each_item_comes_once_however_its_records_are_delivered(
    invoke, feed, make_item, client, table, clock, seed
):
    dice = random.Random(seed)
    items = [make_item() for _ in range(12)]
    records = []
    for item in items:
        records += [record(item)] * dice.choice([1, 1, 2])
        records += [changed(item) for _ in range(dice.choice([0, 0, 1, 2]))]
        records += [removed(item)] * dice.choice([0, 0, 1])
    dice.shuffle(records)

    def failing(number, name, call):
        if name == "transact_write_items" and dice.random() < 0.3:
            if dice.random() < 0.5:
                call()  # it is done, and nobody hears of it
            raise TableError("InternalServerError")
        return call()

    while records:
        batch, records = records[:5], records[5:]
        until_done(invoke, batch, meddle=failing)
        if dice.random() < 0.5:
            until_done(invoke, batch)

    found = published(feed)
    assert sorted(each.item_id for each in found) == sorted(item.item_id for item in items)
    window = DynamoDbMetrics(Table(client, table), clock).window(feed.head().epoch, scopes_of(None))
    assert counts(window.snapshot(clock())) == recount(items, clock())


def test_a_change_without_a_change_publishes_nothing_again(invoke, feed, make_item):
    item = make_item()
    for each in (record(item), changed(item), changed(item)):
        assert invoke(each) == {"batchItemFailures": []}
    assert published(feed) == [item]


def test_an_item_that_was_deleted_before_its_record_came_is_published_as_it_was(
    invoke, feed, make_item
):
    item = make_item()
    assert invoke(record(item), removed(item)) == {"batchItemFailures": []}
    assert invoke(removed(make_item())) == {"batchItemFailures": []}
    assert published(feed) == [item]


def test_a_record_that_comes_a_day_late_is_published_and_counted_where_it_belongs(
    invoke, feed, make_item, client, table, clock
):
    late = make_item()
    clock.advance(DAY_S - 2 * 3600)
    punctual = make_item()
    invoke(record(punctual), record(late))
    window = DynamoDbMetrics(Table(client, table), clock).window(feed.head().epoch, scopes_of(None))

    assert published(feed) == [punctual, late]
    assert counts(window.snapshot(clock())) == recount([punctual, late], clock())


def test_a_batch_is_retried_from_what_failed_and_what_succeeded_is_not_published_again(
    invoke, feed, make_item
):
    items = [make_item() for _ in range(3)]
    records = [record(each) for each in items]
    invoke(records[0])
    response = invoke(*records, context=Context(remaining_ms=0))
    assert len(response["batchItemFailures"]) == 3
    assert invoke(*records) == {"batchItemFailures": []}
    assert published(feed) == items
