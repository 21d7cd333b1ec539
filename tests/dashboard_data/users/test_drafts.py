"""Tests what a client may write into a configuration."""

import pytest
from dashboard_data.users.drafts import ConfigurationDraft, detail
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError


def test_tickers_are_taken_in_both_forms_in_either_case_and_each_once():
    draft = ConfigurationDraft.model_validate(
        {"name": " mine ", "tickers": ["aapl", {"symbol": "MSFT"}, "AAPL"]}
    )
    assert (draft.name, draft.tickers) == ("mine", ["AAPL", "MSFT"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ([], "body"),
        ({"name": "", "tickers": ["AAPL"]}, "name"),
        ({"name": "   ", "tickers": ["AAPL"]}, "name"),
        ({"name": "x" * 101, "tickers": ["AAPL"]}, "name"),
        ({"name": 5, "tickers": ["AAPL"]}, "name"),
        ({"name": "\ud800", "tickers": ["AAPL"]}, "name"),
        ({"name": "mine"}, "tickers"),
        ({"name": "mine", "tickers": []}, "tickers"),
        ({"name": "mine", "tickers": "AAPL"}, "tickers"),
        ({"name": "mine", "tickers": {"symbol": "AAPL"}}, "tickers"),
        ({"name": "mine", "tickers": ["A", "B", "C", "D", "E", "F"]}, "tickers"),
        ({"name": "mine", "tickers": ["AAPL", "TOOLONG"]}, "tickers[1]"),
        ({"name": "mine", "tickers": ["AAPL\n"]}, "tickers[0]"),
        ({"name": "mine", "tickers": ["ÄÖÜ"]}, "tickers[0]"),
        ({"name": "mine", "tickers": [""]}, "tickers[0]"),
        ({"name": "mine", "tickers": [None]}, "tickers[0]"),
        ({"name": "mine", "tickers": [{"symbol": 5}]}, "tickers[0]"),
        ({"name": "mine", "tickers": [{}]}, "tickers[0]"),
    ],
)
def test_bad_input_is_named_by_its_field_and_not_quoted(body, field):
    with pytest.raises(ValidationError) as raised:
        ConfigurationDraft.model_validate(body)
    said = detail(raised.value)
    assert said.startswith(f"{field}: ")
    assert "TOOLONG" not in said


json_values = st.recursive(
    st.none() | st.text() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_whatever_is_sent_is_a_draft_or_a_named_error(value):
    for sent in (value, {"name": value, "tickers": value}, {"name": "mine", "tickers": [value]}):
        assert all(ticker.isupper() for ticker in accepted_tickers(sent))


def accepted_tickers(sent):
    try:
        return ConfigurationDraft.model_validate(sent).tickers
    except ValidationError as refused:
        return [detail(refused).partition(":")[0].upper()]
