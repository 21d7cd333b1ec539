"""Which values are streams, to be left alone, and which are data?"""

import io
from collections import deque

import pytest
import requests
from botocore.response import StreamingBody
from pydantic import BaseModel
from streaming_runtime.adaptations.streams import is_read_later, is_read_once, name_of, streams


class Model(BaseModel):
    number: int = 1


class Rows:
    def __iter__(self):
        return iter("ab")


class Context:
    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass


def generator():
    yield "a"


async def async_generator():
    yield "a"


STREAMS = [
    generator(),
    async_generator(),
    iter([]),
    map(str, []),
    io.BytesIO(b"a"),
    io.StringIO("a"),
    StreamingBody(io.BytesIO(b"a"), 1),
    requests.Response(),
]
DATA = [
    None,
    1,
    "text",
    b"bytes",
    [generator()],
    {"a": 1},
    {1},
    (1,),
    deque([1]),
    range(3),
    Model(),
    Rows(),
    io.BytesIO,
    generator,
]


def name(value):
    return getattr(value, "__name__", type(value).__name__)


@pytest.mark.parametrize("value", STREAMS, ids=name)
def test_what_is_used_up_by_reading_is_a_stream(value):
    assert is_read_once(value)
    assert is_read_later(value)
    assert streams(value)
    assert streams({"statusCode": 200, "body": value})
    assert name_of(value) == f"<{type(value).__name__}, not read>"


@pytest.mark.parametrize("value", DATA, ids=name)
def test_data_is_no_stream(value):
    assert not is_read_once(value)
    assert not streams(value)


def test_a_body_may_be_anything_that_can_be_iterated_over():
    assert is_read_later(Rows())
    assert is_read_later(Context())
    assert not is_read_later([b"a"])
    assert not streams({"statusCode": 200, "body": "text"})
    assert not streams({"statusCode": 204})
