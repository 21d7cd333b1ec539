"""Payload makers, held against captures of live fronts (hotsock/voker, us-west-2, 2026-07-10).

The captured request was `POST /capture/space%20value?repeat=one&repeat=two&...` with a header that
was sent twice and two cookies.
"""

import base64
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lambda_streaming.testing import function_url, http_api, load_balancer, rest_api
from streaming_runtime.plan import front_of

QUERY = "repeat=one&repeat=two&literalPlus=a+b&encodedPlus=a%2Bb&empty="
DECODED = {
    "repeat": ["one", "two"],
    "literalPlus": ["a b"],
    "encodedPlus": ["a+b"],
    "empty": [""],
}
REQUEST = {
    "query": QUERY,
    "headers": [("X-Probe", "1"), ("X-Probe", "2")],
    "cookies": {"a": "1", "b": "2"},
    "json": {"k": "v"},
}
PATH = "/capture/space%20value"
MAKERS = [function_url, rest_api, http_api, load_balancer]


def test_a_function_url_hands_the_request_over_as_captured():
    payload = function_url("POST", PATH, **REQUEST)

    assert payload["version"] == "2.0"
    assert payload["rawPath"] == PATH
    assert payload["requestContext"]["http"]["path"] == "/capture/space value"
    assert payload["rawQueryString"] == QUERY
    assert payload["queryStringParameters"] == {
        name: ",".join(values) for name, values in DECODED.items()
    }
    assert payload["headers"]["x-probe"] == "1,2"
    assert payload["cookies"] == ["a=1", "b=2"]
    assert payload["headers"]["cookie"] == "a=1; b=2"
    assert payload["headers"]["content-length"] == "10"
    assert payload["headers"]["x-forwarded-proto"] == "https"
    assert (payload["body"], payload["isBase64Encoded"]) == ('{"k": "v"}', False)
    assert payload["requestContext"]["authorizer"] is None
    assert payload["pathParameters"] is None


def test_a_rest_api_hands_the_request_over_as_captured():
    payload = rest_api("POST", PATH, stage="dev", **REQUEST)

    assert payload["path"] == PATH
    assert payload["pathParameters"] == {"proxy": "capture/space%20value"}
    assert payload["requestContext"]["path"] == f"/dev{PATH}"
    assert payload["multiValueQueryStringParameters"] == DECODED
    assert payload["queryStringParameters"]["repeat"] == "two"
    assert payload["headers"]["X-Probe"] == "2"
    assert payload["multiValueHeaders"]["X-Probe"] == ["1", "2"]
    assert payload["headers"]["Cookie"] == "a=1; b=2"
    assert payload["headers"]["X-Forwarded-Proto"] == "https"
    assert "content-length" not in {name.lower() for name in payload["headers"]}
    assert "version" not in payload


