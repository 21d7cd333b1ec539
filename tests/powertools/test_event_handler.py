"""Routes of every HTTP resolver, whole and streamed, with each option of the event handler."""

import gzip
import json

import pytest

from tests.powertools import payloads
from tests.powertools.process import Http

STREAMING = {"url": payloads.url, "rest_api": payloads.rest_api}
COLLECTING = {
    "http_api": payloads.http_api,
    "load_balancer": payloads.load_balancer,
    "lattice": payloads.lattice,
    "lattice_2": payloads.lattice_2,
}
FRONTS = {**STREAMING, **COLLECTING}
GZIP = {"accept-encoding": "gzip, br"}
TEXT = b"one two three"
every_front = pytest.mark.parametrize("front", FRONTS)


@pytest.fixture
def get(ours):
    """Returns a function that gets a path from the resolver of a front."""

    def get(front, path, headers=None):
        return ours("routes.handler", FRONTS[front](path, headers=headers, case=front))

    return get


@pytest.fixture
def get_option(ours):
    """Returns a function that gets a path, from the Function URL's resolver of that name."""

    def get_option(case, path, headers=None):
        return ours("routes.handler", payloads.url(path, headers=headers, case=case))

    return get_option


@every_front
@pytest.mark.parametrize("path", ["/whole", "/bytes", "/created", "/cookies", "/refused", "/none"])
def test_a_whole_response_is_the_stock_clients(front, path, get, stock):
    theirs = stock("routes.handler", FRONTS[front](path, case=front))
    expected = theirs.http
    given = get(front, path).http

    assert given.status == expected.status
    assert given.body == expected.body
    assert given.headers["content-type"] == expected.headers["content-type"]


@every_front
def test_a_route_that_raises_is_the_stock_clients_error(front, get, stock):
    theirs = stock("routes.handler", FRONTS[front]("/fails", case=front)).post.error
    error = get(front, "/fails").post.error

    assert error["errorType"] == theirs["errorType"] == "KeyError"
    assert error["errorMessage"] == theirs["errorMessage"]


@every_front
@pytest.mark.parametrize(
    ("path", "status", "content_type", "body"),
    [
        ("/explicit", 201, "text/plain", TEXT),
        ("/explicit-json", 200, "application/json", b'{"a":1}'),
        ("/plain", 200, "text/plain", TEXT),
        ("/json", 200, "application/json", b'{"a":1}'),
        ("/bare", 200, "application/json", b"one two"),
        ("/bare-created", 201, "application/json", TEXT),
        ("/documents", 200, "application/json", b'[{"number":1},{"number":2}]'),
        ("/nothing", 200, "application/json", b"[]"),
    ],
)
def test_a_streamed_response_arrives_whole(front, path, status, content_type, body, get):
    answer = get(front, path)

    assert answer.http.status == status
    assert answer.http.headers["content-type"] == content_type
    assert answer.http.body == body
    assert answer.streamed is (front in STREAMING)
    assert answer.output == ""


@pytest.mark.parametrize("front", STREAMING)
@pytest.mark.parametrize("path", ["/explicit", "/plain", "/json", "/bare", "/documents"])
def test_each_piece_is_sent_by_itself(front, path, get):
    pieces = get(front, path).post.pieces

    assert len([piece for piece in pieces if piece]) > 2  # the prelude, and two pieces or more


def test_headers_and_cookies_of_a_streaming_response_arrive(get):
    prelude = get("url", "/explicit").post.prelude

    assert prelude["headers"]["X-Own"] == "yes"
    assert prelude["cookies"] == ["a=1; Secure"]


def test_a_stream_that_breaks_off_says_so_in_the_trailers(get):
    post = get("url", "/breaks").post

    assert post.content == b"one"
    assert post.trailers["lambda-runtime-function-error-type"] == "Function.KeyError"


@pytest.mark.parametrize("path", ["/explicit", "/plain", "/bare-created"])
def test_the_generator_behind_a_response_ends(path, get, ours):
    ours("routes.handler", {"case": "closed"})
    get("url", path)

    assert json.loads(ours("routes.handler", {"case": "closed"}).post.body) == ["text"]


