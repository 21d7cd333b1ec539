"""Tests where the path of a request ends, and which headers HTTP can carry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_lambda.http.messages import HttpRequest, is_header


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/a%20b/c?x=1&y=/2", "/a%20b/c", "x=1&y=/2"),
        ("//api/v2/stream?x", "//api/v2/stream", "x"),
        ("/", "/", ""),
        ("http://host/a?x", "/a", "x"),
        ("HTTPS://host?x", "/", "x"),
        ("http://[bad/a", "/a", ""),
        ("/a#b?c#d", "/a#b", "c#d"),
        ("*", "*", ""),
    ],
)
def test_a_path_is_what_stands_before_the_question_mark(target, path, query):
    request = HttpRequest("GET", target)
    assert (request.raw_path, request.raw_query) == (path, query)


@given(st.text())
def test_every_target_has_a_path_and_a_query(target):
    request = HttpRequest("GET", target)
    assert request.raw_path
    assert isinstance(request.raw_query, str)
    assert isinstance(request.has_path, bool)


@pytest.mark.parametrize(
    ("value", "valid"),
    [("x", True), ("caf\xe9", True), ("\u20ac", False), ("\ud800", False), ("a\nb", False)],
)
def test_a_header_value_is_latin_1_without_control_characters(value, valid):
    assert is_header("x-a", value) is valid
