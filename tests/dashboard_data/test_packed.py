"""Tests that counts come out of a packed number as they went in, up to the largest."""

import pytest
from dashboard_data import Item
from dashboard_data.feed.item import SENTIMENTS
from dashboard_data.packed import (
    minute_split,
    packed_minute,
    packed_ticker,
    score_micros,
    ticker_split,
    whole_number,
)
from hypothesis import given
from hypothesis import strategies as st

MOST = 10**8 - 1
NOON = "2026-11-22T12:00:00Z"

items = st.builds(
    lambda sentiment, score, tags: Item("i", "AAPL", tags, sentiment, score, NOON),
    st.sampled_from(SENTIMENTS),
    st.floats(0, 1),
    st.sampled_from([("AAPL",), ("a",), ("a", "AAPL")]),
)


@given(st.lists(items, max_size=30), st.integers(1, 1000))
def test_what_was_added_up_comes_out(added, times):
    minute = minute_split(times * sum(map(packed_minute, added)))
    ticker = ticker_split(times * sum(map(packed_ticker, added)))
    for sentiment in SENTIMENTS:
        expected = times * sum(item.sentiment == sentiment for item in added)
        assert getattr(minute, sentiment) == getattr(ticker, sentiment) == expected
    assert minute.total == ticker.total == times * len(added)
    assert minute.score_micros == times * sum(score_micros(item.score) for item in added)
    assert ticker.own == times * sum("AAPL" in item.tags for item in added)


def test_a_number_of_dynamodb_has_room_for_a_hundred_million_items_of_each_sentiment():
    whole = sum(
        MOST * packed_minute(Item("i", "A", (), sentiment, score, NOON))
        for sentiment, score in zip(SENTIMENTS, (1, 0, 0), strict=True)
    )
    assert len(str(whole)) == 38
    assert minute_split(whole) == (MOST, MOST, MOST, MOST * 10**6)


def test_the_places_are_those_that_are_written_down():
    """docs/data.md has them, and records of other versions."""
    item = Item("i", "AAPL", ("AAPL",), "positive", 0.25, NOON)
    assert packed_minute(item) == 10**30 + 250_000
    assert packed_ticker(item) == 10**24 + 1


@pytest.mark.parametrize(
    ("written", "expected"),
    [("12", 12), ("1E+30", 10**30), ("1.25e3", 1250), ("1.2E+1", 12), ("0E+2", 0)],
)
def test_a_whole_number_is_read_however_it_is_written(written, expected):
    assert whole_number(written) == expected


@pytest.mark.parametrize("written", ["", "x", "1.5", "1.25E1", "1E-2", "1E999999999", "NaN"])
def test_any_other_text_is_an_error_that_publishing_expects(written):
    with pytest.raises(ValueError, match=r".*"):
        whole_number(written)


@given(st.floats(0, 1))
def test_a_score_has_six_decimals(score):
    assert score_micros(score) / 1_000_000 == round(score, 6)
