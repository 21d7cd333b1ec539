"""Generated requests and responses are the same through `Wsgi` as on waitress.

EXAMPLES=10000, with `-o faulthandler_timeout=0`, runs as many of them.
"""

import json
import os
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lambda_streaming import Wsgi

from local_lambda.http.messages import HttpRequest as Sent
from tests.lambda_streaming.emulated import load_balancer
from tests.lambda_streaming.wsgi_serving import other_server, ours

pytestmark = pytest.mark.once
EXAMPLES = settings(max_examples=int(os.environ.get("EXAMPLES", "150")))
# Each server has its own values for these.
OWN_VARIABLES = ("HTTP_X_FORWARDED", "HTTP_X_AMZN", "SERVER_", "REMOTE_", "HTTP_CONTENT")

path_bytes = st.lists(
    st.one_of(
        st.binary(max_size=4).map(quote),
        st.text("abc.;=@!$&'()*+,:~-_", max_size=5),
        st.sampled_from(["%2F", "%25", "..", ".", "%C3%A9", ""]),
    ),
    max_size=4,
)
paths = path_bytes.map(lambda each: "/" + "/".join(each))
queries = st.text("ab=&+%;/?:@'", max_size=10)
names = st.text("abcdefghij-", min_size=1, max_size=8).map(lambda name: f"x-{name}")
values = st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF), max_size=9).filter(
    lambda value: not any(0x7F <= ord(character) <= 0xA0 for character in value)
)
pieces = st.lists(st.binary(max_size=20), max_size=5)
statuses = st.sampled_from(
    ["200 OK", "201 Created", "202 Odd Phrase", "301 Moved", "404 Not Found", "418 Tea", "503 No"]
)
response_headers = st.lists(
    st.tuples(
        st.one_of(names, st.sampled_from(["Content-Type", "ETag", "Vary", "Set-Cookie"])), values
    ),
    max_size=5,
)


@st.composite
def requests(draw):
    target = draw(paths)
    query = draw(queries)
    if query:
        target += f"?{query}"
    headers = [("host", "shop.example"), *draw(st.lists(st.tuples(names, values), max_size=4))]
    cookie = draw(st.sampled_from(["", "a=1", 'a=1; b="2"; c']))
    if cookie:
        headers.append(("cookie", cookie))
    method = draw(st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]))
    body = b""
    if method in ("POST", "PUT", "PATCH"):
        body = draw(st.binary(max_size=40))
        headers.append(("content-type", draw(st.sampled_from(["image/png", "a/b; c=d"]))))
        headers.append(("content-length", str(len(body))))
    return Sent(method, target, tuple(headers), body, "127.0.0.1")


def echo(environ, start_response):
    """Responds with all that the request has said to it."""
    found = {
        name: value
        for name, value in environ.items()
        if isinstance(value, str) and name.isupper() and not name.startswith(OWN_VARIABLES)
    }
    found["body"] = environ["wsgi.input"].read().hex()
    for name in found:  # fronts join repeated headers with a comma alone
        found[name] = found[name].replace(", ", ",")
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(found, sort_keys=True).encode()]


class Answering:
    """An application that responds as it was told to."""

    def __init__(self):
        self.status = ""
        self.headers = []
        self.pieces = []
        self.fails_after = None
        self.closed = 0

    def tell(self, status, headers, pieces, fails_after):
        self.status = status
        self.headers = headers
        self.pieces = pieces
        self.fails_after = fails_after

    def __call__(self, environ, start_response):
        start_response(self.status, list(self.headers))
        for number, piece in enumerate(self.pieces):
            if number == self.fails_after:
                raise KeyError("as told")
            yield piece


@pytest.fixture(scope="module")
def echoing():
    with other_server(echo) as served:
        yield served


@pytest.fixture(scope="module")
def answering():
    app = Answering()
    with other_server(app) as served:
        yield app, served


@EXAMPLES
@given(request=requests())
def test_an_application_is_told_the_same(request, echoing):
    theirs = echoing(request)
    assert ours(echo, request) == theirs


@EXAMPLES
@given(
    status=statuses,
    headers=response_headers,
    pieces=pieces,
    fails_after=st.one_of(st.none(), st.integers(0, 4)),
    method=st.sampled_from(["GET", "POST"]),
)
def test_a_client_is_told_the_same(status, headers, pieces, fails_after, method, answering):
    app, served = answering
    app.tell(status, headers, pieces, fails_after)
    request = Sent(method, "/", (("host", "shop.example"), ("content-length", "0")))
    theirs = served(request)
    found = ours(app, request)
    assert (found.status, found.body, found.ended_well) == (
        theirs.status,
        theirs.body if b"waitress" not in theirs.body else b"Internal Server Error",
        theirs.ended_well,
    )
    if found.status != 500:
        assert grouped(found.headers) == grouped(theirs.headers)


def grouped(headers):
    """Returns the values of each header: Lambda's fields join all of them but cookies."""
    found = {}
    for name, value in headers:
        found.setdefault(name, []).append(value)
    return {
        name: values if name == "set-cookie" else ", ".join(values)
        for name, values in found.items()
    }


@settings(max_examples=50)
@given(request=requests())
def test_a_load_balancers_request_is_the_function_urls(request):
    def multi_value(request):
        return load_balancer(request, multi_value=True)

    seen = []

    def app(environ, start_response):
        seen.append({name: environ[name] for name in ("PATH_INFO", "REQUEST_METHOD")})
        start_response("204 No Content", [])
        return []

    ours(app, request)
    Wsgi(app)(multi_value(request), None)
    assert seen[0] == seen[1]
