"""Tests that an event id names its cursor again, and that a forged or changed one does not."""

import re

import pytest
from dashboard_data.feed.cursor import (
    LARGEST_SEQ,
    LONGEST_ID_BYTES,
    Cursor,
    event_id,
    is_signed_with,
    parse_event_id,
)
from hypothesis import given
from hypothesis import strategies as st

ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
SECRET = b"a secret of the head"

cursors = st.builds(
    Cursor,
    st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=16),
    st.integers(0, LARGEST_SEQ),
)
suffixes = st.text(ALPHABET, max_size=80)


@given(cursors, suffixes, st.binary(max_size=40))
def test_an_id_names_its_cursor_again(cursor, suffix, secret):
    parsed = parse_event_id(event_id(cursor, secret, suffix))
    assert parsed is not None
    assert (parsed.cursor, parsed.suffix) == (cursor, suffix)
    assert is_signed_with(secret, parsed)


@given(cursors, suffixes)
def test_an_id_is_safe_in_a_header_and_short(cursor, suffix):
    text = event_id(cursor, SECRET, suffix)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", text)
    assert len(text.encode()) <= LONGEST_ID_BYTES


@given(cursors, suffixes, st.binary(), st.binary())
def test_an_id_signed_with_another_secret_is_not_ours(cursor, suffix, secret, other):
    parsed = parse_event_id(event_id(cursor, secret, suffix))
    assert is_signed_with(other, parsed) == (secret.ljust(64, b"\0") == other.ljust(64, b"\0"))


@given(st.data())
def test_an_id_that_was_changed_anywhere_is_not_ours(data):
    text = event_id(Cursor("epoch1", data.draw(st.integers(0, 99999))), SECRET, data.draw(suffixes))
    at = data.draw(st.integers(0, len(text) - 1))
    changed = (
        text[:at] + data.draw(st.sampled_from(ALPHABET.replace(text[at], ""))) + text[at + 1 :]
    )
    parsed = parse_event_id(changed)
    assert parsed is None or not is_signed_with(SECRET, parsed)


@given(st.one_of(st.text(), st.binary(), st.none(), st.integers(), st.text(ALPHABET, max_size=200)))
def test_anything_at_all_can_be_parsed_without_an_exception(value):
    assert (
        parse_event_id(value) is None
        or event_id(*_parts(value)).split("-")[:2] == value.split("-")[:2]
    )


def _parts(value):
    parsed = parse_event_id(value)
    return parsed.cursor, SECRET, parsed.suffix


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "test-event-12345",
        "epoch1-05-AAAAAAAAAAAA",
        "epoch1-A-AAAAAAAAAAAA",
        "EPOCH-5-AAAAAAAAAAAA",
        "epoch1-5-AAAAAAAAAAA",
        "epoch1-5-AAAAAAAAAAAA-",
        "epoch1-5-AAAAAAAAAAAA\n",
        "epoch1-5-AAAAAAAAAAAA-ä",
        "epoch1-zzzzzzzz-AAAAAAAAAAAA",
        "epoch1-5-AAAAAAAAAAAA-" + "x" * 110,
        "-1-5-AAAAAAAAAAAA",
    ],
)
def test_what_we_never_write_is_malformed(text):
    assert parse_event_id(text) is None


@pytest.mark.parametrize(
    ("cursor", "suffix"),
    [
        (Cursor("", 1), ""),
        (Cursor("Epoch", 1), ""),
        (Cursor("epoch1", -1), ""),
        (Cursor("epoch1", LARGEST_SEQ + 1), ""),
        (Cursor("epoch1", 1), "a b"),
        (Cursor("epoch1", 1), "x" * 81),
        (Cursor("epoch1", 1), "x\n"),
    ],
)
def test_a_cursor_that_could_not_be_read_back_is_not_written(cursor, suffix):
    with pytest.raises(ValueError):
        event_id(cursor, SECRET, suffix)


def test_two_connections_give_one_item_the_same_id_and_other_events_ids_of_their_own():
    cursor = Cursor("epoch1", 7)
    assert event_id(cursor, SECRET) == event_id(cursor, SECRET)
    assert len({event_id(cursor, SECRET, suffix) for suffix in ("", "n0", "n1")}) == 3
