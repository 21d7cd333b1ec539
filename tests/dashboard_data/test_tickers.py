"""Tests that the table of tickers equals a recount of the items."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from dashboard_data import DynamoDbMetrics, DynamoDbPublisher, Item, Table, publisher_backoff
from dashboard_data.feed.feed import FeedEntry
from dashboard_data.hourly import MOST_TICKERS_AN_HOUR, HourlyMetrics
from dashboard_data.tickers import ranked
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes import NOON, MeddledClient
from tests.support.older import OlderClient
from tests.support.recount import by_ticker, topics

PLENTY = [f"T{chr(65 + number // 26)}{chr(65 + number % 26)}" for number in range(26 * 10)]


def dated(moment_s):
    return datetime.fromtimestamp(moment_s, UTC).isoformat().replace("+00:00", "Z")


@pytest.fixture
def metrics(client, table, clock):
    return DynamoDbMetrics(Table(client, table), clock)


@pytest.fixture
def publish_as_before(client, table, clock):
    publisher = DynamoDbPublisher(
        Table(OlderClient(client), table), clock, publisher_backoff(clock.sleep, lambda: 0.5)
    )
    return lambda *items: publisher.publish(items, clock() + 60)


def test_the_table_of_tickers_equals_a_recount(clock, feed, publish, make_item, metrics):
    ages_s = [-3000, 0, 59, 60, 3540, 3600, 7140, 7200, 86400 - 3600, 86400]
    items = [
        make_item(
            ticker=PLENTY[place % 30],
            tags=(("a", PLENTY[place % 30]), ("a", "b"), (PLENTY[place % 30],))[place % 3],
            timestamp=dated(NOON + 30 - ages_s[place % len(ages_s)]),
        )
        for place in range(140)
    ]
    publish(*items)
    clock.advance(30)
    body = metrics.tickers(feed.head().epoch)
    expected = by_ticker(items, clock())
    assert body["tickers"] == expected[:20]
    assert body["others"] == {"total": sum(each["total"] for each in expected[20:])}
    assert body["topics"] == topics(items, clock())
    assert body["timestamp"] == "2026-11-22T12:00:30.000Z"
    total = metrics.window(feed.head().epoch, ("*",)).snapshot(clock())["total"]
    assert sum(each["total"] for each in body["tickers"]) + body["others"]["total"] == total
    for each in body["tickers"]:
        assert sum(each["items_by_minute"]) == each["last_hour"]


def test_without_items_there_is_no_ticker(metrics, feed):
    assert metrics.tickers(feed.head().epoch) == {
        "timestamp": "2026-11-22T12:00:00.000Z",
        "tickers": [],
        "others": {"total": 0},
        "topics": {},
    }


def test_it_takes_one_query_and_one_batch(client, table, clock, feed, publish, make_item):
    publish(*[make_item(ticker=ticker) for ticker in PLENTY[:30]])
    epoch = feed.head().epoch
    meddled = MeddledClient(client)
    DynamoDbMetrics(Table(meddled, table), clock).tickers(epoch)
    assert [name for name, _ in meddled.calls] == ["query", "batch_get_item"]


def test_items_that_come_between_the_two_reads_are_in_both_or_in_none(
    client, table, clock, feed, publish, make_item
):
    publish(make_item(ticker="AAPL"))
    left = [make_item(ticker="AAPL")]

    def come_between(number, name, call):
        if name == "batch_get_item" and left:
            publish(left.pop())
        return call()

    meddled = MeddledClient(client, come_between)
    body = DynamoDbMetrics(Table(meddled, table), clock).tickers(feed.head().epoch)
    (told,) = body["tickers"]
    assert (told["total"], told["last_hour"]) == (2, 2)
    assert len(meddled.calls) == 4


def test_without_end_of_new_items_it_is_read_three_times(
    client, table, clock, feed, publish, make_item
):
    publish(make_item(ticker="AAPL"))

    def come_between(number, name, call):
        if name == "batch_get_item":
            publish(make_item(ticker="AAPL"))
        return call()

    meddled = MeddledClient(client, come_between)
    body = DynamoDbMetrics(Table(meddled, table), clock).tickers(feed.head().epoch)
    assert body["tickers"][0]["total"] == 3
    assert len(meddled.calls) == 6


def test_what_older_code_counted_is_among_the_others(
    clock, feed, publish, publish_as_before, make_item, metrics
):
    publish(make_item(ticker="AAPL"))
    publish_as_before(make_item(ticker="AAPL"), make_item(ticker="MSFT"))
    publish(make_item(ticker="AAPL"))
    body = metrics.tickers(feed.head().epoch)
    assert [(each["ticker"], each["total"]) for each in body["tickers"]] == [("AAPL", 2)]
    assert body["others"] == {"total": 2}


ticker = st.sampled_from(PLENTY)


@given(
    st.lists(
        st.tuples(ticker, st.sampled_from(["none", "own", "topic", "both"])),
        min_size=1,
        max_size=40,
    ),
    st.integers(0, 260),
)
def test_topics_are_the_tags_without_those_that_only_name_the_ticker(drawn, before):
    """An hour may have more tickers than it names, and more tags."""
    hourly = HourlyMetrics()
    expected = Counter()
    pairs = [(PLENTY[place], "both") for place in range(before)] + drawn
    for seq, (name, kind) in enumerate(pairs, 1):
        tags = {"none": (name,), "own": (name,), "topic": ("t",), "both": (name, f"t{seq}")}[kind]
        hourly.add(FeedEntry(seq, Item(f"i{seq}", name, tags, "neutral", 0.5, dated(NOON))))
        expected.update(tag for tag in tags if tag != name)
    found = hourly.topics()
    named = {tag: count for tag, count in found.items() if tag != "(other)"}
    assert named == {tag: expected[tag] for tag in expected if tag in hourly.tags}
    assert found.total() == expected.total()
    assert len(hourly.tickers) <= MOST_TICKERS_AN_HOUR + 1
    ranking = ranked([hourly])
    assert sum(split.total for split in ranking.tickers.values()) + ranking.others == len(pairs)


def test_a_ticker_that_an_hour_does_not_name_is_counted_with_the_others(
    feed, publish, make_item, metrics
):
    items = [make_item(ticker=name) for name in PLENTY[: MOST_TICKERS_AN_HOUR + 9]]
    items += [make_item(ticker=PLENTY[MOST_TICKERS_AN_HOUR + 1]) for _ in range(5)]
    publish(*items)
    body = metrics.tickers(feed.head().epoch)
    assert [each["ticker"] for each in body["tickers"]] == PLENTY[:20]
    assert body["others"] == {"total": MOST_TICKERS_AN_HOUR - 20 + 9 + 5}
    assert body["topics"] == {}


def test_an_hour_whose_record_somebody_has_spoilt_is_left_out_and_stops_nothing(
    client, table, feed, publish, make_item, metrics
):
    publish(make_item(ticker="AAPL", timestamp="2026-11-22T10:00:00Z"), make_item(ticker="AAPL"))
    epoch = feed.head().epoch
    for scope in ("*", "AAPL"):
        client.update_item(
            TableName=table,
            Key={"PK": {"S": f"METRICS#{epoch}#{scope}"}, "SK": {"S": "2026-11-22T12"}},
            UpdateExpression="SET #name = :text",
            ExpressionAttributeNames={"#name": "split#10"},
            ExpressionAttributeValues={":text": {"S": "x"}},
        )

    for scope in ("*", "AAPL"):
        assert metrics.window(epoch, (scope,)).snapshot(NOON)["total"] == 1
    [told] = metrics.tickers(epoch)["tickers"]
    assert (told["ticker"], told["total"]) == ("AAPL", 1)
