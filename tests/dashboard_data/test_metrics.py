"""Tests that metrics equal a recount of the items, at any time and with items in between."""

import json
from datetime import UTC, datetime

import pytest
from dashboard_data import (
    DynamoDbMetrics,
    DynamoDbPublisher,
    Item,
    MetricsWindow,
    Table,
    publisher_backoff,
    scopes_of,
    utc_text,
)
from dashboard_data.feed.feed import FeedEntry
from dashboard_data.hourly import OTHER_TAGS
from dashboard_data.metrics import MOST_BY_TAG_BYTES, MOST_TAGS_SHOWN, most_frequent
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fakes import NOON, MeddledClient
from tests.support.older import OlderClient
from tests.support.recount import counts, recount

tickers = st.sampled_from(["AAPL", "MSFT", "TSLA"])


@st.composite
def items(draw):
    moment = datetime.fromtimestamp(NOON - draw(st.integers(-2 * 3600, 30 * 3600)), UTC)
    return Item(
        item_id=draw(st.uuids()).hex,
        ticker=draw(tickers),
        tags=tuple(draw(st.sets(st.sampled_from(["a", "b", "positive", "#1", ""]), max_size=3))),
        sentiment=draw(st.sampled_from(["positive", "neutral", "negative"])),
        score=draw(st.floats(0, 1)),
        timestamp=moment.isoformat().replace("+00:00", "Z"),
    )


@given(
    st.lists(items(), max_size=40, unique_by=lambda item: item.item_id),
    st.none() | st.lists(tickers, max_size=4),
    st.integers(0, 5 * 3600),
)
def test_a_window_kept_in_memory_equals_a_recount_at_any_time(published, followed, later):
    window = MetricsWindow(scopes_of(followed))
    for seq, item in enumerate(published, 1):
        entry = FeedEntry(seq, item)
        assert window.apply(entry) == window.covers(entry)
        assert not window.apply(entry)
    for now in (NOON, NOON + later):
        snapshot = window.snapshot(now)
        assert counts(snapshot) == recount(published, now, followed)
        assert (
            snapshot["total"] == snapshot["positive"] + snapshot["neutral"] + snapshot["negative"]
        )


def test_a_window_read_from_the_table_equals_a_recount(
    client, table, clock, feed, publish, make_item
):
    moments = [
        "21T12:59",
        "21T13:00",
        "22T10:59",
        "22T11:00",
        "22T11:01",
        "22T12:00",
        "22T12:01",
        "22T13:00",
    ]
    published = [
        make_item(tags=tags, timestamp=f"2026-11-{moment}:00Z")
        for tags in ((), ("a", "b"))
        for moment in moments
    ]
    publish(*published)
    for followed in (None, ["AAPL"], ["MSFT", "TSLA", "MSFT"], ["NONE"]):
        window = DynamoDbMetrics(Table(client, table), clock).window(
            feed.head().epoch, scopes_of(followed)
        )
        assert counts(window.snapshot(clock())) == recount(published, clock(), followed)


def test_items_between_reading_the_position_and_the_metrics_are_counted_once(
    client, table, clock, feed, publish, make_item
):
    before, between, after = make_item(), make_item(), make_item()
    publish(before)
    position = feed.head().cursor
    publish(between)
    window = DynamoDbMetrics(Table(client, table), clock).window(position.epoch, scopes_of(None))
    publish(after)
    assert [window.apply(entry) for entry in feed.after(position).entries] == [False, True]
    assert counts(window.snapshot(clock())) == recount([before, between, after], clock())


def test_the_hours_roll_over_by_the_clock_alone(make_item, clock):
    window = MetricsWindow(scopes_of(None))
    item = make_item(timestamp="2026-11-22T12:30:00Z")
    window.apply(FeedEntry(1, item))
    assert window.snapshot(NOON)["rate_last_hour"] == 0  # half an hour ahead
    rates = {
        minutes: window.snapshot(NOON + minutes * 60)["rate_last_hour"]
        for minutes in (29, 30, 89, 90)
    }
    assert rates == {29: 0, 30: 1, 89: 1, 90: 0}
    assert window.snapshot(NOON + 24 * 3600 - 1)["total"] == 1
    assert window.snapshot(NOON + 24 * 3600)["total"] == 0


