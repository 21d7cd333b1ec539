"""Tests what counts as an item, and how a broken rule is reported."""

import json
from contextlib import suppress

import pytest
from dashboard_data import InvalidItem, Item, parse_item
from dashboard_data.feed.item import LONGEST_TAGS_BYTES, MOST_TAGS, NotAnalysedYet
from dashboard_data.times import moment_s
from hypothesis import given, settings
from hypothesis import strategies as st

RAW = "a title nobody may see"
NOON = moment_s("2026-11-22T12:00:00Z")
FAR = moment_s("9999-12-31T23:59:59Z")


def parse(record, written_at=NOON):
    return parse_item(record, written_at)


def image(**changed):
    attributes = {
        "PK": {"S": "ITEM#n1"},
        "SK": {"S": "ITEM"},
        "item_id": {"S": "n1"},
        "ticker": {"S": "AAPL"},
        "sentiment": {"S": "positive"},
        "score": {"N": "0.75"},
        "timestamp": {"S": "2026-11-22T12:00:00Z"},
        "tags": {"L": [{"S": "earnings"}, {"S": "chips"}, {"S": "earnings"}]},
        "title": {"S": RAW},
    } | changed
    return {name: value for name, value in attributes.items() if value is not None}


def test_an_item_is_read_with_its_tags_each_once():
    assert parse(image(), NOON) == Item(
        "n1", "AAPL", ("earnings", "chips"), "positive", 0.75, "2026-11-22T12:00:00Z", NOON
    )


@pytest.mark.parametrize("tags", [None, {"L": []}, {"NULL": True}])
def test_an_item_without_tags_is_tagged_with_its_ticker(tags):
    assert parse(image(tags=tags)).tags == ("AAPL",)


def tagged(*tags):
    return parse(image(tags={"L": [{"S": tag} for tag in tags]})).tags


def test_whatever_the_contract_calls_an_item_is_one():
    eleven = tuple(f"t{number}" for number in range(11))
    assert tagged(*eleven) == eleven
    assert tagged("x" * 65, "a\nb") == ("x" * 65, "a\nb")
    long_id = "n" * 2_000
    assert parse(image(PK={"S": f"ITEM#{long_id}"}, item_id={"S": long_id})).item_id == long_id


