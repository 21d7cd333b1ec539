"""Tests that an hour names a bounded number of tags, the same ones in memory and in the table."""

from collections import Counter
from dataclasses import replace

import pytest
from dashboard_data import Item
from dashboard_data.feed.feed import FeedEntry
from dashboard_data.hourly import (
    LONGEST_TAG_BYTES,
    MOST_TAG_BYTES_AN_HOUR,
    MOST_TAGS_AN_HOUR,
    OTHER_TAGS,
    HourlyMetrics,
    born_expired,
    metrics_update,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from local_lambda.programs.moto_process import item_bytes
from tests.support.fakes import NOON

AT = ("METRICS#0123456789#*", "2026-11-22T12")
AT_AAPL = ("METRICS#0123456789#AAPL", "2026-11-22T12")


def entry(seq, tags, minute=0, ticker="AAPL", score=0.5, sentiment="neutral"):
    moment = f"2026-11-22T12:{minute:02d}:00Z"
    return FeedEntry(seq, Item(f"i{seq}", ticker, tuple(tags), sentiment, score, moment))


class RecordInATable:
    """An hourly record to which the actions of publications are applied, as DynamoDB does it."""

    def __init__(self, at=AT):
        self.at = at
        self.counts = Counter()
        self.seq = 0
        self.newest = None

    def update(self, action):
        update = action["Update"]
        added, _, rest = update["UpdateExpression"].removeprefix("ADD ").partition(" SET ")
        kept = "seq = :seq, expires_at = :expires_at"
        assert rest == kept + (", newest = :newest" if self.at == AT_AAPL else "")
        assert len(update["UpdateExpression"]) <= 4096
        values = update["ExpressionAttributeValues"]
        for each in added.split(", "):
            alias, value = each.split()
            self.counts[update["ExpressionAttributeNames"][alias]] += int(values[value]["N"])
        self.seq = int(values[":seq"]["N"])
        self.newest = values.get(":newest")

    def record(self):
        counts = {name: {"N": str(count)} for name, count in self.counts.items()}
        keys = {"PK": {"S": self.at[0]}, "SK": {"S": self.at[1]}}
        newest = {"newest": self.newest} if self.newest else {}
        times = {"seq": {"N": str(self.seq)}, "expires_at": {"N": "1795446000"}}
        return keys | counts | newest | times


def test_tags_beyond_the_number_that_an_hour_names_are_counted_together():
    hourly = HourlyMetrics()
    for seq in range(1, MOST_TAGS_AN_HOUR + 101):
        hourly.add(entry(seq, [f"t{seq}", "t1"]))
    assert len(hourly.tags) == MOST_TAGS_AN_HOUR + 1
    assert hourly.tags[OTHER_TAGS] == 100
    assert hourly.tags["t1"] == MOST_TAGS_AN_HOUR + 101  # named already, so it goes on to count


def test_tags_that_are_long_are_counted_together():
    hourly = HourlyMetrics()
    longest = "ü" * (LONGEST_TAG_BYTES // 2)
    hourly.add(entry(1, [longest, longest + "x", "y" * 1000]))
    assert hourly.tags == {longest: 1, OTHER_TAGS: 2}


def test_the_names_of_an_hours_tags_have_bounded_length_together():
    hourly = HourlyMetrics()
    for seq in range(1, MOST_TAGS_AN_HOUR):
        hourly.add(entry(seq, [f"{seq:0100d}"]))
    assert sum(len(name) for name in hourly.tags if name != OTHER_TAGS) <= MOST_TAG_BYTES_AN_HOUR
    assert hourly.tags.total() == MOST_TAGS_AN_HOUR - 1
    hourly.add(entry(1000, ["t"] * 0))
    assert hourly.seq == 1000


def test_a_producers_own_tag_of_that_name_is_counted_with_the_others():
    hourly = HourlyMetrics()
    hourly.add(entry(1, [OTHER_TAGS, "a"]))
    hourly.add(entry(2, ["x" * 1000]))
    assert hourly.tags == {OTHER_TAGS: 2, "a": 1}


def test_a_million_distinct_tags_leave_a_record_far_below_the_limit_of_dynamodb():
    """An item has at most 400 KB; a write costs a unit for each KB."""
    hourly = HourlyMetrics()
    table = RecordInATable()
    for seq in range(1, 10_001):
        added = hourly.add(entry(seq, [f"{seq:08d}-{n:022d}" for n in range(100)], seq % 60))
        table.update(metrics_update(AT, seq, added))
    assert hourly.tags.total() == 1_000_000
    assert item_bytes(table.record()) < 30_000
    assert HourlyMetrics.from_record(table.record()) == hourly


def letters(number):
    """Returns one of the tickers with five letters."""
    return "".join(chr(65 + number // 26**place % 26) for place in range(5))


@pytest.mark.parametrize(("at", "most"), [(AT, 35_000), (AT_AAPL, 25_000)])
def test_the_largest_record_that_there_is_has_a_bound(at, most):
    """All minutes, tickers and tags that an hour names, with counts of many digits."""
    hourly = HourlyMetrics(at[0].rpartition("#")[2])
    table = RecordInATable(at)
    tagless = [entry(each, ["t"], ticker=letters(each)) for each in range(200)]
    own = [entry(200, [letters(each)], each % 60, letters(each)) for each in range(200, 540)]
    long = [entry(540, [f"{each:0100d}"]) for each in range(142)]
    for seq, each in enumerate([*tagless, *own, *long], 100_000_000_000):
        for sentiment in ("positive", "neutral", "negative"):
            item = replace(each.item, sentiment=sentiment, score=0.999999)
            added = hourly.add(FeedEntry(seq, item))
            table.update(metrics_update(at, hourly.seq, added, hourly.newest))
    table.counts = Counter({name: count * 9_999_999 for name, count in table.counts.items()})
    assert hourly.tag_bytes > MOST_TAG_BYTES_AN_HOUR - 100
    assert most * 0.9 < item_bytes(table.record()) < most
    assert len(HourlyMetrics.from_record(table.record()).minutes) == 60


tags = st.lists(
    st.one_of(
        st.sampled_from([OTHER_TAGS, "a", "positive", "tag#", "seq", "minute#01"]),
        st.integers(0, 2_000).map("{:040d}".format),
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=120),
    ),
    max_size=30,
    unique=True,
)


written_entries = st.lists(
    st.tuples(
        tags,
        st.integers(0, 59),
        st.sampled_from(["A", "AAPL", "MSFT"]),
        st.floats(0, 1),
        st.sampled_from(["positive", "neutral", "negative"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=50)
@given(written_entries, st.sampled_from([AT, AT_AAPL]))
def test_a_record_in_the_table_equals_the_hour_in_memory_however_it_was_written(written, at):
    """A boolean says whether the publisher reads the record again before that entry."""
    scope = at[0].rpartition("#")[2]
    in_memory = HourlyMetrics(scope)
    planned = HourlyMetrics(scope)
    table = RecordInATable(at)
    for seq, (names, minute, ticker, score, sentiment, reads_again) in enumerate(written, 1):
        added = entry(seq, names, minute, ticker, score, sentiment)
        in_memory.add(added)
        if reads_again and table.seq:
            planned = HourlyMetrics.from_record(table.record())
        planned = planned.copy()
        table.update(metrics_update(at, seq, planned.add(added), planned.newest))
        assert HourlyMetrics.from_record(table.record()) == in_memory


def test_a_copy_changes_without_its_original():
    original = HourlyMetrics()
    original.add(entry(1, ["a"]))
    copy = original.copy()
    before = HourlyMetrics.copy(original)
    copy.add(entry(2, ["a", "b"], minute=3, ticker="MSFT"))
    assert original == before
    assert (original.seq, original.tags, original.minutes) == (1, {"a": 1}, {0: 1})


def test_a_record_of_an_older_version_names_more_tags_and_stays_readable():
    old = {f"tag#{number:06d}": {"N": "7"} for number in range(20_000)}
    hourly = HourlyMetrics.from_record(old | {"seq": {"N": "5"}, "neutral": {"N": "3"}})
    hourly.add(entry(6, ["000001", "new"]))
    assert hourly.tags["000001"] == 8
    assert hourly.tags[OTHER_TAGS] == 1
    assert "new" not in hourly.tags


@pytest.mark.parametrize(
    ("hour", "expected"),
    [("2026-11-22T12", False), ("2026-11-21T10", False), ("2026-11-21T09", True)],
)
def test_an_hour_is_too_old_when_its_record_would_be_past_its_time_to_live(hour, expected):
    assert born_expired(hour, NOON) is expected