def test_a_snapshot_says_when_it_was_taken():
    assert MetricsWindow(("*",)).snapshot(NOON) == {
        "total": 0,
        "positive": 0,
        "neutral": 0,
        "negative": 0,
        "by_tag": {},
        "rate_last_hour": 0,
        "rate_last_24h": 0,
        "minutes": {
            "positive": [0] * 60,
            "neutral": [0] * 60,
            "negative": [0] * 60,
            "score_sum": [0.0] * 60,
        },
        "timestamp": "2026-11-22T12:00:00.000Z",
    }


def test_a_window_is_one_consistent_query_for_each_scope(client, table, clock, feed):
    meddled = MeddledClient(client)
    DynamoDbMetrics(Table(meddled, table), clock).window(
        feed.head().epoch, scopes_of(["AAPL", "MSFT"])
    )
    assert [(name, arguments["ConsistentRead"]) for name, arguments in meddled.calls] == [
        ("query", True)
    ] * 2


def test_a_window_of_many_pages_is_read_to_its_end(client, table, clock, feed, publish, make_item):
    publish(*[make_item(timestamp=f"2026-11-22T{hour:02d}:00:00Z") for hour in range(12)])

    def one_at_a_time(number, name, call):
        response = call()
        if name == "query" and len(response["Items"]) > 1:
            response["Items"] = response["Items"][:1]
            response["LastEvaluatedKey"] = {
                each: response["Items"][0][each] for each in ("PK", "SK")
            }
        return response

    meddled = MeddledClient(client, one_at_a_time)
    window = DynamoDbMetrics(Table(meddled, table), clock).window(
        feed.head().epoch, scopes_of(None)
    )
    assert window.snapshot(clock())["total"] == 12
    assert len(meddled.calls) == 12


def test_a_window_reads_no_hour_that_is_further_ahead_than_an_item_may_be(
    client, table, clock, feed, publish, make_item
):
    """Older versions counted items of any hour ahead."""
    publish(make_item())
    epoch = feed.head().epoch
    for hour in range(150):
        ahead = datetime.fromtimestamp(NOON + (2 + 3 * hour) * 3600, UTC).strftime("%Y-%m-%dT%H")
        record = {"PK": {"S": f"METRICS#{epoch}#*"}, "SK": {"S": ahead}, "seq": {"N": "1"}}
        client.put_item(TableName=table, Item=record)
    read = []

    def count(number, name, call):
        response = call()
        read.extend(response["Items"])
        return response

    metrics = DynamoDbMetrics(Table(MeddledClient(client, count), table), clock)
    assert metrics.window(epoch, scopes_of(None)).snapshot(clock())["total"] == 1
    assert len(read) == 1


def test_a_window_has_at_most_25_records_of_each_scope(
    client, table, clock, feed, publish, make_item
):
    hours = range(-40, 2)
    publish(*[make_item(timestamp=utc_text(clock() + hour * 3600)) for hour in hours])
    read = []

    def count(number, name, call):
        response = call()
        read.extend(response["Items"])
        return response

    metrics = DynamoDbMetrics(Table(MeddledClient(client, count), table), clock)
    metrics.window(feed.head().epoch, scopes_of(None))
    assert len(read) == 25


def test_an_item_too_old_to_be_shown_is_published_and_leaves_no_record(
    client, table, clock, feed, publish, make_item
):
    publish(make_item(timestamp="1999-01-01T00:00:00Z"), make_item())
    hours = [
        record["SK"]["S"]
        for record in client.scan(TableName=table)["Items"]
        if record["PK"]["S"].startswith("METRICS#")
    ]
    assert set(hours) == {"2026-11-22T12"}
    assert feed.head().seq == 2


any_tags = st.dictionaries(
    st.text(st.characters(codec="utf-8"), max_size=200)
    | st.sampled_from(
        [OTHER_TAGS, '"' * 100, "\x00" * 100, "\n" * 100, "\\" * 100, "\U0001f600" * 25]
    ),
    st.integers(1, 10**9),
    max_size=120,
)


