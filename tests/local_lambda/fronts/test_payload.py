"""Tests both payload formats: payloads and buffered results."""

import json

import pytest

from local_lambda.application import Route
from local_lambda.fronts import payload_v1, payload_v2
from local_lambda.fronts.payload import RequestContext, ResultError
from local_lambda.fronts.routing import RouteMatch
from local_lambda.http.messages import HttpRequest

CONTEXT = RequestContext(
    api_id="api",
    host="127.0.0.1:1",
    port=1,
    request_id="request-1",
    trace_id="Root=1",
    time_ms=1_700_000_000_000,
    stage="dev",
)


def test_format_2_joins_what_is_repeated():
    request = HttpRequest(
        "GET", "/a%20b?x=1&x=2&y=", (("X-A", "1"), ("x-a", "2"), ("Cookie", "a=1; b=2"))
    )
    payload = payload_v2.build(request, CONTEXT)
    assert payload["headers"]["x-a"] == "1,2"
    assert payload["cookies"] == ["a=1", "b=2"]
    assert payload["queryStringParameters"] == {"x": "1,2", "y": ""}
    assert payload["rawPath"] == "/a%20b"
    assert payload["requestContext"]["http"]["path"] == "/a b"
    assert "body" not in payload
    assert payload["requestContext"]["time"] == "14/Nov/2023:22:13:20 +0000"


def test_format_1_keeps_what_is_repeated():
    request = HttpRequest("GET", "/i/a%20b?x=1&x=2", (("X-A", "1"), ("x-a", "2")))
    match = RouteMatch(Route("GET", "/i/{id}", "f"), {"id": "a%20b"})
    paths = payload_v1.Paths(in_domain="/dash/i/a%20b", sent="/dev/dash/i/a%20b")
    payload = payload_v1.build(request, match, CONTEXT, paths)
    assert payload["multiValueHeaders"]["X-A"] == ["1", "2"]
    assert payload["headers"]["X-A"] == "2"
    assert payload["multiValueQueryStringParameters"] == {"x": ["1", "2"]}
    assert (payload["resource"], payload["path"]) == ("/i/{id}", "/dash/i/a%20b")
    assert payload["pathParameters"] == {"id": "a%20b"}
    assert payload["requestContext"]["path"] == "/dev/dash/i/a%20b"
    assert payload["body"] is None


def test_format_1_encodes_binary_media_types_alone():
    route = Route("POST", "/", "f", binary_media_types=("image/*",))
    request = HttpRequest("POST", "/", (("content-type", "image/png"),), b"\xff")
    paths = payload_v1.Paths("/", "/")
    assert payload_v1.build(request, RouteMatch(route, {}), CONTEXT, paths)["body"] == "/w=="
    request = HttpRequest("POST", "/", (("content-type", "text/plain"),), b"x")
    assert payload_v1.build(request, RouteMatch(route, {}), CONTEXT, paths)["body"] == "x"


@pytest.mark.parametrize(
    "result",
    [
        "x",
        "[]",
        '{"statusCode": 200, "cookies": []}',
        '{"statusCode": "abc"}',
        '{"statusCode": 200, "body": {}}',
        '{"headers": {"a": "\\n"}}',
    ],
)
def test_a_result_that_is_no_proxy_result_is_malformed_for_the_rest_api(result):
    with pytest.raises(ResultError):
        payload_v1.render(result.encode(), None, ())


def test_a_result_of_format_1_is_rendered():
    result = {
        "statusCode": 201,
        "headers": {"a": "1", "b": "2"},
        "multiValueHeaders": {"A": ["3", "4"]},
        "body": "x",
    }
    response = payload_v1.render(json.dumps(result).encode(), None, ())
    assert (response.status, response.body) == (201, b"x")
    assert response.headers == (
        ("A", "3"),
        ("A", "4"),
        ("b", "2"),
        ("Content-Type", "application/json"),
    )


@pytest.mark.parametrize(
    ("result", "status", "body"),
    [
        ('{"statusCode": 418, "body": "x"}', 418, b"x"),
        ('{"statusCode": 200, "body": "eA==", "isBase64Encoded": true}', 200, b"x"),
        ('{"hello": 1}', 200, b'{"hello": 1}'),
        ('"text"', 200, b"text"),
        ('{"statusCode": 999}', 502, b"Internal Server Error"),
    ],
)
def test_a_result_of_format_2_is_inferred(result, status, body):
    response = payload_v2.render(result.encode())
    assert (response.status, response.body) == (status, body)
