"""Tests the lines that the page gets of a streamed reply."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from local_lambda.admin.invoking import StreamLines

PRELUDE_TYPE = "application/vnd.awslambda.http-integration-response"
WHOLE = b'{"statusCode": 201, "headers": {"a": "b"}}' + bytes(8) + "Grüße".encode()


def lines_of(pieces, content_type=PRELUDE_TYPE):
    lines = StreamLines(content_type)
    found = [fields for piece in pieces for fields in lines.feed(piece)]
    return found + lines.end()


@given(st.lists(st.integers(0, len(WHOLE)), max_size=5).map(sorted))
def test_prelude_and_text_are_the_same_wherever_the_stream_is_cut_into_pieces(cuts):
    edges = [0, *cuts, len(WHOLE)]
    first, *rest = lines_of([WHOLE[a:b] for a, b in pairwise(edges)])

    assert first["prelude"]["status"] == 201
    assert first["prelude"]["headers"] == (("a", "b"),)
    assert "".join(fields["piece"] for fields in rest) == "Grüße"
    assert sum(fields["size_bytes"] for fields in rest) == len("Grüße".encode())


def test_a_stream_without_a_prelude_is_shown_as_it_comes():
    assert lines_of([b"a", b"b"], "text/plain") == [
        {"piece": "a", "size_bytes": 1},
        {"piece": "b", "size_bytes": 1},
    ]


def test_a_malformed_prelude_is_named_and_shown():
    first, second = lines_of([b"no JSON" + bytes(8) + b"x"])
    assert "not JSON" in first["malformed"]
    assert second["piece"] == "no JSON" + "\0" * 8 + "x"


def test_a_stream_that_ends_within_its_prelude_is_named_and_shown():
    first, second = lines_of([b'{"status', b'Code"'])
    assert "delimiter" in first["malformed"]
    assert second["piece"] == '{"statusCode"'
