"""Tests of what fuzzing has found: each input once broke an invariant."""

import contextlib
import io
import logging

import pytest
from dashboard_data.feed.head import Head
from lambda_streaming import Wsgi
from lambda_streaming.http_request import read_request
from lambda_streaming.testing import payloads
from streaming_runtime.log import Log
from streaming_runtime.plan import front_of
from streaming_runtime.runtime_api import PlatformGone, RuntimeApi

from tests.fuzz.scripted_api import ScriptedApi
from tests.fuzz.service import require_response, running


def failing(environ, start_response):
    raise ValueError("the application's own")


def test_a_path_does_not_forge_a_log_line(caplog):
    Wsgi(failing)(payloads.function_url("GET", "/a%0A[ERROR] forged"))

    (record,) = caplog.records
    assert record.getMessage() == "wsgi.failed GET /a%0A%5BERROR%5D%20forged"


def test_a_method_that_is_none_does_not_forge_a_log_line(caplog):
    caplog.set_level(logging.ERROR)
    payload = payloads.rest_api("GET", "/a") | {"httpMethod": "GET\n[ERROR] forged"}
    Wsgi(failing)(payload)

    assert caplog.records[0].getMessage() == "wsgi.failed ? /prod/a"


@pytest.mark.parametrize("as_json", [True, False])
def test_what_an_error_quotes_does_not_begin_a_record(as_json):
    printed = io.StringIO()
    log = Log(lambda: 1.0, as_json=as_json)
    with contextlib.redirect_stdout(printed):
        log.error(ValueError("no such item: a\n[ERROR] forged"))
        log.write("WARN", "runtime.refused: 403 a\n[ERROR] forged")

    lines = printed.getvalue().splitlines(keepends=False)
    assert printed.getvalue().count("\n") == 2
    assert lines


def test_a_port_of_thousands_of_digits_is_none():
    for header in ("host", "x-forwarded-port"):
        value = {"host": "a:" + "1" * 5_000, "x-forwarded-port": "1" * 5_000}[header]
        request = read_request(payloads.function_url("GET", "/", headers={header: value}))
        assert request.server[1] == 443

    forwarded = {"x-forwarded-for": "192.0.2.1:" + "1" * 5_000}
    assert read_request(payloads.load_balancer("GET", "/", headers=forwarded)).client


@pytest.mark.parametrize(
    "changed", [{"stage": "\udc85"}, {"authorizer": ["a"], "accountId": "1", "domainName": "a"}]
)
def test_a_context_that_no_front_sends_is_read(changed):
    payload = payloads.function_url("GET", "/")
    payload["requestContext"] |= changed

    assert front_of(payload) is not None
    assert read_request(payload).path == "/"


def test_a_lone_carriage_return_does_not_reach_the_next_request():
    platform = ScriptedApi()
    head = b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: a\rX-Evil: 1\r\n"
    platform.script = head + b"Content-Length: 0\r\n\r\n"
    with pytest.raises(PlatformGone):
        RuntimeApi(platform.address).next()
    platform.close()


@pytest.mark.parametrize("digits", [20, 15])
@pytest.mark.parametrize("framing", ["Content-Length: {}\r\n\r\n", "{}"])
def test_a_length_that_no_memory_holds_is_no_response(framing, digits):
    platform = ScriptedApi()
    said = framing.format("9" * digits)
    if framing == "{}":
        said = f"Transfer-Encoding: chunked\r\n\r\n{said}\r\n"
    platform.script = b"HTTP/1.1 200 OK\r\n" + said.encode()
    with pytest.raises(PlatformGone):
        RuntimeApi(platform.address).next()
    platform.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"headers": 7},
        {"headers": {"a": None}},
        {"headers": {"x-proxy-secret": "\ud800"}},
        {"queryStringParameters": "a"},
        {"multiValueHeaders": {"a": "b"}},
        {"pathParameters": [1]},
        {"body": 5},
        {"isBase64Encoded": "no"},
        {"requestContext": {"http": "GET"}},
        {"requestContext": {"http": {"method": "GET", "sourceIp": "\udc83"}}},
        {"requestContext": {"identity": "a"}, "httpMethod": "GET"},
        {"requestContext": {}},
    ],
)
def test_a_payload_that_no_front_sends_is_no_request(wrong):
    with running() as service:
        payload = service.service.payload("GET", "/api/v2/stream", {}) | wrong
        for result in (service.stream(payload), service.api(payload)):
            require_response(result, service.written)
            assert result["statusCode"] == 400


@pytest.mark.parametrize("wrong", [{"epoch": {"S": "Epoch 1"}}, {"seq": {"N": "-1"}}])
def test_a_head_that_is_no_position_is_found_out_before_a_stream_begins(wrong):
    record = {"epoch": {"S": "epoch1"}, "seq": {"N": "3"}, "secret": {"B": b"s"}} | wrong
    with pytest.raises(ValueError, match="no position"):
        Head.from_record(record)

    with running() as service:
        service.table.records["FEED", "HEAD"] |= wrong
        result = service.stream(service.service.payload("GET", "/api/v2/stream", {}))
        assert result["statusCode"] == 200
        assert result["body"].startswith("retry: ")
