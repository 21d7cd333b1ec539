"""Tests how large an event gets, whatever producers write."""

import json

import pytest
from dashboard_data import Cursor, Item, MetricsWindow
from dashboard_data.feed.cursor import LARGEST_SEQ, LONGEST_ID_BYTES
from dashboard_data.feed.feed import FeedEntry
from event_stream import Decoder, encode
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_function.event_bytes import EventBytes

from tests.support.fakes import NOON

MOST_BYTES = 8192  # docs/contract.md: a `metrics` event has at most 8 KB
CURSOR = Cursor("z" * 16, LARGEST_SEQ)
RETRY = encode(retry_ms=999_999)  # stands in the block of a stream's first `metrics` event
tags = st.lists(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=100)
    | st.sampled_from(
        ['"' * 100, "\x01" * 100, "\n" * 100, "\\" * 100, "é" * 50, "\U0001f600" * 25]
    )
    | st.integers(0, 10**6).map("{:0100d}".format),
    min_size=1,
    max_size=100,
    unique=True,
)


def metrics_event(window):
    encoder = EventBytes(b"x" * 32, "n" * (LONGEST_ID_BYTES - 50))
    return encoder.metrics(CURSOR, window.snapshot(NOON))


@settings(deadline=None, max_examples=50)
@given(st.lists(tags, min_size=1, max_size=12))
def test_a_metrics_event_has_at_most_eight_kilobytes_whatever_the_tags(tags_of_items):
    window = MetricsWindow(("*",))
    for seq, names in enumerate(tags_of_items, 1):
        item = Item(f"i{seq}", "AAPL", tuple(names), "neutral", 0.5, "2026-11-22T12:00:00Z")
        window.apply(FeedEntry(seq, item))
    event = metrics_event(window)
    assert len(event) + len(RETRY) <= MOST_BYTES
    (decoded,) = Decoder().feed(event)
    assert decoded.type == "metrics"


def test_a_metrics_event_of_a_full_old_record_with_large_counts_has_at_most_eight_kilobytes():
    names = ("positive", "neutral", "negative", *[f"minute#{minute:02d}" for minute in range(60)])
    counts = {name: {"N": str(10**14)} for name in names}
    old_tags = {f"tag#{number:06d}{'é' * 40}": {"N": str(10**15)} for number in range(20_000)}
    keys = {"PK": {"S": "METRICS#e#*"}, "SK": {"S": "2026-11-22T12"}, "seq": {"N": "1"}}
    event = metrics_event(MetricsWindow(("*",), [keys | counts | old_tags]))
    assert MOST_BYTES / 2 < len(event) + len(RETRY) <= MOST_BYTES


@pytest.mark.parametrize(
    "names", [["usual"], ["\x01" * 100], [f"{each:0100d}" for each in range(60)]]
)
def test_a_metrics_event_of_the_largest_minutes_has_at_most_eight_kilobytes(names):
    """Five tickers, whose numbers have all digits that a record has room for."""
    most = 10**8 - 1
    split = ((most * 10**8 + most) * 10**8 + most) * 10**14 + most * 10**6 - 1
    minutes = {f"minute#{minute:02d}": {"N": str(3 * most)} for minute in range(60)}
    splits = {f"split#{minute:02d}": {"N": str(split)} for minute in range(60)}
    counts = {name: {"N": str(60 * most)} for name in ("positive", "neutral", "negative")}
    tags = {f"tag#{name}": {"N": str(10**12)} for name in names}
    scopes = ["A", "B", "C", "D", "E"]
    records = [
        {"PK": {"S": f"METRICS#e#{scope}"}, "SK": {"S": hour}, "seq": {"N": "1"}}
        | (minutes | splits | counts | tags)
        for scope in scopes
        for hour in ("2026-11-22T11", "2026-11-22T12")
    ]
    window = MetricsWindow(scopes, records)
    event = metrics_event(window)
    assert len(event) + len(RETRY) <= MOST_BYTES
    told = json.loads(Decoder().feed(event)[0].data)
    assert sum(told["by_tag"].values()) == len(names) * 10 * 10**12
    if names == ["usual"]:
        assert set(told["by_tag"]) == {"usual"}


def test_by_tag_is_the_same_in_an_event_that_tells_fewer_minutes():
    window = MetricsWindow(("*",))
    for seq in range(1, 120):
        name = f"{seq % 60:0100d}"
        item = Item(f"i{seq}", "AAPL", (name,), "neutral", 0.123456, "2026-11-22T12:00:00Z")
        window.apply(FeedEntry(seq, item))
    whole = window.snapshot(NOON)
    part = window.snapshot(NOON, minutes=1)
    assert part == whole | {
        "minutes": {name: [told[-1]] for name, told in whole["minutes"].items()}
    }
    assert whole["minutes"]["score_sum"][-1] == 119 * 123456 / 10**6
