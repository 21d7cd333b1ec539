"""Tests Function URLs in this process: limits, methods, CORS, IAM and the shape of errors."""

from pathlib import Path

import pytest

from local_lambda.application import Cors, Function, FunctionUrl
from local_lambda.fronts.faults import Block
from local_lambda.fronts.function_url import FunctionUrlFront
from tests.support.scripted_fronts import (
    Stream,
    ask,
    ask_all,
    failure,
    messages,
    throttle,
)

FUNCTION = Function("F", "f", "app.handler", "python3.13", Path())
ORIGIN = "https://page.example"
CORS = Cors(allow_origins=(ORIGIN,))


def url(**fields):
    return lambda host: FunctionUrlFront(FUNCTION, FunctionUrl(**fields), host)


def serving(result):
    return {"F": lambda payload: result}


def test_a_request_and_its_response_pass():
    answer, running = ask(url(), "GET", "/a%20b?x=1", functions=serving({"n": 1}))
    assert (answer.status, answer.json()) == (200, {"n": 1})
    assert running.payload["rawPath"] == "/a%20b"
    request_id = answer.header("x-amzn-RequestId")
    assert running.payload["requestContext"]["requestId"] == request_id
    assert running.pools["F"].request_ids == [request_id]


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "get", "FOO"])
def test_methods_that_a_function_url_does_not_know_never_reach_the_function(method):
    answer, running = ask(url(), method, "/", functions=serving({}))
    assert (answer.status, running.pools["F"].payloads) == (405, [])


@pytest.mark.parametrize("target", ["*", "example.com:443"])
def test_a_target_without_a_path_is_400(target):
    answer, running = ask(url(), "OPTIONS", target, functions=serving({}))
    assert (answer.status, running.pools["F"].payloads) == (400, [])


def test_a_body_over_6_mb_is_413():
    body = b"x" * (6 * 1024 * 1024 + 1)
    answer, running = ask(url(), "POST", "/", (), body, functions=serving({}))
    assert (answer.status, running.pools["F"].payloads) == (413, [])


def test_a_binary_body_whose_base64_is_over_6_mb_is_413():
    body = bytes(5_500_000)
    answer, running = ask(url(), "POST", "/", (), body, functions=serving({}))
    assert (answer.status, running.pools["F"].payloads) == (413, [])
    headers = (("Content-Type", "text/plain"),)
    answer, _ = ask(url(), "POST", "/", headers, b"x" * 5_500_000, functions=serving({}))
    assert answer.status == 200


def test_413_reaches_a_client_that_sends_much_more(caplog):
    headers = (("Content-Length", str(60_000_000)),)
    answer, _ = ask(url(), "POST", "/", headers, b"x" * 60_000_000, functions=serving({}))
    assert answer.status == 413
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize(
    ("function", "status"),
    [
        (lambda payload: failure(), 502),
        (lambda payload: {"statusCode": 999}, 502),
        (lambda payload: {"statusCode": 200, "headers": {"a": "\ud800"}}, 502),
        (throttle, 429),
    ],
)
def test_every_error_carries_cors_and_the_request_id(function, status, caplog):
    headers = (("Origin", ORIGIN),)
    answer, _ = ask(url(cors=CORS), "GET", "/", headers, functions={"F": function})
    assert answer.status == status
    assert answer.header("access-control-allow-origin") == ORIGIN
    assert answer.header("x-amzn-requestid")
    assert not [record for record in caplog.records if record.exc_info]


def test_the_errors_of_the_front_itself_carry_cors_and_the_request_id():
    headers = (("Origin", ORIGIN), ("Content-Length", "7000000"))
    for request in (("PROPFIND", "/", headers[:1]), ("POST", "/", headers), ("GET", "*", headers)):
        answer, _ = ask(url(cors=CORS), *request, functions=serving({}))
        assert answer.header("access-control-allow-origin") == ORIGIN
        assert answer.header("x-amzn-requestid")


def test_an_injected_fault_carries_cors_and_the_request_id():
    def blocked(host):
        host.faults.block(Block("/", 503))
        return url(cors=CORS)(host)

    answer, _ = ask(blocked, "GET", "/", (("Origin", ORIGIN),), functions=serving({}))
    assert answer.status == 503
    assert answer.header("access-control-allow-origin") == ORIGIN
    assert answer.header("x-amzn-requestid")


def test_a_function_that_is_not_served_is_502(caplog):
    answer, _ = ask(url(), "GET", "/")
    assert answer.status == 502
    assert messages(caplog) == [
        "function.not_served F a front has no such function to invoke",
    ]


