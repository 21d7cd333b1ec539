"""Tests preludes that are cut anywhere, malformed or too long."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_lambda.fronts import prelude

HEAD = b'{"statusCode": 201, "headers": {"a": "1"}, "cookies": ["c=d"]}'


def feed_all(pieces):
    reader = prelude.PreludeReader()
    for piece in pieces:
        if found := reader.feed(piece):
            return found
    return None


@given(st.integers(0, len(HEAD) + 12))
def test_a_prelude_is_read_however_it_is_cut(position):
    wire = HEAD + bytes(8) + b"body"
    reader = prelude.PreludeReader()
    found = reader.feed(wire[:position])
    rest = wire[position:]
    if found is None:
        found, rest = reader.feed(rest), b""
    head, first = found
    assert (head.status, head.headers, head.cookies) == (201, (("a", "1"),), ("c=d",))
    assert first + rest == b"body"


@pytest.mark.parametrize(
    "text",
    [
        b"no json",
        b"[]",
        b'{"statusCode": "200"}',
        b'{"statusCode": 99}',
        b'{"body": "x"}',
        b'{"headers": {"a": ["1", "2"]}}',
        b'{"headers": {"a": "1\\r\\nb: 2"}}',
        b'{"headers": {"a b": "1"}}',
        b'{"multiValueHeaders": {"a": "1"}}',
        b'{"cookies": "a=b"}',
    ],
)
def test_a_malformed_prelude_is_refused(text):
    with pytest.raises(prelude.PreludeError):
        prelude.parse(text)


def test_the_delimiter_must_lie_within_16_kilobytes():
    fits = json.dumps({"headers": {"a": "x" * 16_000}}).encode()
    assert feed_all([fits + bytes(8)])
    with pytest.raises(prelude.PreludeError):
        feed_all([json.dumps({"headers": {"a": "x" * 16_400}}).encode() + bytes(8)])
    with pytest.raises(prelude.PreludeError):
        feed_all([b"x" * 20_000])
