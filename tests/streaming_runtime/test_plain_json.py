"""Payloads and plain results, compared with the marshaller of the stock client on any value."""

import collections
import enum
import json
import sys
from decimal import Decimal

import pytest
from awslambdaric.lambda_runtime_exception import FaultException
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller
from hypothesis import given
from hypothesis import strategies as st
from streaming_runtime.errors import RuntimeFault
from streaming_runtime.plain_json import DEEPEST, as_json, payload_of

Pair = collections.namedtuple("Pair", "first second")


class Amount(Decimal):
    pass


class Size(enum.IntEnum):
    LARGE = 3


class AsDict:
    def __init__(self, value):
        self.value = value

    def _asdict(self):
        return {"value": self.value}


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.one_of(st.integers(), st.floats(), st.decimals(), st.decimals().map(Amount))
SCALARS = st.one_of(
    st.none(), st.booleans(), NUMBERS, TEXTS, st.binary(), st.just(Size.LARGE), st.just(object())
)
NAMES = st.one_of(
    TEXTS, TEXTS.map(str.encode), st.integers(), st.floats(), st.booleans(), st.none(),
    st.just(Size.LARGE), st.just((1, 2)),
)  # fmt: skip


def containers(values):
    return st.one_of(
        st.lists(values, max_size=4),
        st.lists(values, max_size=4).map(tuple),
        st.tuples(values, values).map(Pair._make),
        st.dictionaries(NAMES, values, max_size=4),
        st.dictionaries(NAMES, values, max_size=4).map(collections.OrderedDict),
        values.map(AsDict),
    )


RESULTS = st.recursive(SCALARS, containers, max_leaves=20)


def of_the_stock_client(result):
    """Returns the JSON, or the message of the error."""
    try:
        body, _ = LambdaMarshaller().marshal_response(result)
    except FaultException as fault:
        return fault.exception_type, fault.msg
    return body if isinstance(body, bytes) else body.encode()


def of_ours(result, ascii_only):
    try:
        return as_json(result, ascii_only=ascii_only)
    except RuntimeFault as fault:
        return fault.error_type, str(fault)


@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_any_result_is_written_as_the_stock_client_writes_it(monkeypatch, version):
    monkeypatch.setenv("AWS_EXECUTION_ENV", f"AWS_Lambda_python{version}")

    @given(RESULTS.filter(lambda result: not isinstance(result, bytes)))
    def compared(result):
        assert of_ours(result, version == "3.11") == of_the_stock_client(result)

    compared()


def nested(depth, kind):
    value = "the innermost"
    for _ in range(depth):
        value = kind(value)
    return value


@pytest.mark.parametrize(
    "kind", [lambda value: [value], lambda value: {"a": value}, lambda value: (1, value)]
)
def test_results_may_be_as_deep_as_the_stock_client_takes_them(kind):
    text = as_json(nested(DEEPEST - 10, kind))

    assert text.count(b"the innermost") == 1
    assert text == text.strip()


def test_what_never_ends_is_an_error():
    endless = AsDict(None)
    endless.value = endless

    with pytest.raises(RuntimeFault, match="maximum recursion depth exceeded"):
        as_json(endless)


def test_a_deep_result_is_written_whatever_the_limit_of_recursion_is():
    result = nested(900, AsDict)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(400)
    try:
        text = as_json(result)
    finally:
        sys.setrecursionlimit(limit)

    assert text.count(b"value") == 900


def of_json(values):
    return st.lists(values) | st.dictionaries(TEXTS, values)


@given(st.recursive(st.none() | st.booleans() | st.integers() | TEXTS, of_json))
def test_any_json_is_taken_as_a_payload(value):
    assert payload_of(json.dumps(value).encode(), "application/json") == value
    assert payload_of(json.dumps(value, ensure_ascii=False).encode(), "application/json") == value


@given(st.binary())
def test_bytes_that_are_no_json_are_an_unmarshal_error_as_in_the_stock_client(body):
    def outcome(parse, fault):
        try:
            return parse(body, "application/json")
        except fault as error:
            return getattr(error, "error_type", None) or error.exception_type

    stock = outcome(LambdaMarshaller().unmarshal_request, FaultException)
    assert outcome(payload_of, RuntimeFault) == stock


def test_a_payload_of_another_type_is_handed_on_as_it_is():
    assert payload_of(b"\xff{}", "text/plain") == b"\xff{}"
