"""Tests the promises of every feed, on the one in the table and the one in memory."""

from itertools import pairwise

import pytest
from dashboard_data import (
    Cursor,
    DynamoDbFeed,
    DynamoDbPublisher,
    ResetReason,
    Table,
    event_id,
    publisher_backoff,
)
from dashboard_data.dynamodb import key
from dashboard_data.feed.feed import RETENTION_S
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.fakes import InMemoryFeed


class TableFeed(DynamoDbFeed):
    """The feed in the table, with the operations that the contract tests need."""

    def __init__(self, client, table, clock):
        super().__init__(Table(client, table), clock)
        self._publisher = DynamoDbPublisher(
            Table(client, table), clock, publisher_backoff(clock.sleep, lambda: 0.5)
        )
        self.clock, self.client, self.table = clock, client, table

    def publish(self, *items):
        assert self._publisher.publish(items, self.clock() + 60).failed == {}

    def rebuild(self):
        self.client.delete_item(TableName=self.table, Key=key("FEED", "HEAD"))
        self.head()


@pytest.fixture(params=["table", "memory"])
def feed(request, clock, client, table):
    return TableFeed(client, table, clock) if request.param == "table" else InMemoryFeed(clock)


def ids(entries):
    return [entry.item.item_id for entry in entries]


def test_an_empty_feed_starts_at_its_head(feed):
    head = feed.head()
    assert head.seq == 0
    assert feed.after(head.cursor).entries == ()
    assert feed.recent(head.cursor, 20) == ()
    assert feed.recent(head.cursor, 0) == ()
    assert feed.resume(None) == (head.cursor, head, None)


def test_numbers_are_gap_free_and_entries_come_in_order(feed, make_item):
    items = [make_item() for _ in range(70)]
    feed.publish(*items)
    entries = feed.after(feed.head().cursor._replace(seq=0)).entries
    assert ids(entries) == [item.item_id for item in items]
    assert all(after.seq == before.seq + 1 for before, after in pairwise(entries))


def test_an_entry_is_the_item_that_was_published(feed, make_item):
    start = feed.head().cursor
    item = make_item(tags=("a", "b"), score=0.125)
    feed.publish(item)
    assert feed.after(start).entries[0].item == item


def test_a_page_is_no_longer_than_asked_for_and_says_that_there_is_more(feed, make_item):
    cursor = feed.head().cursor
    items = [make_item() for _ in range(7)]
    feed.publish(*items)
    received, more = [], True
    while more:
        page = feed.after(cursor, limit=3)
        assert len(page.entries) <= 3
        received += page.entries
        cursor, more = page.cursor, page.more
    assert ids(received) == [item.item_id for item in items]


def test_the_newest_entries_come_newest_first_and_not_beyond_the_position(feed, make_item):
    feed.publish(*[make_item() for _ in range(5)])
    position = feed.head().cursor
    feed.publish(make_item())
    assert [entry.seq for entry in feed.recent(position, 3)] == [5, 4, 3]


def test_a_client_that_comes_back_starts_where_it_was(feed, make_item):
    feed.publish(make_item(), make_item())
    head = feed.head()
    cursor = Cursor(head.epoch, 1)
    assert feed.resume(event_id(cursor, head.secret, "n1")) == (cursor, head, None)


def test_a_client_that_missed_nothing_starts_at_the_head_however_old_its_position(
    feed, make_item, clock
):
    feed.publish(make_item())
    head = feed.head()
    clock.advance(3 * RETENTION_S)
    assert feed.resume(event_id(head.cursor, head.secret)).reset is None


@pytest.mark.parametrize(
    "text", ["test-event-12345", "x" * 5000, "\ud800", "a-1-AAAAAAAAAAAA\r\nid: 1", "-"]
)
def test_a_malformed_position_is_unknown(feed, text):
    head = feed.head()
    assert feed.resume(text) == (head.cursor, head, ResetReason.UNKNOWN)