def test_of_very_many_tags_as_many_as_there_is_room_for_are_shown_and_counted():
    assert tagged(*[f"t{number}" for number in range(300)]) == tuple(
        f"t{number}" for number in range(MOST_TAGS)
    )
    half = "ü" * (LONGEST_TAGS_BYTES // 4)
    assert tagged(half, "", half[:-1] + "xy", "a") == (half, half[:-1] + "xy")
    assert tagged("x" * 20_000) == ("AAPL",)


def test_tags_are_measured_as_an_event_carries_them():
    assert tagged(*["\x01" * 1_000, "\x02" * 1_000]) == ("\x01" * 1_000,)
    quotes = '"' * (LONGEST_TAGS_BYTES // 2)
    assert tagged(quotes, "a") == (quotes,)


def test_an_item_may_be_dated_an_hour_ahead_of_its_writing():
    ahead = image(timestamp={"S": "2026-11-22T13:00:00Z"})
    assert parse(ahead).timestamp == "2026-11-22T13:00:00Z"
    with pytest.raises(InvalidItem, match="timestamp: must not be more than an hour ahead"):
        parse(ahead, NOON - 1)


@pytest.mark.parametrize("nothing", [None, {"NULL": True}])
def test_an_item_without_sentiment_and_score_is_not_analysed_yet(nothing):
    with pytest.raises(NotAnalysedYet):
        parse(image(sentiment=nothing, score=nothing, timestamp=None))
    for half in ("sentiment", "score"):
        with pytest.raises(InvalidItem) as raised:
            parse(image(**{half: nothing}))
        assert not isinstance(raised.value, NotAnalysedYet)


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("2026-11-22T13:00:00+01:00", "2026-11-22T12:00:00Z"),
        ("2026-11-22T00:30:00+05:30", "2026-11-21T19:00:00Z"),
        ("2026-11-22T12:00:00.250Z", "2026-11-22T12:00:00.250Z"),
        ("20261122T120000.25Z", "2026-11-22T12:00:00.250000Z"),
        ("2026-11-22 12:00:00Z", "2026-11-22T12:00:00Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_a_timestamp_is_kept_in_utc(text, normalised):
    assert parse(image(timestamp={"S": text}), FAR).timestamp == normalised


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("item_id", None),
        ("item_id", {"S": ""}),
        ("item_id", {"N": "1"}),
        ("item_id", {"S": "n2"}),
        ("item_id", {"S": "\ud800"}),
        ("ticker", None),
        ("ticker", {"S": "aapl"}),
        ("ticker", {"S": "AAPL\n"}),
        ("ticker", {"S": "TOOLONG"}),
        ("ticker", {"S": "ÄÖÜ"}),
        ("ticker", {"S": ""}),
        ("ticker", {"L": []}),
        ("sentiment", {"S": "great"}),
        ("sentiment", {"S": "Positive"}),
        ("sentiment", {"N": "1"}),
        ("score", None),
        ("score", {"S": "0.5"}),
        ("score", {"N": "1.01"}),
        ("score", {"N": "-0.1"}),
        ("score", {"N": "NaN"}),
        ("score", {"N": "Infinity"}),
        ("score", {"N": "half"}),
        ("timestamp", {"S": "2026-11-22T12:00:00"}),
        ("timestamp", {"S": "2026-11-22"}),
        ("timestamp", {"S": "yesterday"}),
        ("timestamp", {"S": ""}),
        ("timestamp", {"S": "1969-12-31T23:59:59Z"}),
        ("timestamp", {"S": "0001-01-01T00:00:00+14:00"}),
        ("timestamp", {"S": "9999-12-31T23:59:59-14:00"}),
        ("timestamp", {"S": "2026-11-22T12:00:00Z" + " " * 30}),
        ("timestamp", {"N": "1795348800"}),
        ("timestamp", {"S": "2026-11-22T13:00:00.001Z"}),
        ("timestamp", {"S": "9999-12-31T23:59:59Z"}),
        ("tags", {"S": "earnings"}),
        ("tags", {"SS": ["earnings"]}),
        ("tags", {"L": [{"N": "1"}]}),
        ("tags", {"L": ["earnings"]}),
        ("tags", {"L": [{"S": "\ud800"}]}),
    ],
)
def test_a_broken_rule_is_named_by_its_field(field, value):
    with pytest.raises(InvalidItem) as raised:
        parse(image(**{field: value}))
    assert raised.value.field == field
    assert RAW not in str(raised.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
attributes = (
    st.dictionaries(st.sampled_from(["S", "N", "L", "NULL"]), json_values, max_size=2) | json_values
)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.sampled_from(sorted(image())), attributes) | json_values)
def test_no_record_whatever_raises_anything_but_invalid_item(changed):
    record = image(**changed) if isinstance(changed, dict) else changed
    with suppress(InvalidItem):
        assert 0 <= parse(record).score <= 1


@settings(deadline=None)
@given(
    st.text(min_size=1, max_size=300),
    st.decimals(0, 1, allow_nan=False),
    st.datetimes(timezones=st.timezones()),
    st.lists(st.text(max_size=100), max_size=15),
)
def test_whatever_passes_survives_the_table_and_can_be_sent(item_id, score, moment, tags):
    record = image(
        PK={"S": f"ITEM#{item_id}"},
        item_id={"S": item_id},
        score={"N": str(score)},
        timestamp={"S": moment.isoformat()},
        tags={"L": [{"S": tag} for tag in tags]},
    )
    try:
        item = parse_item(record, FAR)
    except InvalidItem:
        return
    assert Item.from_text(item.to_text()) == item
    json.dumps(item.data(), ensure_ascii=False, allow_nan=False).encode()
    assert RAW not in json.dumps(item.data())


def test_what_is_shown_names_the_item_for_the_older_dashboard_too():
    assert parse(image()).data() == {
        "item_id": "n1",
        "source_id": "n1",
        "ticker": "AAPL",
        "tags": ["earnings", "chips"],
        "sentiment": "positive",
        "score": 0.75,
        "timestamp": "2026-11-22T12:00:00Z",
    }
