"""Tests that the newest items of some tickers are found, whoever has counted them."""

import random

import pytest
from dashboard_data import (
    DynamoDbMetrics,
    DynamoDbPublisher,
    Table,
    newest_of,
    publisher_backoff,
    scopes_of,
    utc_text,
)

from tests.support.fakes import MeddledClient
from tests.support.older import OlderClient


@pytest.fixture
def shown(client, table, clock, feed):
    """Returns the ids of the newest items of these tickers."""

    def read(*tickers, count=20):
        head = feed.head()
        window = DynamoDbMetrics(Table(client, table), clock).window(head.epoch, scopes_of(tickers))
        return [entry.item.item_id for entry in newest_of(feed, head, window, count)]

    return read


@pytest.fixture
def publish_as_before(client, table, clock):
    publisher = DynamoDbPublisher(
        Table(OlderClient(client), table), clock, publisher_backoff(clock.sleep, lambda: 0.5)
    )

    def publish_items(*items):
        assert publisher.publish(items, clock() + 60).failed == {}

    return publish_items


def newest(items, *tickers, count=20):
    return [item.item_id for item in reversed(items) if item.ticker in tickers][:count]


@pytest.mark.parametrize("tickers", [("AAPL",), ("AAPL", "MSFT"), ("NONE",), ("NONE", "TSLA")])
def test_the_newest_items_of_the_tickers_are_found(publish, make_item, clock, shown, tickers):
    """They are the last ones that were published, whatever hour they are dated in."""
    drawn = random.Random(1)
    items = [
        make_item(timestamp=utc_text(clock() - drawn.choice([-3000, 0, 3600, 7200, 36_000])))
        for _ in range(120)
    ]
    publish(*items)
    assert shown(*tickers) == newest(items, *tickers)
    assert shown(*tickers, count=7) == newest(items, *tickers, count=7)


def test_an_item_that_is_far_behind_is_found_and_one_that_is_past_retention_is_not(
    publish, make_item, clock, shown
):
    publish(gone := make_item(ticker="AAPL"))
    clock.advance(3 * 3600)
    publish(rare := make_item(ticker="AAPL"))
    publish(*[make_item(ticker="MSFT") for _ in range(600)])
    assert shown("AAPL") == [rare.item_id, gone.item_id]
    clock.advance(22 * 3600)
    assert shown("AAPL") == [rare.item_id]


@pytest.mark.parametrize("seed", range(6))
def test_older_and_newer_publishers_beside_each_other_hide_no_item(
    publish, publish_as_before, make_item, clock, shown, seed
):
    drawn = random.Random(seed)
    items = []
    for _ in range(drawn.randint(1, 10)):
        group = [
            make_item(timestamp=utc_text(clock() - drawn.choice([0, 0, 3600, 7200])))
            for _ in range(drawn.randint(1, 30))
        ]
        drawn.choice([publish, publish_as_before])(*group)
        items += group
        for tickers in (("AAPL",), ("MSFT", "TSLA")):
            assert shown(*tickers) == newest(items, *tickers)


def test_it_takes_one_call_and_a_search_only_where_older_code_has_counted(
    client, table, clock, feed, publish, publish_as_before, make_item
):
    def calls():
        meddled = MeddledClient(client)
        head = feed.head()
        window = DynamoDbMetrics(Table(client, table), clock).window(head.epoch, ("AAPL",))
        newest_of(type(feed)(Table(meddled, table), clock), head, window)
        return [name for name, _ in meddled.calls]

    publish(*[make_item(ticker="AAPL") for _ in range(5)])
    assert calls() == ["batch_get_item"]
    publish_as_before(make_item(ticker="AAPL"))
    assert calls() == ["batch_get_item", "query"]
    publish(*[make_item(ticker="AAPL") for _ in range(3)])
    assert calls() == ["batch_get_item", "query"]
    publish(*[make_item(ticker="AAPL") for _ in range(20)])
    assert calls() == ["batch_get_item"]


def test_a_window_of_all_tickers_has_the_newest_of_the_feed(
    client, table, clock, feed, publish, make_item
):
    publish(*(items := [make_item() for _ in range(25)]))
    head = feed.head()
    window = DynamoDbMetrics(Table(client, table), clock).window(head.epoch, scopes_of(None))
    assert newest_of(feed, head, window) == feed.recent(head.cursor, 20)
    assert newest_of(feed, head, window)[0].item == items[-1]
