"""Tests which names a configuration may have."""

import re
from unicodedata import bidirectional, category

import pytest
from dashboard_data.users.drafts import ConfigurationDraft, detail
from dashboard_data.users.names import PATTERN, problem_of
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

CONTROLS = "must not contain control characters or line ends"
DIRECTION = "must not contain characters that change the direction of text"
EMBEDDINGS = {"LRE", "LRO", "RLE", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
UNSEEN = "must contain a character that can be seen"


def refusal_of(name):
    """Returns the detail of the refusal; None if a draft with this name is accepted."""
    try:
        ConfigurationDraft.model_validate({"name": name, "tickers": ["AAPL"]})
    except ValidationError as error:
        return detail(error)
    return None


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "Ä ö",
        "日本語",
        "שלום",
        "مرحبا",
        "naïve e\u0301",
        "👩‍💻",
        "❤\ufe0f",
        "a\u200bb",
        "<b>",
        "'; --",
    ],
)
def test_what_people_can_read_is_a_name(name):
    assert refusal_of(name) is None
    assert refusal_of(f"  {name} ") is None


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a\0b", CONTROLS),
        ("a\x1b[31mb", CONTROLS),
        ("a\nb", CONTROLS),
        ("a\r\nb", CONTROLS),
        ("a\tb", CONTROLS),
        ("a\x7fb", CONTROLS),
        ("a\x85b", CONTROLS),
        ("a\x9bb", CONTROLS),
        ("a\u2028b", CONTROLS),
        ("a\u2029b", CONTROLS),
        ("a\n", CONTROLS),
        ("a\u202eb", DIRECTION),
        ("a\u2066b", DIRECTION),
        ("a\u200fb", DIRECTION),
        ("\u061c", DIRECTION),
        ("\u200b", UNSEEN),
        ("\u200b \u2060\ufeff", UNSEEN),
        ("\u00ad", UNSEEN),
        ("\u3164", UNSEEN),
        ("\u2800", UNSEEN),
        ("\ufe0f", UNSEEN),
        ("\u034f", UNSEEN),
        ("\U000e0100", UNSEEN),
        ("\U000e0041", UNSEEN),
        ("\u00a0\u3000", UNSEEN),
        ("   ", UNSEEN),
        ("", UNSEEN),
    ],
)
def test_other_names_are_refused_with_the_field_and_the_reason(name, problem):
    assert refusal_of(name) == f"name: {problem}"


@pytest.mark.parametrize("name", ["\ud800", 1, None, ["a"], "x" * 101])
def test_what_is_no_text_or_too_long_is_refused_with_the_field(name):
    assert refusal_of(name).startswith("name: ")


@given(st.text(max_size=30))
def test_an_accepted_name_has_no_control_and_something_to_see(name):
    if problem_of(name) is None:
        assert not {category(each) for each in name} & {"Cc", "Zl", "Zp"}
        assert not {bidirectional(each) for each in name} & EMBEDDINGS
        assert name.strip()


@given(st.text(max_size=30))
def test_the_pattern_in_the_document_is_the_rule(name):
    assert bool(re.fullmatch(PATTERN, name)) == (problem_of(name) is None)


def test_every_control_and_every_space_is_known():
    every = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    controls = [each for each in every if category(each) in {"Cc", "Zl", "Zp"}]
    spaces = [each for each in every if category(each) == "Zs"]

    assert {problem_of(f"a{each}b") for each in controls} == {CONTROLS}
    assert {problem_of(each) for each in spaces} == {UNSEEN}


@given(st.text(st.characters(codec="utf-8"), max_size=40), st.characters(categories=["Cc", "Zl"]))
def test_a_control_character_is_refused_wherever_it_stands(name, control):
    half = len(name) // 2

    assert refusal_of(name[:half] + control + name[half:]) == f"name: {CONTROLS}"
