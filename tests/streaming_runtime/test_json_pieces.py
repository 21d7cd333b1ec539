"""A body of JSON whose pieces are text, or values that become the elements of an array."""

import asyncio
import json

from hypothesis import given, settings
from hypothesis import strategies as st
from streaming_runtime.adaptations.json_pieces import json_pieces

scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3), max_leaves=5)
documents = st.dictionaries(st.text(max_size=3), values, max_size=3)
nothing_yet = st.just(b"")


def joined(body):
    pieces = [piece.encode() if isinstance(piece, str) else piece for piece in body]
    return b"".join(pieces)


@settings(max_examples=40)
@given(documents, st.lists(values | documents | nothing_yet, max_size=6))
def test_values_are_the_array_that_a_list_of_them_would_be(first, rest):
    sent = joined(json_pieces(iter([b"", first, *rest]), json.dumps))

    assert json.loads(sent) == [first, *(value for value in rest if value != b"")]


@settings(max_examples=40)
@given(st.lists(st.text(min_size=1) | st.binary(min_size=1), min_size=1, max_size=6))
def test_text_and_bytes_are_sent_as_they_are(pieces):
    assert joined(json_pieces(iter(pieces), json.dumps)) == joined(pieces)


def test_nothing_is_an_empty_array():
    assert joined(json_pieces(iter([]), json.dumps)) == b"[]"
    assert joined(json_pieces(iter([b"", b""]), json.dumps)) == b"[]"


@settings(max_examples=40)
@given(documents, st.lists(values | nothing_yet, max_size=4))
def test_an_asynchronous_body_becomes_the_same(first, rest):
    async def body():
        for value in (first, *rest):
            yield value

    async def read():
        return [piece async for piece in json_pieces(body(), json.dumps)]

    expected = joined(json_pieces(iter([first, *rest]), json.dumps))
    assert joined(asyncio.run(read())) == expected


def test_each_value_is_written_before_the_next_is_asked_for():
    asked = []

    def body():
        for number in range(3):
            asked.append(number)
            yield {"number": number}

    pieces = iter(json_pieces(body(), json.dumps))

    assert (next(pieces), asked) == ('[{"number": 0}', [0])
    assert (next(pieces), asked) == (',{"number": 1}', [0, 1])


def test_closing_it_closes_what_was_never_read():
    class Body:
        closed = False

        def __iter__(self):
            return iter(())

        def close(self):
            self.closed = True

    body = Body()
    json_pieces(body, json.dumps).close()

    assert body.closed
