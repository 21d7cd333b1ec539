"""Tests which records of a batch are reported as failed."""

from tests.publish_function.stream_records import (
    Context,
    metric_values,
    number_of,
    published,
    record,
)
from tests.support.fakes import TableError


def test_only_the_items_that_could_not_be_published_are_asked_for_again(
    invoke, feed, make_item, log, capsys
):
    good, poison = record(make_item(item_id="good")), record(make_item(item_id="poison"))

    def refuse(number, name, call):
        if name == "transact_write_items" and refusals.pop(0):
            raise TableError("ValidationException")
        return call()

    # Both, then each alone; then the second one, counted in fewer and fewer hours.
    refusals = [True, False, True, True, True, True]
    assert invoke(good, poison, meddle=refuse) == {"batchItemFailures": [number_of(poison)]}
    assert [item.item_id for item in published(feed)] == ["good"]
    assert "publish.failed" in log.getvalue()
    assert metric_values(capsys.readouterr().out)["ItemsNotPublished"] == [1.0]
    assert invoke(good, poison) == {"batchItemFailures": []}
    assert [item.item_id for item in published(feed)] == ["good", "poison"]


def test_a_batch_that_fails_as_a_whole_is_answered_and_not_raised(invoke, make_item):
    records = [record(make_item()) for _ in range(3)]
    response = invoke(*records, context=Context(remaining_ms=1000))
    assert response == {"batchItemFailures": [number_of(each) for each in records]}


def test_both_records_of_one_item_that_failed_are_asked_for_again(invoke, make_item):
    item = make_item()
    records = [record(item), record(item)]
    response = invoke(*records, context=Context(remaining_ms=0))
    assert response == {"batchItemFailures": [number_of(each) for each in records]}
