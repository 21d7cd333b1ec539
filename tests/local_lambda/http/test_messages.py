"""Tests where the path of a request ends."""

import pytest

from local_lambda.http.messages import HttpRequest


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/a%20b/c?x=1&y=/2", "/a%20b/c", "x=1&y=/2"),
        ("//api/v2/stream?x", "//api/v2/stream", "x"),
        ("/", "/", ""),
        ("http://host/a?x", "/a", "x"),
        ("*", "*", ""),
    ],
)
def test_a_path_is_what_stands_before_the_question_mark(target, path, query):
    request = HttpRequest("GET", target)
    assert (request.raw_path, request.raw_query) == (path, query)