# --- validation


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/explicit", TEXT),
        ("/explicit-json", b'{"a":1}'),
        ("/plain", TEXT),
        ("/json", b'{"a":1}'),
        ("/bare", b"one two"),
        ("/documents", b'[{"number":1},{"number":2}]'),
        ("/nothing", b"[]"),
        ("/declared", b"[1,2]"),
    ],
)
def test_with_validation_a_body_streams_all_the_same(path, body, get_option):
    answer = get_option("validated", path)

    assert answer.http.body == body
    assert answer.streamed
    assert len([piece for piece in answer.post.pieces if piece]) > 1


@pytest.mark.parametrize(
    "path", ["/whole", "/number/1", "/number/x", "/listed", "/wrong", "/documents", "/nothing"]
)
def test_what_validation_can_check_is_the_stock_clients(path, get_option, stock):
    """A route that declares a list may return an iterator: it is collected and checked."""
    theirs = stock("routes.handler", payloads.url(path, case="validated")).http
    given = get_option("validated", path).http

    assert given == Http(theirs.status, {"content-type": "application/json"}, theirs.body)


# --- options


@pytest.mark.parametrize("path", ["/stream", "/plain", "/asked"])
def test_a_stream_is_never_compressed(path, get_option):
    http = get_option("optioned", path, GZIP).http

    assert http.body == TEXT
    assert "content-encoding" not in http.headers


def test_a_whole_body_may_be_compressed(get_option, stock):
    given = get_option("optioned", "/whole", GZIP).http
    theirs = stock("routes.handler", payloads.url("/whole", headers=GZIP, case="optioned")).http

    assert gzip.decompress(theirs.body) == given.body == b"whole " * 100  # Lambda would undo it


def test_cors_and_cache_control_are_those_of_any_response(get_option):
    http = get_option("optioned", "/stream", {"origin": "https://a.example"}).http

    assert http.headers["access-control-allow-origin"] == "https://a.example"
    assert http.headers["cache-control"] == "max-age=60"


@pytest.mark.parametrize("path", ["/explicit", "/plain", "/json", "/bare"])
def test_cors_of_the_resolver_is_for_streams_too(path, get_option):
    http = get_option("crossing", path, {"origin": "https://a.example"}).http

    assert http.headers["access-control-allow-origin"] == "https://a.example"


@pytest.mark.parametrize("path", ["/explicit", "/plain", "/json"])
def test_in_debug_mode_a_body_streams(path, get_option):
    answer = get_option("debugged", path)

    assert answer.http.body == (b'{"a":1}' if path == "/json" else TEXT)
    assert "Processed Middlewares" in answer.output


def test_a_serializer_of_ones_own_writes_each_value(get_option):
    assert get_option("special", "/documents").http.body == b"[<{'number': 1}>,<{'number': 2}>]"


def test_a_middleware_sees_the_stream_unread(get_option):
    http = get_option("nested", "/stream").http

    assert http.headers["x-middleware"] == "generator"
    assert http.body == TEXT


def test_a_routers_stream_has_its_request_and_its_context_to_the_end(get_option):
    answer = get_option("nested", "/routed/stream")
    after = get_option("nested", "/context")

    request_id = answer.post.path.split("/")[1]
    assert answer.http.body == f"/routed/stream t1 {request_id}".encode()
    assert json.loads(after.http.body) == {"context": []}


def test_handlers_of_exceptions_may_stream(get_option):
    assert get_option("nested", "/raises").http[::2] == (418, b"handled teapot")
    assert get_option("nested", "/none").http[::2] == (404, b"nothing there")


def test_a_load_balancer_resolver_that_measures_lets_a_stream_pass(ours):
    payload = payloads.load_balancer("/plain", case="measured_balancer")

    assert ours("routes.handler", payload).http.body == TEXT


@pytest.mark.parametrize("path", ["/used-up", "/used-up-explicit"])
def test_a_body_that_somebody_has_read_is_an_error_that_says_so(path, get):
    error = get("url", path).post.error

    assert error["errorType"] == "Runtime.BodyAlreadyRead"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/stream", b"one two"),
        ("/json", b'[{"a":1}]'),
        ("/whole", b'{"a":1}'),
        ("/context", b"t1/context"),
    ],
)
def test_asynchronous_routes_return_whole_and_streamed_bodies(path, body, ours):
    answer = ours("routes.resolve_async", payloads.url(path))

    assert answer.http.status == 200
    assert answer.http.body == body


def test_an_asynchronous_body_that_was_read_is_an_error_that_says_so(ours):
    error = ours("routes.resolve_async", payloads.url("/used-up")).post.error

    assert error["errorType"] == "Runtime.BodyAlreadyRead"
