"""Tests how the feed reads the table: number and size of requests, and copies that lag."""

import copy
import gc
import math

import pytest
from dashboard_data import (
    Cursor,
    DynamoDbFeed,
    Item,
    Lease,
    ResetReason,
    SharedReader,
    Table,
    event_id,
)
from dashboard_data.dynamodb import key
from dashboard_data.feed.feed import FeedEntry, entry_key, entry_record
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.dynamo_type import Item as MotoItem
from moto.dynamodb.models.table import Table as MotoTable

from tests.support.fakes import NOON, MeddledClient


def stale_without(*missing, times=1):
    """Makes eventually consistent queries miss these numbers, as often as `times` says."""
    left = [times]

    def meddle(number, name, call):
        response = call()
        if name == "query" and left[0]:
            left[0] -= 1
            response["Items"] = [
                record for record in response["Items"] if int(record["SK"]["S"]) not in missing
            ]
        return response

    return meddle


def queries(meddled):
    return [arguments for name, arguments in meddled.calls if name == "query"]


def test_an_idle_poll_is_one_eventually_consistent_query(client, table, clock, feed):
    head = feed.head()
    meddled = MeddledClient(client)
    DynamoDbFeed(Table(meddled, table), clock).after(head.cursor)
    assert [name for name, _ in meddled.calls] == ["query"]
    assert meddled.calls[0][1]["ConsistentRead"] is False


def test_a_hole_is_read_again_consistently_before_moving_on(
    client, table, clock, feed, publish, make_item
):
    start = feed.head().cursor
    publish(*[make_item() for _ in range(5)])
    meddled = MeddledClient(client, stale_without(2, 3))
    page = DynamoDbFeed(Table(meddled, table), clock).after(start)
    assert [entry.seq for entry in page.entries] == [1, 2, 3, 4, 5]
    assert [arguments["ConsistentRead"] for arguments in queries(meddled)] == [False, True]


def test_a_copy_that_lags_at_its_end_loses_nothing(client, table, clock, feed, publish, make_item):
    start = feed.head().cursor
    publish(*[make_item() for _ in range(5)])
    reader = DynamoDbFeed(Table(MeddledClient(client, stale_without(4, 5)), table), clock)
    page = reader.after(start)
    assert [entry.seq for entry in page.entries] == [1, 2, 3]
    assert [entry.seq for entry in reader.after(page.cursor).entries] == [4, 5]


def test_what_is_known_to_be_there_is_read_at_once(client, table, clock, feed, publish, make_item):
    start = feed.head().cursor
    publish(*[make_item() for _ in range(5)])
    reader = DynamoDbFeed(Table(MeddledClient(client, stale_without(4, 5)), table), clock)
    assert len(reader.after(start, known_seq=5).entries) == 5


def test_a_stale_page_after_a_fresh_one_moves_nothing_back(
    client, table, clock, feed, publish, make_item
):
    start = feed.head().cursor
    publish(*[make_item() for _ in range(3)])
    fresh = feed.after(start)
    publish(make_item())
    page = DynamoDbFeed(
        Table(MeddledClient(client, stale_without(1, 2, 3, 4)), table), clock
    ).after(fresh.cursor)
    assert (page.entries, page.cursor, page.reset) == ((), fresh.cursor, None)


def test_a_hole_that_stays_is_a_reset_and_never_skipped(
    client, table, clock, feed, publish, make_item
):
    start = feed.head().cursor
    publish(*[make_item() for _ in range(3)])
    client.delete_item(TableName=table, Key=key(*entry_key(Cursor(start.epoch, 2))))
    page = feed.after(start)
    assert (page.entries, page.cursor, page.reset) == ((), start, ResetReason.TOO_OLD)
    assert feed.after(Cursor(start.epoch, 2)).reset is None


def test_a_position_whose_next_entry_was_swept_is_too_old(
    client, table, clock, feed, publish, make_item
):
    head = feed.head()
    publish(make_item(), make_item())
    client.delete_item(TableName=table, Key=key(*entry_key(Cursor(head.epoch, 1))))
    assert feed.resume(event_id(head.cursor, head.secret)).reset == ResetReason.TOO_OLD


def test_a_malformed_position_costs_no_more_than_none(client, table, clock, feed):
    feed.head()
    for text in (None, "nonsense"):
        meddled = MeddledClient(client)
        DynamoDbFeed(Table(meddled, table), clock).resume(text)
        assert [name for name, _ in meddled.calls] == ["get_item"]


class IndexedTable(MotoTable):
    """Finds a partition by its key, where moto's own table sorts all its records for each Query."""

    def query(self, hash_key, *arguments, **named):
        partition = copy.copy(self)
        partition.items = {hash_key: self.items.get(hash_key, {})}
        return MotoTable.query(partition, hash_key, *arguments, **named)


