"""What does each kind of item become?"""

import dataclasses
import datetime
import decimal
import enum
import json
import pathlib
import types
import uuid

import attrs
import pydantic
import pytest
from event_stream import Decoder
from hypothesis import given, settings
from hypothesis import strategies as st
from lambda_streaming import Event, ndjson, sse

from tests.lambda_streaming.server_sent_events.reading import data_of, events, until_error


@dataclasses.dataclass
class Point:
    x: int
    name: str


class Colour(enum.Enum):
    RED = "red"


class Model(pydantic.BaseModel):
    snake_case: int = pydantic.Field(alias="camelCase")


class FirstPydantic:
    """Has what a model of Pydantic's first version has, as far as it matters."""

    __fields__ = {"a": None}

    def dict(self, by_alias):
        return {"alias" if by_alias else "a": 1}


@attrs.define
class OfAttrs:
    a: int


class OfMsgspec:
    """Has what a `msgspec.Struct` has, as far as it matters."""

    __struct_fields__ = ("a",)
    a = 1


class Root(pydantic.RootModel[list[int]]):
    pass


ITEMS = [
    ("text", "text"),
    (b"bytes of text \xc3\xa4", "bytes of text ä"),
    (bytearray(b"x"), "x"),
    ({"a": [1, None, True]}, {"a": [1, None, True]}),
    ([1, 2], [1, 2]),
    ((1, 2), [1, 2]),
    (0, 0),
    (False, False),
    (1.5, 1.5),
    (Point(1, "ü"), {"x": 1, "name": "ü"}),
    ([Point(1, "p")], [{"x": 1, "name": "p"}]),
    (Model(camelCase=3), {"camelCase": 3}),
    ({"model": Model(camelCase=3)}, {"model": {"camelCase": 3}}),
    (FirstPydantic(), {"alias": 1}),
    (OfAttrs(1), {"a": 1}),
    (OfMsgspec(), {"a": 1}),
    (Root([1]), [1]),
    (Colour.RED, "red"),
    (decimal.Decimal(3), 3),
    ({"d": decimal.Decimal("1.5")}, {"d": 1.5}),
    (datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC), "2026-01-02T03:04:05+00:00"),
    (datetime.date(2026, 1, 2), "2026-01-02"),
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (pathlib.PurePosixPath("/a"), "/a"),
    ({1}, [1]),
    (types.MappingProxyType({"a": 1}), {"a": 1}),
    ({"b": b"text"}, {"b": "text"}),
]


@pytest.mark.parametrize(("item", "received"), ITEMS, ids=[repr(item)[:30] for item, _ in ITEMS])
def test_text_is_data_and_anything_else_is_json(item, received):
    sent = data_of(sse([item], end_event=None))

    assert sent == [received]
    assert type(sent[0]) is type(received)


def test_json_is_compact_and_keeps_every_character_and_digit():
    item = {"ä": decimal.Decimal("0.12345678901234567890123456789012345678"), "b": [1, 2]}

    (piece,) = sse([item], end_event=None)

    assert piece.decode() == ('data: {"ä":0.12345678901234567890123456789012345678,"b":[1,2]}\n\n')


@pytest.mark.parametrize("nothing", [None, b""])
def test_none_and_no_bytes_send_nothing(nothing):
    assert events(sse([nothing, "a", nothing], end_event=None)) == [("message", "a")]


def test_empty_text_is_an_event():
    assert events(sse([""], end_event=None)) == [("message", "")]


def test_text_of_several_lines_arrives_as_it_is():
    assert events(sse(["a\nb\n\nc"], end_event=None)) == [("message", "a\nb\n\nc")]


def test_an_event_has_type_id_retry_and_comment():
    event = Event({"a": 1}, type="tick", id="7", retry_ms=50, comment="said")
    decoder = Decoder()

    body = b"".join(sse([event], end_event=None))

    assert decoder.feed(body) == [("tick", '{"a":1}', "7")]
    assert decoder.retry_ms == 50
    assert body.startswith(b": said\n")


