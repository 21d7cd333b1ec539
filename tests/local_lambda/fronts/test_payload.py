"""Tests the payloads of all fronts against captures of real requests.

The request is the one that a public probe sent to AWS on 2026-07-10: an encoded path, repeated and
encoded query parameters, a repeated header, two cookies and a JSON body.
"""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_lambda.application import Route
from local_lambda.fronts import payload_alb, payload_v1, payload_v2
from local_lambda.fronts.payload import RequestContext
from local_lambda.fronts.routing import RouteMatch
from local_lambda.http.messages import HttpRequest

CONTEXT = RequestContext(
    api_id="api",
    host="127.0.0.1:1",
    port=1,
    request_id="request-1",
    trace_id="Root=1",
    time_ms=1_700_000_000_000,
    stage="live",
)
QUERY = (
    "repeat=one&repeat=two&redirect=https%3A%2F%2Fexample.com%2Fa%2Fb"
    "&literalPlus=a+b&encodedPlus=a%2Bb&empty="
)
BODY = '{"message":"hello","unicode":"lambda-λ"}'
PROBE = HttpRequest(
    "POST",
    f"/capture/space%20value?{QUERY}",
    headers=(
        ("host", "example.com"),
        ("user-agent", "curl/8.7.1"),
        ("accept", "*/*"),
        ("Connection", "keep-alive"),
        ("cookie", "session=abc123; theme=dark"),
        ("content-type", "application/json"),
        ("content-length", "66"),
        ("x-probe", "first"),
        ("x-probe", "second"),
    ),
    body=BODY.encode(),
    source_ip="68.8.83.18",
)
PROXY = RouteMatch(Route("ANY", "/{proxy+}", "F"), {"proxy": "capture/space%20value"})
PATHS = payload_v1.Paths(in_domain="/capture/space%20value", sent="/live/capture/space%20value")
DECODED = {
    "repeat": "one,two",
    "redirect": "https://example.com/a/b",
    "literalPlus": "a b",
    "encodedPlus": "a+b",
    "empty": "",
}


def http_api(version="2.0", request=PROBE, match=PROXY, context=CONTEXT):
    build = payload_v1 if version == "1.0" else payload_v2
    return build.build_for_http_api(request, match, context, path="/capture/space value")


def test_a_function_url_hands_on_what_was_captured():
    payload = payload_v2.build(PROBE, CONTEXT)
    assert payload["rawPath"] == "/capture/space%20value"
    assert payload["requestContext"]["http"]["path"] == "/capture/space value"
    assert payload["rawQueryString"] == QUERY
    assert payload["queryStringParameters"] == DECODED
    assert payload["cookies"] == ["session=abc123", "theme=dark"]
    assert payload["headers"] == {
        "accept": "*/*",
        "content-length": "66",
        "content-type": "application/json",
        "cookie": "session=abc123; theme=dark",
        "host": "example.com",
        "user-agent": "curl/8.7.1",
        "x-amzn-trace-id": "Root=1",
        "x-forwarded-for": "68.8.83.18",
        "x-forwarded-port": "1",
        "x-forwarded-proto": "http",
        "x-probe": "first,second",
    }
    assert payload["pathParameters"] is payload["stageVariables"] is None
    context = payload["requestContext"]
    assert context["authorizer"] is context["authentication"] is None
    assert context["accountId"] == "anonymous"
    assert context["time"] == "14/Nov/2023:22:13:20 +0000"
    assert (payload["body"], payload["isBase64Encoded"]) == (BODY, False)


def test_a_rest_api_hands_on_what_was_captured():
    payload = payload_v1.build(PROBE, PROXY, CONTEXT, PATHS)
    assert (payload["resource"], payload["path"]) == ("/{proxy+}", "/capture/space%20value")
    assert payload["pathParameters"] == {"proxy": "capture/space%20value"}
    assert payload["requestContext"]["path"] == "/live/capture/space%20value"
    assert payload["queryStringParameters"] == {**DECODED, "repeat": "two"}
    assert payload["multiValueQueryStringParameters"] == {
        **{name: [value] for name, value in DECODED.items()},
        "repeat": ["one", "two"],
    }
    headers = {
        "Host": "example.com",
        "User-Agent": "curl/8.7.1",
        "X-Amzn-Trace-Id": "Root=1",
        "X-Forwarded-For": "68.8.83.18",
        "X-Forwarded-Port": "1",
        "X-Forwarded-Proto": "http",
        "accept": "*/*",
        "content-type": "application/json",
        "cookie": "session=abc123; theme=dark",
        "x-probe": "second",
    }
    assert payload["headers"] == headers
    many = {name: [value] for name, value in headers.items()}
    assert payload["multiValueHeaders"] == {**many, "x-probe": ["first", "second"]}
    assert payload["stageVariables"] is None
    assert payload["requestContext"]["stage"] == "live"
    identity = payload["requestContext"]["identity"]
    assert (identity["sourceIp"], identity["userAgent"]) == ("68.8.83.18", "curl/8.7.1")
    assert identity["cognitoIdentityId"] is None
    assert (payload["body"], payload["isBase64Encoded"]) == (BODY, False)


def test_an_http_api_hands_on_what_was_captured():
    payload = http_api()
    assert payload["rawPath"] == "/capture/space value"
    assert payload["requestContext"]["http"]["path"] == "/capture/space value"
    assert payload["rawQueryString"] == QUERY
    assert payload["queryStringParameters"] == DECODED
    assert payload["cookies"] == ["session=abc123", "theme=dark"]
    assert "cookie" not in payload["headers"]
    assert payload["headers"]["content-length"] == "66"
    assert payload["headers"]["x-probe"] == "first,second"
    assert payload["routeKey"] == payload["requestContext"]["routeKey"] == "ANY /{proxy+}"
    assert payload["stageVariables"] is payload["requestContext"]["authentication"] is None
    assert (payload["body"], payload["isBase64Encoded"]) == (BODY, False)