@pytest.fixture(scope="module")
def large_table(client, new_table):
    """Puts 100,000 entries straight into moto: writing them through the API would take minutes."""
    name = new_table()
    head = DynamoDbFeed(Table(client, name), lambda: NOON).head()
    moto_table = dynamodb_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].tables[name]
    moto_table.__class__ = IndexedTable
    gc.disable()
    for seq in range(1, 100_001):
        item = Item(f"i{seq}", "AAPL", ("AAPL",), "neutral", 0.5, "2026-11-22T12:00:00Z", NOON)
        record = entry_record(head.epoch, FeedEntry(seq, item), NOON)
        partition, sort = DynamoType(record["PK"]), DynamoType(record["SK"])
        kept = record if seq > 99_000 else {}  # older entries are never read
        moto_table.items[partition][sort] = MotoItem(partition, sort, kept)
    gc.freeze()
    gc.enable()
    client.update_item(
        TableName=name,
        Key=key("FEED", "HEAD"),
        UpdateExpression="SET seq = :seq",
        ExpressionAttributeValues={":seq": {"N": "100000"}},
    )
    yield name
    gc.unfreeze()


def units(name, arguments, response):
    """Returns the read units of one request, from the bytes that it read.

    moto's own figures do not depend on the bytes.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/provisioned-capacity-mode.html
    """
    if name == "query":
        read = [sum(map(size_of, response["Items"]))]
        consistent = arguments.get("ConsistentRead", False)
    elif name == "batch_get_item":
        ((table, request),) = arguments["RequestItems"].items()
        read = [size_of(record) for record in response["Responses"][table]]
        read += [0] * (len(request["Keys"]) - len(read))
        consistent = request.get("ConsistentRead", False)
    else:
        read, consistent = [size_of(response.get("Item", {}))], arguments["ConsistentRead"]
    return sum(max(1, math.ceil(size / 4096)) for size in read) * (1 if consistent else 0.5)


def size_of(record):
    return sum(len(name) + len(str(next(iter(value.values())))) for name, value in record.items())


def spent(client, table, clock, position):
    """Returns the units of each request in one poll by a global stream at this position."""
    requests = []

    def metered(number, name, call):
        response = call()
        requests.append(units(name, meddled.calls[-1][1], response))
        return response

    meddled = MeddledClient(client, metered)
    lease = Lease(f"0-{'k' * 22}", "me", 0, ("me#0000",), "lifeline")
    lifeline = key(*lease.key) | {"expires_at": {"N": "9999999999"}}
    client.put_item(TableName=table, Item=lifeline)  # transactions of moto copy the whole table
    poll = SharedReader(
        DynamoDbFeed(Table(meddled, table), clock),
        Table(meddled, table),
        clock,
        pause=clock.pause,
    )
    with poll.follow(position, lease=lease) as watch:
        poll.wait(watch)
    return requests


def test_an_idle_poll_of_100_000_entries_costs_what_it_costs_of_100(
    client, large_table, table, feed, publish, make_item, clock
):
    publish(*[make_item() for _ in range(100)])
    small = spent(client, table, clock, feed.head().cursor)
    large = spent(
        client, large_table, clock, DynamoDbFeed(Table(client, large_table), clock).head().cursor
    )
    assert small == large == [1]


def test_what_a_poll_costs_is_measured(client, table, feed, publish, make_item, clock):
    """Shows that the measure sees a difference: a hundred items cost more than none."""
    start = feed.head().cursor
    publish(*[make_item() for _ in range(100)])
    assert spent(client, table, clock, start)[0] == 1
    assert spent(client, table, clock, start)[1] >= 2


def test_a_resume_of_500_missed_entries_among_100_000_takes_few_requests(
    client, large_table, clock
):
    """`tests/system/limits/test_resume.py` measures how long it takes through real sockets."""
    meddled = MeddledClient(client)
    feed = DynamoDbFeed(Table(meddled, large_table), clock)
    head = feed.head()
    last_seen = event_id(Cursor(head.epoch, head.seq - 500), head.secret)
    cursor, received, more = feed.resume(last_seen).cursor, [], True
    while more:
        page = feed.after(cursor, known_seq=head.seq)
        cursor, more = page.cursor, page.more
        received += page.entries
    assert [entry.seq for entry in received] == list(range(99_501, 100_001))
    assert [name for name, _ in meddled.calls[1:]] == ["get_item", "get_item", "query", "query"]


def test_a_page_ends_where_a_partition_of_the_feed_does_and_says_so(client, large_table, clock):
    feed = DynamoDbFeed(Table(client, large_table), clock)
    epoch = feed.head().epoch
    page = feed.after(Cursor(epoch, 99_990))
    assert ([entry.seq for entry in page.entries], page.more) == (
        list(range(99_991, 100_000)),
        True,
    )
    page = feed.after(page.cursor)
    assert ([entry.seq for entry in page.entries], page.more) == ([100_000], False)


def test_the_newest_entries_are_found_across_partitions(client, large_table, clock):
    feed = DynamoDbFeed(Table(client, large_table), clock)
    recent = feed.recent(feed.head().cursor, 20)
    assert [entry.seq for entry in recent] == list(range(100_000, 99_980, -1))
