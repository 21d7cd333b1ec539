import json
import os
from urllib.parse import parse_qsl, quote, unquote, unquote_to_bytes

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from lambda_streaming.http_request import NotAnHttpRequest, read_request

from local_lambda.fronts.http_api import decoded_path
from local_lambda.http.messages import HttpRequest as Sent
from tests.lambda_streaming.emulated import FRONTS, http_api, load_balancer, rest_api

# These tell the path as it was sent; HTTP APIs decode it, twice.
SENT_PATHS = [name for name in FRONTS if not name.startswith("HTTP API")]
ROOTS = {
    "REST API": "/prod",
    "REST API behind a custom domain": "/shop",
    "HTTP API, 2.0, named stage": "/prod",
    "HTTP API, 1.0, named stage": "/prod",
}
# Each of these fronts adds or owns them.
OWNED = {b"content-length", b"x-amzn-trace-id", b"x-forwarded-for", b"x-forwarded-port"}
OWNED |= {b"x-forwarded-proto"}

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=6)
segments = st.one_of(texts, st.sampled_from(["a b", "ü", "%", "a%2Fb", "+", "a;b=c", "..", "{x}"]))
paths = st.lists(segments, max_size=4).map(lambda each: "/" + "/".join(each))
queries = st.lists(st.tuples(texts.filter(bool), texts), max_size=4)
names = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=8).map(lambda x: f"x-t-{x}")
values = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=9
).filter(lambda value: "," not in value)
cookies = st.lists(st.text("abc=123", min_size=1, max_size=6), max_size=3)
bodies = st.one_of(
    st.tuples(st.just("application/octet-stream"), st.binary(max_size=40)),
    st.tuples(st.just("text/plain"), texts.map(str.encode)),
    st.tuples(st.just("application/x-www-form-urlencoded"), st.just(b"a=1&b=%C3%BC")),
    st.tuples(st.just("application/json"), st.just(json.dumps({"a": "ü"}).encode())),
)


@st.composite
def requests(draw):
    path = quote(draw(paths), safe="/")
    # A parameter's values stand together, as fronts group them.
    query = sorted(draw(queries), key=lambda each: each[0])
    text = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)
    content_type, body = draw(bodies)
    headers = [("host", "shop.example"), ("content-type", content_type)]
    headers += draw(st.lists(st.tuples(names, values), max_size=4))
    headers += [("cookie", each) for each in ["; ".join(draw(cookies))] if each]
    return Sent(
        method=draw(st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])),
        target=path + (f"?{text}" if text else ""),
        headers=tuple(headers),
        body=body,
        source_ip="203.0.113.7",
    )


def grouped(headers):
    """Returns all values of each header, in their order: fronts may join them by a comma."""
    found = {}
    for name, value in headers:
        if name not in OWNED:
            found.setdefault(name, []).extend(value.split(b","))
    return found


def last_values(headers):
    """Returns the header values that a load balancer without multi-value headers hands on."""
    return {name: each[-1:] for name, each in headers.items()}


@pytest.mark.parametrize("front", FRONTS)
@settings(max_examples=int(os.environ.get("EXAMPLES", "40")))
@given(request=requests())
@example(request=Sent("GET", "/"))
@example(request=Sent("GET", "//a//b/"))
@example(request=Sent("GET", "/%F0%28%8C?a"))
def test_what_a_client_sends_comes_out_of_each_fronts_payload(front, request):
    assume(front in SENT_PATHS or decoded_path(request.raw_path) is not None)
    payload = json.loads(json.dumps(FRONTS[front](request)))
    found = read_request(payload)

    root = ROOTS.get(front, "")
    sent = unquote(request.raw_path)
    if front not in SENT_PATHS:
        sent = decoded_path(request.raw_path)
    assert found.root_path == root
    assert found.path == root + sent
    assert unquote(found.raw_path.decode("ascii")) == found.path
    if front in SENT_PATHS:
        assert found.raw_path == (root + request.raw_path).encode()

    assert found.method == request.method
    assert found.body == request.body
    assert found.client == (request.source_ip, 0)
    assert (found.scheme, found.http_version) == ("http", "1.1")
    query = parse_qsl(request.raw_query, keep_blank_values=True)
    headers = grouped((name.encode(), value.encode("latin-1")) for name, value in request.headers)
    if front == "load balancer":
        query = [*dict(query).items()]
        headers = last_values(headers)
    assert parse_qsl(found.query.decode("ascii"), keep_blank_values=True) == query
    assert grouped(found.headers) == headers
    lengths = [value for name, value in found.headers if name == b"content-length"]
    assert lengths == ([b"%d" % len(request.body)] if request.body else [])