def test_the_default_route_has_no_method_in_its_key():
    payload = http_api(match=RouteMatch(Route("ANY", "$default", "F"), {}))
    assert (payload["routeKey"], payload["pathParameters"]) == ("$default", None)


def test_format_1_of_an_http_api_names_its_version():
    payload = http_api("1.0")
    assert (payload["version"], payload["path"]) == ("1.0", "/capture/space value")
    assert payload["multiValueHeaders"]["x-probe"] == ["first", "second"]
    assert payload["headers"]["content-length"] == "66"
    assert payload["requestContext"]["authorizer"] == {"claims": None, "scopes": None}


def test_a_load_balancer_hands_on_what_was_captured():
    payload = payload_alb.build(PROBE, CONTEXT, target_group_arn="arn", multi_value=True)
    assert payload == {
        "requestContext": {"elb": {"targetGroupArn": "arn"}},
        "httpMethod": "POST",
        "path": "/capture/space%20value",
        "multiValueQueryStringParameters": {
            "empty": [""],
            "encodedPlus": ["a%2Bb"],
            "literalPlus": ["a+b"],
            "redirect": ["https%3A%2F%2Fexample.com%2Fa%2Fb"],
            "repeat": ["one", "two"],
        },
        "multiValueHeaders": {
            "accept": ["*/*"],
            "content-length": ["66"],
            "content-type": ["application/json"],
            "cookie": ["session=abc123; theme=dark"],
            "host": ["example.com"],
            "user-agent": ["curl/8.7.1"],
            "x-amzn-trace-id": ["Root=1"],
            "x-forwarded-for": ["68.8.83.18"],
            "x-forwarded-port": ["1"],
            "x-forwarded-proto": ["http"],
            "x-probe": ["first", "second"],
        },
        "body": BODY,
        "isBase64Encoded": False,
    }


def test_a_load_balancer_without_multi_values_hands_on_the_last_of_each():
    payload = payload_alb.build(PROBE, CONTEXT, target_group_arn="arn", multi_value=False)
    assert payload["queryStringParameters"]["repeat"] == "two"
    assert payload["headers"]["x-probe"] == "second"
    assert "multiValueHeaders" not in payload


@pytest.mark.parametrize(
    ("content_type", "is_text"),
    [
        ("text/plain; charset=utf-8", True),
        ("application/json", True),
        ("application/vnd.api+json", True),
        ("application/xml", True),
        ("application/javascript", True),
        ("application/x-www-form-urlencoded", False),
        ("multipart/form-data; boundary=x", False),
        ("application/octet-stream", False),
        ("", False),
    ],
)
def test_only_text_json_xml_and_javascript_are_handed_on_as_text(content_type, is_text):
    request = HttpRequest("POST", "/", (("Content-Type", content_type),), b"a=b")
    payload = payload_v2.build(request, CONTEXT)
    assert payload["isBase64Encoded"] is not is_text
    assert payload["body"] == ("a=b" if is_text else base64.b64encode(b"a=b").decode())
    assert payload_v1.build(request, PROXY, CONTEXT, PATHS)["body"] == "a=b"


def test_a_rest_api_encodes_binary_media_types_alone():
    route = Route("POST", "/", "f", binary_media_types=("image/*",))
    for kind, body in (("image/png", "/w=="), ("text/plain", "�")):
        request = HttpRequest("POST", "/", (("content-type", kind),), b"\xff")
        assert payload_v1.build(request, RouteMatch(route, {}), CONTEXT, PATHS)["body"] == body


def test_a_compressed_body_reaches_a_load_balancers_function_as_base64():
    headers = (("content-type", "text/plain"), ("content-encoding", "gzip"))
    request = HttpRequest("POST", "/", headers, b"x")
    payload = payload_alb.build(request, CONTEXT, target_group_arn="arn", multi_value=True)
    assert payload["isBase64Encoded"]


def test_the_addresses_of_proxies_are_kept():
    request = HttpRequest("GET", "/", (("X-Forwarded-For", "1.1.1.1"),), source_ip="2.2.2.2")
    rest = payload_v1.build(request, PROXY, CONTEXT, PATHS)
    assert rest["headers"]["X-Forwarded-For"] == "1.1.1.1, 2.2.2.2"
    assert http_api(request=request)["headers"]["x-forwarded-for"] == "1.1.1.1, 2.2.2.2"
    assert payload_v2.build(request, CONTEXT)["headers"]["x-forwarded-for"] == "2.2.2.2"


def test_two_cookie_headers_are_one_list():
    request = HttpRequest("GET", "/", (("Cookie", "a=1"), ("cookie", "b=2")))
    payload = payload_v2.build(request, CONTEXT)
    assert (payload["cookies"], payload["headers"]["cookie"]) == (["a=1", "b=2"], "a=1; b=2")


LATIN_1 = st.text(st.characters(max_codepoint=255))


@given(
    target=LATIN_1,
    headers=st.lists(st.tuples(LATIN_1, LATIN_1)),
    body=st.binary(),
)
def test_a_payload_is_built_of_any_request(target, headers, body):
    request = HttpRequest("POST", target, tuple(headers), body)
    payloads = [
        payload_v2.build(request, CONTEXT),
        payload_v1.build(request, PROXY, CONTEXT, PATHS),
        http_api("1.0", request),
        http_api("2.0", request),
        payload_alb.build(request, CONTEXT, target_group_arn="arn", multi_value=True),
        payload_alb.build(request, CONTEXT, target_group_arn="arn", multi_value=False),
    ]
    for payload in payloads:
        json.dumps(payload, ensure_ascii=False).encode()
