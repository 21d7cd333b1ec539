"""Tests what each front makes of a function's buffered result."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_lambda.fronts import payload_alb, payload_v1, payload_v2
from local_lambda.fronts.payload import ResultError


def rest(result, accept=None, binary=()):
    return payload_v1.render(encoded(result), accept, binary)


def encoded(result):
    return result if isinstance(result, bytes) else json.dumps(result).encode()


# Recorded of a real REST API on 2024-11-15 (a snapshot that a public emulator validates against).
@pytest.mark.parametrize(
    "result",
    [
        {},
        "text",
        [],
        b"no json",
        {"statusCode": "abc"},
        {"statusCode": 200, "wrongValue": "x"},
        {"statusCode": 200, "multiValueHeaders": {"a": "text"}},
        {"statusCode": 200, "body": {}},
        {"statusCode": 200, "headers": {"a": ["1"]}},
        {"statusCode": 200, "headers": {"a": "\n"}},
        {"statusCode": 200, "headers": {"a": "\ud800"}},
        {"statusCode": 200, "headers": {"a": "€"}},
        {"statusCode": 200, "headers": []},
        b'{"statusCode": Infinity}',
        b"[" * 100_000,
    ],
)
def test_a_rest_api_refuses_a_malformed_result(result):
    with pytest.raises(ResultError):
        rest(result)


@pytest.mark.parametrize(
    ("result", "status"),
    [
        ({"statusCode": 204}, 204),
        ({"headers": {"a": "1"}}, 200),
        ({"statusCode": "201"}, 201),
        ({"statusCode": 200, "headers": None, "multiValueHeaders": None}, 200),
        ({"statusCode": 200, "body": None}, 200),
    ],
)
def test_a_rest_api_takes_a_result_without_a_body_or_with_a_status_as_text(result, status):
    response = rest(result)
    assert (response.status, response.body) == (status, b"")
    assert ("Content-Type", "application/json") in response.headers


def test_a_rest_api_merges_headers_of_one_name_multi_values_first():
    result = {"headers": {"X-A": "solo"}, "multiValueHeaders": {"x-a": ["multi"]}}
    headers = [value for name, value in rest(result).headers if name.lower() == "x-a"]
    assert headers == ["multi", "solo"]


def test_a_rest_api_sends_a_pair_that_is_named_twice_once():
    result = {"headers": {"a": "1"}, "multiValueHeaders": {"a": ["1", "2"]}}
    assert rest(result).headers[:-1] == (("a", "1"), ("a", "2"))


def test_boolean_header_values_are_text_and_null_ones_are_left_out():
    headers = rest({"headers": {"a": True, "b": None, "c": 1}}).headers
    assert headers[:-1] == (("a", "true"), ("c", "1"))


def test_base64_is_decoded_for_binary_media_types_alone():
    result = {"statusCode": 200, "body": "eA==", "isBase64Encoded": True}
    assert rest(result).body == b"eA=="
    assert rest(result, accept="image/png", binary=("image/*",)).body == b"x"
    typed = {**result, "headers": {"content-type": "image/png"}}
    assert rest(typed, binary=("image/png",)).body == b"x"
    assert payload_v1.base64_left_as_text(encoded(result), rest(result))


@pytest.mark.parametrize(
    ("result", "status", "body"),
    [
        ({"statusCode": 418, "body": "x"}, 418, b"x"),
        ({"statusCode": 200, "body": "eA==", "isBase64Encoded": True}, 200, b"x"),
        ({"hello": 1}, 200, b'{"hello": 1}'),
        ("text", 200, b"text"),
        ({}, 200, b"{}"),
        ({"statusCode": 200, "body": "\ud800"}, 200, b"?"),
        (b"no json", 200, b"no json"),
    ],
)
def test_a_result_of_format_2_is_inferred(result, status, body):
    response = payload_v2.render(encoded(result))
    assert (response.status, response.body) == (status, body)


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": 999},
        {"statusCode": 200, "cookies": "a=b"},
        {"statusCode": 200, "cookies": ["a\n"]},
        {"statusCode": 200, "headers": "x"},
        {"statusCode": 200, "headers": {"a": "\udfff"}},
    ],
)
def test_a_malformed_result_of_format_2_is_refused(result):
    with pytest.raises(ResultError):
        payload_v2.render(encoded(result))


def test_cookies_of_format_2_are_headers_of_their_own():
    response = payload_v2.render(encoded({"statusCode": 200, "cookies": ["a=1", "b=2"]}))
    assert response.headers[-2:] == (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))


def test_format_1_of_an_http_api_needs_a_status():
    with pytest.raises(ResultError):
        payload_v1.render_for_http_api(b'{"body": "x"}')
    result = {"statusCode": 201, "multiValueHeaders": {"a": ["1", "2"]}, "body": "x", "more": 1}
    response = payload_v1.render_for_http_api(encoded(result))
    assert (response.status, response.body) == (201, b"x")
    assert response.headers[:2] == (("a", "1"), ("a", "2"))


def test_a_load_balancer_uses_the_headers_of_its_setting():
    result = {
        "statusCode": 201,
        "statusDescription": "201 Made Here",
        "headers": {"a": "single", "Content-Type": "text/plain", "Connection": "close"},
        "multiValueHeaders": {"a": ["1", "2"]},
        "body": "eA==",
        "isBase64Encoded": True,
    }
    response = payload_alb.render(encoded(result), multi_value=False)
    assert (response.status, response.reason, response.body) == (201, "Made Here", b"x")
    assert response.headers == (("a", "single"), ("Content-Type", "text/plain"))
    response = payload_alb.render(encoded(result), multi_value=True)
    assert response.headers == (
        ("a", "1"),
        ("a", "2"),
        ("Content-Type", "application/octet-stream"),
    )


@pytest.mark.parametrize(
    "result",
    [
        {},
        "text",
        {"statusCode": "200"},
        {"statusCode": 200, "body": 1},
        {"statusCode": 200, "headers": {"a": ["1"]}},
        {"statusCode": 200, "body": "x" * 1024 * 1024},
    ],
)
def test_a_load_balancer_refuses_a_malformed_or_large_result(result):
    with pytest.raises(ResultError):
        payload_alb.render(encoded(result), multi_value=False)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=5,
)
KEYS = ("statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded", "cookies")
RESULTS = st.binary() | (JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, JSON))).map(
    encoded
)


@given(RESULTS)
def test_any_result_is_rendered_or_refused(result):
    renderers = [
        lambda: payload_v1.render(result, "image/png", ("image/*",)),
        lambda: payload_v1.render_for_http_api(result),
        lambda: payload_v2.render(result),
        lambda: payload_alb.render(result, multi_value=True),
        lambda: payload_alb.render(result, multi_value=False),
    ]
    for render in renderers:
        try:
            response = render()
        except ResultError:
            continue
        assert 200 <= response.status <= 599
        for name, value in response.headers:
            (name + value).encode("latin-1")
