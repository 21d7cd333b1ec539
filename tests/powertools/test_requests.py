"""Features of the event handler that read a request, for streams and for whole bodies."""

import base64

import pytest

from tests.powertools import payloads

pytestmark = pytest.mark.once

JSON = '{"number": 7}'
BYTES = base64.b64encode("äöü".encode()).decode()
QUERY = {"q": "5"}
HEADERS = {"x-own": "mine", "content-type": "application/json"}
READING = [
    ("app", "GET", "/query", {}),
    ("app", "GET", "/dynamic/a/b%20c", {}),
    ("app", "GET", "/all/a/b", {}),
    ("app", "POST", "/body", {"body": JSON}),
    ("app", "POST", "/schema", {"body": JSON}),
    ("app", "POST", "/bytes", {"body": BYTES, "isBase64Encoded": True}),
    ("app", "PUT", "/many", {}),
    ("app", "DELETE", "/many", {}),
    ("app", "PATCH", "/many", {}),
    ("app", "GET", "/context", {}),
    ("app", "GET", "/base/context", {}),
    ("app", "GET", "/v2/context", {}),
    ("app", "GET", "/part/routed", {}),
    ("app", "GET", "/depends", {}),
    ("validated", "GET", "/checked", {}),
    ("validated", "POST", "/order", {"body": JSON}),
]
ANSWERING = [
    ("app", "OPTIONS", "/query", {}),
    ("app", "GET", "/nothing", {}),
    ("app", "POST", "/schema", {"body": "{}"}),
    ("app", "POST", "/schema-both", {"body": JSON}),
    ("app", "GET", "/BadRequestError", {}),
    ("app", "GET", "/UnauthorizedError", {}),
    ("app", "GET", "/InternalServerError", {}),
    ("app", "GET", "/service", {}),
    ("validated", "GET", "/checked", {"queryStringParameters": {"q": "0"}}),
    ("validated", "POST", "/order", {"body": "{"}),
    ("validated", "POST", "/order", {"body": "{}"}),
    ("validated", "GET", "/model", {}),
    ("validated", "GET", "/swagger", {}),
    ("validated", "GET", "/swagger", {"queryStringParameters": {"format": "json"}}),
]


def request(case, method, path, more, **query):
    given = {"queryStringParameters": {**QUERY, **query}, **more}
    return payloads.url(path, method, HEADERS, case=case, **given)


@pytest.mark.parametrize(("case", "method", "path", "more"), READING)
def test_a_stream_reads_its_request_as_a_whole_response_does(case, method, path, more, ours, stock):
    handler = "requests_of_routes.handler"
    whole = request(case, method, path, more)
    streamed = ours(handler, request(case, method, path, more, streamed="1"))

    assert streamed.http.body == ours(handler, whole).http.body == stock(handler, whole).http.body
    assert streamed.http.status == 200
    assert len(streamed.post.pieces) > 3


@pytest.mark.parametrize(("case", "method", "path", "more"), ANSWERING)
def test_what_the_event_handler_answers_itself_is_as_under_the_stock_client(
    case, method, path, more, ours, stock
):
    payload = request(case, method, path, more)
    given = ours("requests_of_routes.handler", payload).http
    theirs = stock("requests_of_routes.handler", payload).http

    assert given.status == theirs.status
    assert given.body.strip() == theirs.body  # where there is none, it is one newline here
    assert theirs.headers.items() <= given.headers.items()


def test_a_schema_for_the_response_refuses_a_stream(ours):
    payload = request("app", "POST", "/schema-both", {"body": JSON}, streamed="1")
    http = ours("requests_of_routes.handler", payload).http

    assert http.status == 400
    assert b"Bad Response" in http.body


def test_the_body_of_a_stream_is_left_out_for_head(ours):
    payload = request("app", "HEAD", "/many", {}, streamed="1")
    answer = ours("requests_of_routes.handler", payload)

    assert answer.http.body == b""
    assert answer.http.status == 200