def test_an_event_may_have_an_id_or_a_comment_alone():
    decoder = Decoder()

    assert decoder.feed(b"".join(sse([Event(id="7"), Event(comment="")], end_event=None))) == []
    assert decoder.last_event_id == "7"


def nested(levels):
    item = []
    for _ in range(levels):
        item = [item]
    return item


CANNOT = [
    (object(), TypeError, "item 2 of the source (object) cannot be sent: object is no JSON"),
    ({"a": object()}, TypeError, "(dict) cannot be sent: object is no JSON"),
    ({(1, 2): 3}, TypeError, "keys must be str"),
    (float("nan"), ValueError, "not JSON compliant"),
    (decimal.Decimal("NaN"), ValueError, "the decimal NaN is no JSON number"),
    (b"\xff", ValueError, "no UTF-8 text; encode them as base64"),
    ({"a": b"\xff"}, ValueError, "no UTF-8 text"),
    ("\ud800", ValueError, "lone surrogate"),
    (nested(100_000), ValueError, "maximum recursion depth exceeded"),
    (Model, TypeError, "the class Model is no JSON"),
    (Event(), ValueError, "nothing in it"),
    (Event("a", type="x\ny"), ValueError, "event holds U+000A"),
    (Event("a", id="\0"), ValueError, "id holds U+0000"),
    (Event(type="a"), ValueError, "without data"),
    (Event("a", retry_ms=-1), ValueError, "retry_ms"),
]


@pytest.mark.parametrize(("item", "kind", "sentence"), CANNOT)
def test_an_item_that_cannot_be_sent_is_an_error_that_names_it(item, kind, sentence):
    pieces, error = until_error(sse(["first", item, "never"]))

    assert [type_ for type_, _ in events(pieces)] == ["message", "error"]
    assert type(error) is kind
    assert str(error).startswith("item 2 of the source (")
    assert sentence in str(error)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=30)
@given(st.lists(JSON.filter(lambda item: item is not None and not isinstance(item, str))))
def test_json_arrives_as_it_was_sent(items):
    assert data_of(sse(items, end_event=None)) == items


@settings(max_examples=30)
@given(st.lists(JSON.filter(lambda item: item is not None)))
def test_lines_of_json_are_the_items_one_a_line(items):
    sent = b"".join(ndjson(items)).decode()

    assert [json.loads(line) for line in sent.split("\n")[:-1]] == items


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("text", "str is a single one"),
        (b"text", "bytes is a single one"),
        ({"stream": []}, "of a response of boto3, hand over the stream that is in it"),
        (None, "NoneType is a single one"),
        (7, "int is a single one"),
        (Model(camelCase=1), "Model is a single one"),
        ({1, 2}, "a set has none"),
        (lambda: None, "a call is missing"),
        (Model, "a call is missing"),
        (object(), "an iterator or an async iterator of items, not object"),
    ],
)
def test_a_source_that_gives_no_items_in_order_is_refused_with_a_sentence(source, sentence):
    with pytest.raises(TypeError, match="sse\\(\\) takes") as refused:
        sse(source)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("setting", "kind"),
    [
        ({"heartbeat_s": -1}, ValueError),
        ({"heartbeat_s": "often"}, ValueError),
        ({"heartbeat_s": float("nan")}, ValueError),
        ({"retry_ms": -1}, ValueError),
        ({"retry_ms": 1.5}, TypeError),
        ({"error_event": "a\nb"}, ValueError),
        ({"end_event": ""}, ValueError),
    ],
)
def test_a_setting_without_sense_is_refused_when_it_is_given(setting, kind):
    with pytest.raises(kind, match=f"{next(iter(setting))}|event"):
        sse([], **setting)


def test_the_headers_are_those_of_an_event_stream_that_nobody_may_keep():
    assert sse([]).headers == {
        "Content-Type": "text/event-stream",
        "Cache-Control": "no-cache, no-transform",
        "X-Accel-Buffering": "no",
    }


def test_headers_of_one_body_are_not_those_of_another():
    sse([]).headers["X-Own"] = "1"

    assert "X-Own" not in sse([]).headers
