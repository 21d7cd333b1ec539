"""Tests that a client which merges what `metrics` tells always knows the last 60 minutes."""

import json
import random
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from dashboard_data import Item, MetricsWindow
from dashboard_data.feed.feed import FeedEntry
from hypothesis import given
from hypothesis import strategies as st
from stream_function.untold import NOTHING_TOLD, ChangedMinutes

from tests.support.fakes import NOON, TableError
from tests.support.minutes import KnownMinutes
from tests.support.recount import minutes


class UntoldMinutes:
    """One stream's memory of what it told, and its window's memory of what was counted."""

    def __init__(self):
        self._changed = ChangedMinutes()
        self._told = NOTHING_TOLD

    def changed_by(self, entry):
        self._changed.note(entry)

    def tell(self, now_s):
        count = self._told.untold(self._changed, now_s)
        self._told = self._told.after(self._changed, count, now_s)
        return count


def dated(moment_s):
    return datetime.fromtimestamp(moment_s, UTC).isoformat().replace("+00:00", "Z")


items = st.tuples(
    st.just("item"),
    st.integers(-75 * 60, 60 * 60) | st.integers(-130, 130),
    st.sampled_from(["positive", "neutral", "negative"]),
    st.floats(0, 1),
)
waits = st.tuples(st.just("wait"), st.integers(0, 130) | st.integers(-200, 4_000))
steps = st.lists(
    items | waits | st.sampled_from([("event",), ("failed turn",), ("new window",)]), max_size=60
)


@given(steps)
def test_a_client_that_merges_partial_minutes_equals_a_recount_at_each_event(taken):
    """A failed turn counts its entries again. Waits below zero set the clock back."""
    now = NOON
    published = []
    entries = []
    counted = 0
    client = KnownMinutes()
    window = MetricsWindow(("*",))
    untold = UntoldMinutes()

    def event():
        client.hear(window.snapshot(now, minutes=untold.tell(now)))
        assert client.shown(now) == minutes(published[:counted], now)

    def count_from(start):
        for entry in entries[start:]:
            if window.apply(entry):
                untold.changed_by(entry)

    event()
    for step in taken:
        match step:
            case "item", offset_s, sentiment, score:
                moment = dated(now + offset_s)
                item = Item(f"i{len(published)}", "AAPL", ("a",), sentiment, score, moment)
                published.append(item)
                entries.append(FeedEntry(len(published), item))
            case "wait", seconds:
                now += seconds
            case ("new window",):
                window, untold = MetricsWindow(("*",)), UntoldMinutes()
                count_from(0)
                counted = len(entries)
                event()
            case ("failed turn",):
                count_from(counted)
                counted = len(entries)
                count_from(max(0, counted - 5))
            case _:
                count_from(counted)
                counted = len(entries)
                event()


def test_an_event_on_a_change_tells_no_more_than_it_must():
    untold = UntoldMinutes()

    def change(minutes_ago):
        moment = dated(NOON - minutes_ago * 60)
        item = Item("i", "AAPL", ("a",), "neutral", 0.5, moment)
        untold.changed_by(FeedEntry(1, item))

    assert untold.tell(NOON) == 60
    change(0)
    assert untold.tell(NOON + 1) == 1
    change(7)
    assert untold.tell(NOON + 2) == 8
    change(61)  # which is shown no more
    change(-30)  # which is not shown yet
    assert untold.tell(NOON + 3) == 1
    assert untold.tell(NOON + 54) == 1
    assert untold.tell(NOON + 55) == 60  # about once a minute
    assert untold.tell(NOON + 61) == 1  # the minute before was told at 55
    assert untold.tell(NOON + 300) == 60


def test_a_minute_that_turned_between_two_events_is_told_to_its_end():
    untold = UntoldMinutes()
    assert untold.tell(NOON + 50) == 60
    item = Item("i", "AAPL", ("a",), "neutral", 0.5, dated(NOON + 59))
    untold.changed_by(FeedEntry(1, item))
    assert untold.tell(NOON + 61) == 2


def metrics_of(stream, start=0):
    return [json.loads(event.data) for event in stream.events[start:] if event.type == "metrics"]


@pytest.mark.parametrize("seed", range(3))
def test_a_stream_tells_each_minute_truly_through_changes_turns_and_outages(
    make_service, publish, make_item, clock, seed
):
    drawn = random.Random(seed)
    service = make_service(stream_life_s=10_000)
    stream = service.stream(left_s=20_000)
    stream.pull(2)
    client = KnownMinutes()
    published = []
    told = 0
    failing = 0

    def meddle(number, name, call):
        if failing and name in ("batch_get_item", "query"):
            raise TableError("InternalServerError")
        return call()

    service.table._meddle = meddle
    for _ in range(60):
        failing = max(0, failing - 1) or (drawn.random() < 0.1) * 4
        if drawn.random() < 0.4:
            item = make_item(
                score=drawn.random(),
                timestamp=dated(clock() + drawn.choice([0, 0, -20, -90, -1800, -7200, 45, 1200])),
            )
            publish(item)
            published.append(item)
        stream.pull(drawn.randint(1, 4))
        clock.advance(drawn.choice([0, 0, 0, 1, 15]))
        for metrics in metrics_of(stream, told):
            client.hear(metrics)
        told = len(stream.events)
    failing = 0
    stream.pull(30)
    for metrics in metrics_of(stream, told):
        client.hear(metrics)
    last = metrics_of(stream)[-1]
    moment = datetime.fromisoformat(last["timestamp"]).timestamp()
    assert client.shown(moment) == minutes(published, moment)
    assert last["total"] == len(published)
    assert min(client.lengths) < 60


def test_all_minutes_are_told_at_least_once_a_minute_however_much_changes(
    service, publish, make_item, clock
):
    stream = service.stream()
    for _ in range(130):
        publish(make_item())
        stream.pull()
    told = [
        (datetime.fromisoformat(each["timestamp"]).timestamp(), len(each["minutes"]["neutral"]))
        for each in metrics_of(stream)
    ]
    whole = [moment for moment, length in told if length == 60]
    assert whole[0] == told[0][0]
    assert max(after - before for before, after in pairwise(whole)) <= 60
    assert len(whole) < len(told) / 4


def test_a_reset_and_a_change_of_tickers_tell_all_minutes(
    service, mine, publish, make_item, client, table
):
    session, headers, created, path = mine
    stream = service.stream(path, **headers)
    stream.pull(3)
    publish(make_item(ticker="AAPL"))
    assert len(stream.pull_until("metrics")["minutes"]["neutral"]) == 1
    service.configurations.update(session.user_id, created.config_id, "mine", ["TSLA"])
    assert len(stream.pull_until("metrics")["minutes"]["neutral"]) == 60
    head = {
        "PK": {"S": "FEED"},
        "SK": {"S": "HEAD"},
        "epoch": {"S": "b" * 10},
        "seq": {"N": "0"},
        "secret": {"B": b"s" * 32},
    }
    client.put_item(TableName=table, Item=head)
    stream.pull_until("reset")
    assert len(metrics_of(stream)[-1]["minutes"]["neutral"]) == 60
