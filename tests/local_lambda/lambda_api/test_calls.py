"""Tests what Lambda's API reads of a request, and what it refuses."""

import base64
import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_lambda.application import Function
from local_lambda.lambda_api import calls
from local_lambda.lambda_api.calls import ApiError, Call, FunctionName

FUNCTION = Function("OneFunction", "one", "m.f", "python3.13", Path(), qualifiers=("live", "7"))
ARN = "arn:aws:lambda:eu-west-1:999999999999:function:one"


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("one", "", FunctionName("one")),
        ("one:live", "", FunctionName("one", "live")),
        ("one", "Qualifier=live", FunctionName("one", "live")),
        ("one", "Qualifier=%24LATEST", FunctionName("one", "$LATEST")),
        ("one:7", "Qualifier=7", FunctionName("one", "7")),
        (ARN, "", FunctionName("one")),
        (f"{ARN}:live", "", FunctionName("one", "live")),
        (ARN.replace(":", "%3A"), "", FunctionName("one")),
        ("123456789012:function:one", "", FunctionName("one")),
        ("123456789012%3Afunction%3Aone%3A%24LATEST", "", FunctionName("one", "$LATEST")),
        ("function:one", "", FunctionName("one")),
    ],
)
def test_a_function_is_named_in_every_form_that_lambda_takes(text, query, expected):
    assert FunctionName.parse(text, query) == expected


@pytest.mark.parametrize(
    ("text", "query", "error_type", "message"),
    [
        ("no/such", "", "ValidationException", "Value 'no/such' at 'functionName'"),
        ("", "", "ValidationException", "at 'functionName'"),
        ("one two", "", "ValidationException", "at 'functionName'"),
        ("one", "Qualifier=a%20b", "ValidationException", "Value 'a b' at 'qualifier'"),
        ("one:a", "Qualifier=b", "InvalidParameterValueException", "derived qualifier"),
    ],
)
def test_a_name_that_lambda_refuses_is_refused_in_its_words(text, query, error_type, message):
    with pytest.raises(ApiError) as refused:
        FunctionName.parse(text, query)

    response = refused.value.response()
    assert response.status == 400
    assert dict(response.headers)["X-Amzn-Errortype"] == error_type
    assert message in json.loads(response.body)["message"]


@pytest.mark.parametrize("qualifier", ["", "$LATEST", "live", "7"])
def test_a_function_has_its_versions_and_aliases_and_latest(qualifier):
    assert FunctionName("one", qualifier).qualifies(FUNCTION)


@pytest.mark.parametrize("qualifier", ["dead", "8", "$LATEST.PUBLISHED"])
def test_a_function_has_no_other_version(qualifier):
    assert not FunctionName("one", qualifier).qualifies(FUNCTION)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_name_is_read_or_refused(text, query):
    with contextlib.suppress(ApiError):
        assert FunctionName.parse(text, query).name


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def test_a_client_context_is_handed_on_as_json():
    call = Call.read({"x-amz-client-context": encoded('{"custom":{"a":1}}')}, ("RequestResponse",))

    assert call.client_context == '{"custom":{"a":1}}'


def test_an_asynchronous_invocation_has_no_client_context():
    headers = {"x-amz-client-context": encoded("{}"), "x-amz-invocation-type": "Event"}

    assert Call.read(headers, ("Event",)).client_context is None


@pytest.mark.parametrize(
    "value", ["string", "{}", encoded("[]"), encoded("{"), encoded("NaN"), "é", encoded("\0")]
)
def test_a_client_context_that_is_no_json_object_in_base64_is_refused(value):
    with pytest.raises(ApiError) as refused:
        calls.client_context(value)

    assert refused.value.error_type == "InvalidRequestContentException"
    expected = "Client context must be a valid Base64-encoded JSON object."
    assert refused.value.fields["message"] == expected


def test_a_client_context_may_have_3583_bytes_of_base64_and_no_more():
    fits = encoded(json.dumps({"a": "x" * 2670}))
    over = encoded(json.dumps({"a": "x" * 2690}))

    assert len(fits) <= calls.CLIENT_CONTEXT_LIMIT_BYTES < len(over)
    assert calls.client_context(fits)
    with pytest.raises(ApiError, match="3583 bytes"):
        calls.client_context(over)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-amz-invocation-type", "Later"),
        ("x-amz-log-type", "Head"),
        ("x-amz-tenant-id", "a|b"),
        ("x-amz-tenant-id", "x" * 257),
    ],
)
def test_a_header_that_lambda_does_not_know_is_refused(name, value):
    with pytest.raises(ApiError, match="1 validation error detected"):
        Call.read({name: value}, ("RequestResponse", "Event", "DryRun"))


@pytest.mark.parametrize(
    "body", [b"{", b"'a'", b"\xff", b"NaN", b"[Infinity]", b"\xef\xbb\xbf{}", b"[" * 100_000]
)
def test_a_payload_that_is_not_json_is_refused(body):
    with pytest.raises(ApiError, match="Could not parse request body into json"):
        calls.payload(body)


@given(st.recursive(st.none() | st.text() | st.integers(), st.lists))
def test_a_payload_of_json_is_handed_on_byte_for_byte(value):
    body = json.dumps(value).encode()

    assert calls.payload(body) == body


def test_a_number_of_any_length_is_json():
    body = b"1" * 10_000

    assert calls.payload(body) == body


def test_no_payload_is_an_empty_object():
    assert calls.payload(b"") == b"{}"


@pytest.mark.parametrize(
    ("reserved", "reason"),
    [
        (None, "ConcurrentInvocationLimitExceeded"),
        (1, "ReservedFunctionConcurrentInvocationLimitExceeded"),
    ],
)
def test_a_throttled_call_says_why_and_when_to_try_again(reserved, reason):
    function = Function("F", "f", "m.f", "python3.13", Path(), reserved_concurrency=reserved)
    response = calls.throttled(function).response()

    assert response.status == 429
    assert json.loads(response.body)["Reason"] == reason
    assert dict(response.headers)["Retry-After"] == "1"


@pytest.mark.parametrize("written", ['{\n  "a":\r\n\t"b"\n}', '{"a": "b\xe9\u20ac\U0001f600\x7f"}'])
def test_a_client_context_is_text_that_a_header_can_carry(written):
    carried = calls.client_context(encoded(written))

    assert carried.isascii()
    assert carried.isprintable()
    assert json.loads(carried) == json.loads(written)