def test_an_http_api_hands_the_request_over_as_captured():
    payload = http_api("POST", PATH, **REQUEST)

    assert payload["rawPath"] == "/capture/space value"
    assert payload["requestContext"]["http"]["path"] == "/capture/space value"
    assert payload["headers"]["x-probe"] == "1,2"
    assert payload["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in payload["headers"]


def test_an_http_api_with_format_1_0_says_so():
    payload = http_api("POST", PATH, payload_format="1.0", stage="dev", **REQUEST)

    assert payload["version"] == "1.0"
    assert payload["path"] == "/dev/capture/space value"
    assert payload["multiValueHeaders"]["X-Probe"] == ["1", "2"]


def test_a_load_balancer_decodes_no_query():
    payload = load_balancer("POST", PATH, multi_value=True, **REQUEST)

    assert payload["path"] == PATH
    assert payload["multiValueQueryStringParameters"]["literalPlus"] == ["a+b"]
    assert payload["multiValueQueryStringParameters"]["encodedPlus"] == ["a%2Bb"]
    assert payload["multiValueHeaders"]["x-probe"] == ["1", "2"]
    assert "headers" not in payload
    assert "elb" in payload["requestContext"]


def test_a_load_balancer_without_multi_value_headers_has_the_last_value():
    payload = load_balancer("POST", PATH, **REQUEST)

    assert payload["headers"]["x-probe"] == "2"
    assert payload["queryStringParameters"]["repeat"] == "two"
    assert "multiValueHeaders" not in payload


@pytest.mark.parametrize("maker", MAKERS)
def test_the_runtime_knows_each_front(maker):
    front = front_of(maker("PUT"))

    assert front.streams == (maker in (function_url, rest_api))
    assert front.method == "PUT"


def test_an_http_api_behind_a_custom_domain_does_not_stream():
    assert not front_of(http_api(base_path="v1")).streams
    assert not front_of(http_api(host="api.example.com", claims={"sub": "u"})).streams
    assert front_of(function_url(claims={"sub": "u"})).streams


def test_a_query_is_a_mapping_pairs_or_text():
    for query in ({"a": [1, 2], "b": True}, [("a", 1), ("a", 2), ("b", "true")], "a=1&a=2&b=true"):
        assert function_url(query=query)["rawQueryString"] == "a=1&a=2&b=true"
    assert function_url(path="/x?a=1")["rawQueryString"] == "a=1"


@pytest.mark.parametrize(
    ("parts", "body", "encoded"),
    [
        ({"body": "text"}, "text", False),
        ({"body": b"\xff\x00"}, base64.b64encode(b"\xff\x00").decode(), True),
        ({"json": [1, "ü"]}, json.dumps([1, "ü"]), False),
        ({"form": {"a": "b c"}}, base64.b64encode(b"a=b+c").decode(), True),
        ({"body": "<a/>", "headers": {"Content-Type": "text/xml"}}, "<a/>", False),
    ],
)
def test_a_body_is_text_or_base64_by_its_type(parts, body, encoded):
    payload = function_url("POST", **parts)

    assert (payload["body"], payload["isBase64Encoded"]) == (body, encoded)


def test_a_rest_api_has_text_unless_a_binary_media_type_covers_the_body():
    form = {"form": {"a": "b c"}}

    assert rest_api("POST", **form)["body"] == "a=b+c"
    assert rest_api("POST", binary_media_types=["*/*"], **form)["isBase64Encoded"]


def test_a_base_path_comes_as_from_a_custom_domain():
    rest = rest_api(path="/items", base_path="v1", stage="prod")
    http = http_api(path="/items", base_path="v1")
    http_1 = http_api(path="/items", base_path="v1", payload_format="1.0")

    assert (rest["path"], rest["requestContext"]["path"]) == ("/v1/items", "/v1/items")
    assert rest["pathParameters"] == {"proxy": "items"}
    assert rest["requestContext"]["domainName"] == "api.example.com"
    assert rest["requestContext"]["domainPrefix"] == "api"
    assert http["rawPath"] == "/items"
    assert http_1["path"] == "/v1/items"


def test_a_route_gives_path_parameters():
    rest = rest_api("PUT", "/items/7", route="/items/{id}")
    http = http_api("PUT", "/items/7", route="PUT /items/{id}", stage="dev")

    assert (rest["resource"], rest["pathParameters"]) == ("/items/{id}", {"id": "7"})
    assert (http["routeKey"], http["pathParameters"]) == ("PUT /items/{id}", {"id": "7"})
    assert http["rawPath"] == "/dev/items/7"


def test_claims_stand_where_each_front_has_them():
    claims = {"sub": "u1", "scope": "a b", "groups": ["x", "y"]}

    def authorizer(payload):
        return payload["requestContext"]["authorizer"]

    assert authorizer(function_url(claims=claims))["iam"]["userId"] == "u1"
    assert authorizer(rest_api(claims=claims))["claims"]["sub"] == "u1"
    assert authorizer(http_api(claims=claims))["jwt"]["scopes"] == ["a", "b"]
    assert authorizer(http_api(claims=claims, payload_format="1.0"))["claims"]["groups"] == "[x y]"
    assert authorizer(rest_api(authorizer={"principalId": "p"})) == {"principalId": "p"}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: function_url(path="items"), "begin with a slash"),
        (lambda: function_url("G ET"), "none that HTTP knows"),
        (lambda: function_url(body="a", json=1), "one body, and there are body and json"),
        (lambda: function_url(body={"a": 1}), "use json or form"),
        (lambda: function_url(path="/?a=1", query="b=2"), "in one place"),
        (lambda: function_url(headers={"a b": "1"}), "HTTP cannot carry"),
        (lambda: function_url(headers={"a": "1\n2"}), "HTTP cannot carry"),
        (lambda: function_url(headers={"Cookie": "a=1"}, cookies={"b": 1}), "in one place"),
        (lambda: function_url(data="x"), "a request has no data"),
        (lambda: function_url(headers=["a"]), "headers is a mapping or a list of pairs"),
        (lambda: function_url(claims={}, authorizer={}), "give one"),
        (lambda: rest_api(path="/a/b", route="/a"), "does not match"),
        (lambda: http_api(path="/a", route="POST /a"), "does not match"),
        (lambda: http_api(payload_format=2), '"1.0" or "2.0"'),
    ],
)
def test_what_no_client_can_send_is_an_error_with_a_sentence(make, said):
    with pytest.raises((ValueError, TypeError), match=said):
        make()


@given(
    maker=st.sampled_from(MAKERS),
    method=st.sampled_from(["GET", "POST", "DELETE"]),
    path=st.text(max_size=20).map(lambda text: "/" + text),
    query=st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=4),
    body=st.binary(max_size=20),
)
@example(maker=http_api, method="GET", path="/%", query=[], body=b"")
def test_every_request_becomes_a_payload_that_json_has_or_is_refused_as_by_its_front(
    maker, method, path, query, body
):
    path = path.replace("?", "")
    try:
        payload = maker(method, path, query=query, body=body)
    except UnicodeEncodeError:  # half of a surrogate pair
        return
    except ValueError as error:
        payload, refused = None, str(error)
    if payload is None:
        assert (maker, "a % in it begins no escape" in refused) == (http_api, True)
        return

    assert json.loads(json.dumps(payload)) == payload
    assert front_of(payload).method == method
