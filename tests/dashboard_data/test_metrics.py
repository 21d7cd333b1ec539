"""Tests that metrics equal a recount of the items, at any time and with items in between."""

from datetime import UTC, datetime

from dashboard_data import DynamoDbMetrics, Item, MetricsWindow, Table, scopes_of
from dashboard_data.feed.feed import FeedEntry
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes import NOON, MeddledClient
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
        score=0.5,
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