@pytest.mark.parametrize(
    ("query", "front"),
    [
        ("a%2Bb=c+d&e=%26", "load balancer, multi-value"),
        ("a%2Bb=c+d&e=%26", "Function URL"),
        ("a=1&b&a=2", "Function URL"),
        ("x=%C3%BC&x=%FF", "load balancer, multi-value"),
    ],
)
def test_a_query_that_a_front_hands_on_is_byte_for_byte_what_the_client_sent(query, front):
    found = read_request(FRONTS[front](Sent("GET", f"/?{query}")))
    assert found.query == query.encode()


def test_a_query_that_a_rest_api_has_decoded_is_encoded_again():
    found = read_request(rest_api(Sent("GET", "/x?a%2Bb=c+d&e=%26&e=1%2B1")))
    assert found.query == b"a%2Bb=c%20d&e=%26&e=1%2B1"


@pytest.mark.parametrize(
    ("resource", "path", "root_path"),
    [
        ("/", "/", "/prod"),
        ("/items/{id}", "/items/a%20b", "/prod"),
        ("/items/{id}/{rest+}", "/items/7/x/y/", "/prod"),
        ("/{proxy+}", "/prod/prod", "/prod"),
    ],
)
def test_the_stage_of_a_rest_api_is_the_root_path(resource, path, root_path):
    found = read_request(rest_api(Sent("GET", path), resource=resource))
    assert (found.root_path, found.path) == (root_path, root_path + unquote(path))


def test_a_rest_api_without_a_slash_behind_its_stage_is_asked_for_its_root():
    payload = rest_api(Sent("GET", "/"))
    payload["requestContext"]["path"] = "/prod"
    found = read_request(payload)
    assert (found.root_path, found.path, found.raw_path) == ("/prod", "/prod/", b"/prod")


@pytest.mark.parametrize("path", ["/orders/7", "/"])
def test_a_custom_domain_of_an_http_api_has_no_stage_before_its_paths(path):
    """As https://github.com/CodeGenieApp/serverless-express/issues/465 shows it."""
    payload = http_api(Sent("GET", path, headers=(("host", "api.example"),)), stage="prod")
    payload["requestContext"]["domainPrefix"] = "api"
    found = read_request(payload)
    assert (found.root_path, found.path) == ("", path)
    mapped = read_request(payload, base_path="/shop")
    assert (mapped.root_path, mapped.path) == ("/shop", f"/shop{path}")
    assert mapped.raw_path == f"/shop{path}".encode()


def test_an_http_api_is_known_without_its_own_domain():
    payload = http_api(Sent("GET", "/a%252520b", headers=(("host", "127.0.0.1:8000"),)))
    found = read_request(payload)
    assert (found.path, found.raw_path) == ("/a%20b", b"/a%2520b")


@pytest.mark.parametrize("base_path", ["/api", "api", "/api/"])
@pytest.mark.parametrize("front", ["Function URL", "load balancer"])
def test_a_base_path_is_found_in_the_path_or_put_before_it(base_path, front):
    inside = read_request(FRONTS[front](Sent("GET", "/api/a%20b")), base_path=base_path)
    assert (inside.root_path, inside.path) == ("/api", "/api/a b")
    assert inside.raw_path == b"/api/a%20b"
    outside = read_request(FRONTS[front](Sent("GET", "/apis")), base_path=base_path)
    assert (outside.root_path, outside.path) == ("/api", "/api/apis")