def test_a_malformed_result_is_named_in_the_log(caplog):
    ask(url(), "GET", "/", functions=serving({"statusCode": 200, "headers": {"x": "€"}}))
    assert messages(caplog)[0].startswith("url.malformed_result F header 'x' cannot be sent")


def test_cors_headers_of_the_function_are_sent_beside_the_urls_own_and_named_once(caplog):
    result = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}}
    request = ("GET", "/", (("Origin", ORIGIN),))
    running = ask_all(url(cors=CORS), [request, request], functions=serving(result))
    for answer in running.answers:
        assert answer.header("access-control-allow-origin") == f"*, {ORIGIN}"
    [warning] = messages(caplog)
    assert warning.startswith("url.cors_twice F the function sends Access-Control-Allow-Origin")


def test_cors_headers_of_a_stream_are_named_too(caplog):
    prelude = {"headers": {"access-control-allow-origin": "*", "content-type": "text/plain"}}
    functions = {"F": lambda payload: Stream(prelude, b"x")}
    request = ("GET", "/", (("Origin", ORIGIN),))
    answer, _ = ask(url(cors=CORS, streaming=True), *request, functions=functions)
    assert (answer.body, answer.header("access-control-allow-origin")) == (b"x", f"*, {ORIGIN}")
    assert "url.cors_twice" in messages(caplog)[0]


def test_a_function_that_sends_cors_headers_alone_is_not_warned_of(caplog):
    result = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}}
    ask(url(), "GET", "/", (("Origin", ORIGIN),), functions=serving(result))
    ask(url(cors=CORS), "GET", "/", functions=serving(result))
    assert messages(caplog) == []


def test_a_preflight_has_each_header_once():
    headers = (("Origin", ORIGIN), ("Access-Control-Request-Method", "GET"))
    answer, running = ask(url(cors=CORS), "OPTIONS", "/", headers, functions=serving({}))
    assert (answer.status, answer.header("access-control-allow-origin")) == (200, ORIGIN)
    assert running.pools["F"].payloads == []


def test_a_url_with_iam_is_open_and_named_once(caplog):
    requests = [("GET", "/"), ("GET", "/")]
    running = ask_all(url(iam=True), requests, functions=serving({}))
    assert [answer.status for answer in running.answers] == [200, 200]
    assert running.payload["requestContext"]["authorizer"] is None
    [warning] = messages(caplog)
    assert warning.startswith("url.open F AuthType is AWS_IAM")


def test_claims_are_the_caller_of_a_url_with_iam():
    claims = {"userArn": "arn:aws:iam::1:user/me", "userId": "AIDA"}
    _, running = ask(url(iam=True), "GET", "/", functions=serving({}), claims=claims)
    iam = running.payload["requestContext"]["authorizer"]["iam"]
    assert (iam["userArn"], iam["userId"]) == ("arn:aws:iam::1:user/me", "AIDA")
    assert running.payload["requestContext"]["accountId"] == "123456789012"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("gzip", "reported to undo it"), ("deflate", "reported to undo it"), ("br", "is not known")],
)
def test_a_compressed_stream_is_named_as_far_as_it_is_known(encoding, text, caplog):
    prelude = {"headers": {"content-encoding": encoding, "content-type": "text/plain"}}
    functions = {"F": lambda payload: Stream(prelude, b"x")}
    ask(url(streaming=True), "GET", "/", functions=functions)
    assert text in messages(caplog)[0]


def test_a_whole_result_on_a_url_that_streams_is_sent_as_it_is(caplog):
    result = b'{"statusCode": 201, "body": "x"}'
    answer, _ = ask(url(streaming=True), "GET", "/", functions=serving(result))
    assert (answer.status, answer.body) == (200, result)
    assert messages(caplog) == ["url.buffered_on_stream F the client gets the raw result"]


def test_a_stream_on_a_buffered_url_is_sent_with_its_prelude(caplog):
    functions = {"F": lambda payload: Stream({"statusCode": 201}, b"x")}
    answer, _ = ask(url(), "GET", "/", functions=functions)
    assert (answer.status, answer.body) == (200, b'{"statusCode": 201}' + bytes(8) + b"x")
    assert messages(caplog) == ["url.stream_on_buffered F InvokeMode is BUFFERED"]


def test_headers_of_the_front_are_remapped():
    headers = {"Date": "x", "Server": "y", "Connection": "close", "WWW-Authenticate": "Basic"}
    answer, _ = ask(url(), "GET", "/", functions=serving({"statusCode": 401, "headers": headers}))
    assert answer.header("x-amzn-remapped-date") == "x"
    assert answer.header("x-amzn-remapped-server") == "y"
    assert answer.header("x-amzn-remapped-connection") == "close"
    assert answer.header("x-amzn-remapped-www-authenticate") == "Basic"
