"""Tests how records are read: the number of requests, and what is done about keys left unread."""

import pytest
from dashboard_data import (
    Table,
    Throttled,
)

from tests.support.fakes import MeddledClient


def test_keys_that_the_table_leaves_unread_are_asked_for_again_and_then_an_error(
    client, table, feed
):
    feed.head()
    key = {"PK": {"S": "FEED"}, "SK": {"S": "HEAD"}}
    left = [1]

    def leave(number, name, call):
        if left[0]:
            left[0] -= 1
            return {"Responses": {}, "UnprocessedKeys": {table: {"Keys": [key]}}}
        return call()

    reader = Table(MeddledClient(client, leave), table)
    assert set(reader.get_many([("FEED", "HEAD")])) == {("FEED", "HEAD")}
    left[0] = 2
    with pytest.raises(Throttled):
        reader.get_many([("FEED", "HEAD")])


def test_any_number_of_keys_is_read_in_batches_of_a_hundred(client, table, feed):
    feed.head()
    meddled = MeddledClient(client)
    keys = [("FEED", "HEAD"), *[("LOST", str(number)) for number in range(250)]]
    assert set(Table(meddled, table).get_many(keys)) == {("FEED", "HEAD")}
    assert [len(arguments["RequestItems"][table]["Keys"]) for _, arguments in meddled.calls] == [
        100,
        100,
        51,
    ]


def test_each_kind_of_write_is_rehearsed_and_nothing_is_written(client, table):
    meddled = MeddledClient(client)
    Table(meddled, table).rehearse_writes()

    assert [(name, call["ClientMethod"]) for name, call in meddled.calls] == [
        ("generate_presigned_url", "put_item"),
        ("generate_presigned_url", "update_item"),
        ("generate_presigned_url", "transact_write_items"),
    ]
    assert client.scan(TableName=table)["Items"] == []
