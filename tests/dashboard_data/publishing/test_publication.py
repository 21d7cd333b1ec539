"""Tests that a publication keeps within the limits of a transaction."""

import pytest
from dashboard_data.feed.head import Head
from dashboard_data.feed.item import MOST_TAGS
from dashboard_data.publishing.publication import MOST_ACTIONS, batches, publication


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
        actions = publication(Head("epoch", 0, b""), chunk, 0).actions
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
        for action in publication(Head("epoch", 0, b""), chunk, 0).actions:
            assert len(action.get("Update", {}).get("UpdateExpression", "")) < 4096
