"""Tests that a publication keeps within the limits of a transaction."""

import pytest
from dashboard_data.feed.head import Head
from dashboard_data.feed.item import MOST_TAGS
from dashboard_data.publishing.publication import MOST_ACTIONS, batches, publication

from local_lambda.programs.moto_process import item_bytes
from tests.support.fakes import NOON

HEAD = Head("epoch", 0, b"")


def test_no_transaction_passes_the_limits_of_dynamodb(make_item):
    items = [
        make_item(
            ticker=f"T{chr(65 + number % 26)}{chr(65 + number // 26)}",
            tags=tuple(f"tag-{number}-{each}" for each in range(number % 11)),
            timestamp=f"2026-11-22T{number % 24:02d}:{number % 60:02d}:00Z",
        )
        for number in range(300)
    ]
    split = list(batches(items))
    assert [item for chunk in split for item in chunk] == items
    for chunk in split:
        actions = publication(HEAD, {}, chunk, NOON).actions
        assert len(actions) <= MOST_ACTIONS
        assert all(
            len(action["Update"]["UpdateExpression"]) < 4096
            for action in actions
            if "Update" in action
        )
        records = [
            action["Update"]["Key"] if "Update" in action else action["Put"]["Item"]
            for action in actions
        ]
        keys = {(record["PK"]["S"], record["SK"]["S"]) for record in records}
        assert len(keys) == len(actions)


@pytest.mark.parametrize("tags", [10, MOST_TAGS])
def test_many_tags_in_one_hour_are_split_before_their_expression_is_too_long(make_item, tags):
    items = [
        make_item(tags=tuple(f"{number}-{each}" for each in range(tags))) for number in range(48)
    ]
    split = list(batches(items))
    assert len(split) > 1
    for chunk in split:
        for action in publication(HEAD, {}, chunk, NOON).actions:
            assert len(action.get("Update", {}).get("UpdateExpression", "")) < 4096


def test_the_largest_items_that_there_are_stay_below_the_four_megabytes_of_a_transaction(make_item):
    """A key has at most 2,048 bytes; JSON writes a control character as six.

    Hourly records are taken as full: test_hourly.py says how large they get.
    """
    items = [
        make_item(
            item_id=f"{number:04d}" + "\x01" * 2_039,
            ticker=("AAAAA", "BBBBB")[number % 2],
            tags=tuple(f"{each:04d}" + "x" * 96 for each in range(100)),
            timestamp=f"2026-11-22T{number % 12:02d}:00:00Z",
        )
        for number in range(100)
    ]
    for chunk in batches(items):
        written = publication(HEAD, {}, chunk, NOON)
        puts = [action["Put"]["Item"] for action in written.actions if "Put" in action]
        assert max(map(item_bytes, puts)) < 40_000
        assert sum(map(item_bytes, puts)) + 35_000 * len(written.counted) < 4_000_000