@settings(deadline=None, max_examples=50)
@given(any_tags, st.integers(0, 300))
def test_by_tag_names_the_most_frequent_tags_and_keeps_the_sum(tags, more):
    tags |= {f"more-{number}" + "\x01" * 90: 1 for number in range(more)}
    shown = most_frequent(tags)
    assert sum(shown.values()) == sum(tags.values())
    named = shown.keys() - {OTHER_TAGS}
    assert len(named) <= MOST_TAGS_SHOWN
    assert all(shown[name] == tags[name] for name in named)
    as_sent = json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
    assert len(as_sent.encode()) <= MOST_BY_TAG_BYTES
    ranked = sorted(tags.keys() - {OTHER_TAGS}, key=lambda name: (-tags[name], name))
    assert named <= set(ranked[:MOST_TAGS_SHOWN])


def test_fifty_tags_of_usual_length_are_all_named_and_more_are_summed_up():
    fifty = {f"tag-{number:02d}": 100 - number for number in range(50)}
    assert most_frequent(fifty) == fifty
    assert most_frequent(fifty | {"rare": 3, "rarer": 2}) == fifty | {OTHER_TAGS: 5}
    assert most_frequent({"b": 1, "a": 1, OTHER_TAGS: 7}) == {"a": 1, "b": 1, OTHER_TAGS: 7}


def test_a_name_that_finds_no_room_leaves_it_to_the_others():
    """Older versions counted tags of any length."""
    assert most_frequent({"x" * 9_000: 9, "a": 1}) == {"a": 1, OTHER_TAGS: 9}


@pytest.mark.parametrize("followed", [None, ["AAPL", "MSFT"]])
def test_folded_tags_are_the_same_from_the_table_in_memory_and_by_a_recount(
    client, table, clock, feed, publish, make_item, followed
):
    items = [
        make_item(tags=("often", *[f"{number}-{each}" for each in range(20)]))
        for number in range(90)
    ]
    metrics = DynamoDbMetrics(Table(client, table), clock)
    in_memory = MetricsWindow(scopes_of(followed))
    for batch in (items[:7], items[7:50], items[50:]):
        publish(*batch)
    for entry in feed.after(feed.head().cursor._replace(seq=0)).entries:
        in_memory.apply(entry)
    from_table = metrics.window(feed.head().epoch, scopes_of(followed)).snapshot(clock())
    assert in_memory.snapshot(clock()) == from_table
    assert counts(from_table) == recount(items, clock(), followed)
    assert from_table["by_tag"]["often"] == from_table["total"]
    assert sum(from_table["by_tag"].values()) == 21 * from_table["total"]


def test_a_minute_that_older_code_has_counted_is_not_known_and_the_others_are(
    client, table, clock, feed, publish, make_item
):
    older = DynamoDbPublisher(
        Table(OlderClient(client), table), clock, publisher_backoff(clock.sleep, lambda: 0.5)
    )

    def items(ticker, *minutes):
        moments = [f"2026-11-22T11:{minute}:00Z" for minute in minutes]
        return [make_item(ticker=ticker, timestamp=moment) for moment in moments]

    by_new = items("AAPL", 10, 11, 11, 13) + items("MSFT", 10)
    by_older = items("AAPL", 11, 12)
    publish(*by_new[:2])
    assert older.publish(by_older, clock() + 60).failed == {}
    publish(*by_new[2:])
    clock.advance(9 * 60)
    metrics = DynamoDbMetrics(Table(client, table), clock)
    expected = recount(by_new + by_older, clock())
    for tickers in (None, ["AAPL"], ["AAPL", "MSFT"]):
        window = metrics.window(feed.head().epoch, scopes_of(tickers))
        told = window.snapshot(clock())
        for values in told["minutes"].values():
            unknown = [10 + place for place, value in enumerate(values) if value is None]
            assert unknown == [11, 12]
    told = metrics.window(feed.head().epoch, scopes_of(None)).snapshot(clock())
    for name, values in expected["minutes"].items():
        assert told["minutes"][name] == [*values[:1], None, None, *values[3:]]
    assert counts(told) | {"minutes": 0} == expected | {"minutes": 0}
    only = metrics.window(feed.head().epoch, scopes_of(["MSFT"])).snapshot(clock())
    assert counts(only) == recount(by_new + by_older, clock(), ["MSFT"])