def test_a_base_path_may_stand_behind_a_stage():
    found = read_request(rest_api(Sent("GET", "/api/x")), base_path="/api")
    assert (found.root_path, found.path) == ("/prod/api", "/prod/api/x")


def test_a_base_path_that_the_payload_tells_is_not_put_there_twice():
    found = read_request(rest_api(Sent("GET", "/x"), base_path="shop"), base_path="/shop")
    assert (found.root_path, found.path) == ("/shop", "/shop/x")


def test_a_slash_as_base_path_says_that_there_is_none():
    found = read_request(rest_api(Sent("GET", "/x")), base_path="/")
    assert (found.root_path, found.path, found.raw_path) == ("", "/x", b"/x")


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("192.0.2.1, 203.0.113.9", ("203.0.113.9", 0)),
        ("203.0.113.9:4711", ("203.0.113.9", 4711)),
        ("2001:db8::7", ("2001:db8::7", 0)),
        ("[2001:db8::7]:4711", ("2001:db8::7", 4711)),
        ("", None),
    ],
)
def test_a_load_balancers_client_is_the_address_that_it_has_added_itself(forwarded, client):
    payload = load_balancer(Sent("GET", "/"))
    payload["headers"]["x-forwarded-for"] = forwarded
    assert read_request(payload).client == client


@pytest.mark.parametrize(
    ("host", "port", "proto", "server"),
    [
        ("shop.example", "443", "https", ("shop.example", 443)),
        ("shop.example:8443", "443", "https", ("shop.example", 8443)),
        ("[::1]:3000", "3000", "http", ("::1", 3000)),
        ("shop.example", None, "http", ("shop.example", 80)),
        (None, None, None, ("abc.example", 443)),
        ("shop.example", "x", "gopher", ("shop.example", 443)),
    ],
)
def test_the_server_is_what_the_client_has_asked_for(host, port, proto, server):
    payload = FRONTS["Function URL"](Sent("GET", "/"))
    payload["headers"] = {
        "host": host,
        "x-forwarded-port": port,
        "x-forwarded-proto": proto,
    }
    assert read_request(payload).server == server


def test_a_content_length_that_is_no_longer_true_is_corrected():
    payload = FRONTS["Function URL"](
        Sent("POST", "/", (("content-type", "text/plain"), ("content-length", "1")), b"\xff")
    )
    found = read_request(payload)
    assert found.body == "\ufffd".encode()
    assert (b"content-length", b"3") in found.headers


def test_nothing_is_said_of_the_transfer_of_a_body_that_is_whole():
    payload = FRONTS["Function URL"](Sent("POST", "/", body=b"x"))
    payload["headers"]["transfer-encoding"] = "chunked"
    assert [name for name, _ in read_request(payload).headers if name.startswith(b"tr")] == []


@pytest.mark.parametrize("field", ["rawQueryString", "headers", "cookies", "body", "rawPath"])
@pytest.mark.parametrize("missing", [True, False])
def test_a_payload_2_0_may_lack_a_field(field, missing):
    payload = {
        "rawPath": "/",
        "rawQueryString": "",
        "headers": {},
        "cookies": ["a=1"],
        "body": "",
        "requestContext": {"http": {"method": "GET"}},
    }
    payload[field] = None
    if missing:
        del payload[field]
    found = read_request(payload)
    assert (found.method, found.path, found.query, found.body) == ("GET", "/", b"", b"")