def test_a_forged_position_is_unknown(feed, make_item):
    feed.publish(make_item(), make_item())
    head = feed.head()
    assert feed.resume(event_id(Cursor(head.epoch, 1), b"another secret")) == (
        head.cursor,
        head,
        ResetReason.UNKNOWN,
    )


def test_a_position_from_the_future_is_refused(feed):
    head = feed.head()
    assert feed.resume(event_id(Cursor(head.epoch, 5), head.secret)) == (
        head.cursor,
        head,
        ResetReason.FUTURE,
    )


def test_a_position_from_before_history_was_rebuilt_is_refused(feed, make_item):
    feed.publish(make_item())
    old = feed.head()
    feed.rebuild()
    head = feed.head()
    assert head.epoch != old.epoch
    assert feed.resume(event_id(old.cursor, old.secret)) == (head.cursor, head, ResetReason.REBUILT)


def test_a_position_just_past_retention_is_too_old_and_one_just_within_is_not(
    feed, make_item, clock
):
    feed.publish(make_item())
    clock.advance(100)
    feed.publish(make_item())
    head = feed.head()
    clock.advance(RETENTION_S - 100)
    assert feed.resume(event_id(Cursor(head.epoch, 0), head.secret)).reset == ResetReason.TOO_OLD
    assert feed.resume(event_id(Cursor(head.epoch, 1), head.secret)).reset is None
    clock.advance(99)
    assert feed.resume(event_id(Cursor(head.epoch, 1), head.secret)).reset is None
    clock.advance(1)
    assert feed.resume(event_id(Cursor(head.epoch, 1), head.secret)).reset == ResetReason.TOO_OLD


def test_entries_past_retention_are_never_shown_though_nobody_has_swept_them(
    feed, make_item, clock
):
    start = feed.head().cursor
    feed.publish(make_item(), make_item())
    clock.advance(RETENTION_S)
    feed.publish(make_item())
    assert [entry.seq for entry in feed.recent(feed.head().cursor, 20)] == [3]
    page = feed.after(start)
    assert (page.entries, page.cursor, page.reset) == ((), start, ResetReason.TOO_OLD)


def test_a_late_item_with_an_older_timestamp_is_delivered_like_any_other(feed, make_item):
    feed.publish(make_item(timestamp="2026-11-22T12:00:00Z"))
    position = feed.head().cursor
    feed.publish(make_item(timestamp="2026-11-22T02:00:00Z"))
    assert [entry.seq for entry in feed.after(position).entries] == [2]


def test_a_hundred_items_of_one_millisecond_are_all_delivered(feed, make_item):
    start = feed.head().cursor
    items = [make_item(timestamp="2026-11-22T12:00:00.001Z") for _ in range(100)]
    feed.publish(*items)
    assert ids(feed.after(start).entries) == [item.item_id for item in items]


def test_writers_with_clocks_that_differ_are_ordered_by_number(feed, make_item):
    start = feed.head().cursor
    times = ["2026-11-22T12:00:05Z", "2026-11-22T11:59:55Z", "2026-11-22T12:00:00Z"]
    for time in times:
        feed.publish(make_item(timestamp=time))
    assert [entry.item.timestamp for entry in feed.after(start).entries] == times


def test_midnight_changes_nothing_for_a_reader(feed, make_item, clock):
    clock.advance(12 * 3600 - 1)
    start = feed.head().cursor
    feed.publish(make_item())
    clock.advance(2)
    feed.publish(make_item())
    assert [entry.seq for entry in feed.after(start).entries] == [1, 2]


def test_two_tabs_with_one_position_get_the_same(feed, make_item):
    start = feed.head().cursor
    feed.publish(make_item(), make_item())
    assert feed.after(start) == feed.after(start)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)
@given(text=st.text(max_size=300) | st.none())
def test_no_last_event_id_is_an_error(feed, text):
    assert feed.resume(text).reset == (None if text is None else ResetReason.UNKNOWN)