@pytest.mark.parametrize("field", ["headers", "multiValueHeaders", "path", "requestContext"])
def test_a_payload_1_0_may_lack_a_field(field):
    payload = rest_api(Sent("GET", "/x", headers=(("x-a", "1"),)))
    for kept in (None, ...):
        payload[field] = kept
        if kept is ...:
            del payload[field]
        assert read_request(payload).method == "GET"


def test_a_short_payload_that_somebody_wrote_for_a_test_is_a_request():
    found = read_request({"httpMethod": "get", "path": "/x", "headers": {"X-A": "1", "N": 7}})
    assert (found.method, found.path, found.root_path) == ("GET", "/x", "")
    assert found.headers == [(b"x-a", b"1"), (b"n", b"7")]


@pytest.mark.parametrize(
    ("resource", "path"), [("/{proxy+}", "/a b/c"), ("/items/{id}", "/items/7"), ("/x", "/x")]
)
def test_sam_local_has_the_resource_where_a_rest_api_has_the_clients_path(resource, path):
    """It also decodes the path: samcli/local/apigw/event_constructor.py."""
    payload = rest_api(Sent("GET", path), resource=resource)
    payload["path"] = path
    payload["requestContext"]["path"] = resource
    found = read_request(payload)
    assert (found.root_path, found.path) == ("", path)


LATTICE_1 = {
    "raw_path": "/a%20b?x=1&x=2",
    "method": "POST",
    "headers": {"host": "s.vpc-lattice-svcs.eu-west-1.on.aws", "x-forwarded-for": "10.0.0.1"},
    "query_string_parameters": {"x": "2"},
    "body": "aGk=",
    "is_base64_encoded": True,
}
LATTICE_2 = {
    "version": "2.0",
    "path": "/a%20b?x=1&x=2",
    "method": "POST",
    "headers": {
        "host": ["s.vpc-lattice-svcs.eu-west-1.on.aws"],
        "x-forwarded-for": ["10.0.0.1"],
    },
    "queryStringParameters": {"x": ["1", "2"]},
    "body": "aGk=",
    "isBase64Encoded": True,
    "requestContext": {"serviceArn": "arn:aws:vpc-lattice:eu-west-1:1:service/svc-1"},
}


@pytest.mark.parametrize("payload", [LATTICE_1, LATTICE_2], ids=["1.0", "2.0"])
def test_vpc_lattice_is_read_in_both_of_its_versions(payload):
    found = read_request(payload)
    assert (found.method, found.path, found.raw_path) == ("POST", "/a b", b"/a%20b")
    assert (found.query, found.body) == (b"x=1&x=2", b"hi")
    assert found.client == ("10.0.0.1", 0)


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (None, "NoneType"),
        ([], "list"),
        ({}, "no fields"),
        ({"Records": []}, "Records"),
        ({"requestContext": {"connectionId": "c", "routeKey": "$connect"}}, "WebSocket"),
        ({"type": "REQUEST", "methodArn": "arn", "httpMethod": "GET"}, "authorizer"),
        ({"httpMethod": "POST", "body": {"a": 1}}, "body is a dict"),
        ({"httpMethod": "POST", "body": "?", "isBase64Encoded": True}, "base64"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(payload, said):
    with pytest.raises(NotAnHttpRequest, match=said):
        read_request(payload)


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), texts),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
        max_leaves=4,
    ),
    st.sampled_from(sorted({*LATTICE_1, *LATTICE_2, *rest_api(Sent("GET", "/")), "cookies"})),
    st.sampled_from([*FRONTS, "1.0", "2.0"]),
)
def test_a_field_of_another_type_is_read_or_refused_and_nothing_else(value, field, front):
    payload = {"1.0": LATTICE_1, "2.0": LATTICE_2}.get(front)
    if payload is None:
        payload = FRONTS[front](Sent("POST", "/a?b=c", body=b"\xff"))
    try:
        found = read_request({**payload, field: value})
    except NotAnHttpRequest:
        return
    assert unquote_to_bytes(found.raw_path).startswith(b"/")
