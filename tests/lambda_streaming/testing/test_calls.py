"""call, read and context: a handler runs as the runtime runs it, and the reply says what came."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from lambda_streaming import Asgi, Wsgi
from lambda_streaming.observe import at_end
from lambda_streaming.testing import (
    ResponseRefused,
    call,
    context,
    function_url,
    http_api,
    load_balancer,
    read,
    rest_api,
)
from streaming_runtime.context import REQUEST_ID, request_id
from streaming_runtime.errors import RuntimeFault
from streaming_runtime.scopes import after_response

from tests.support.paths import PACKAGES

FRONTS = [function_url, rest_api, http_api, lambda: http_api(payload_format="1.0"), load_balancer]
STREAMING = FRONTS[:2]


def streaming(body, status=200, content_type="text/plain", **more):
    """Returns a handler whose response has this body."""

    def handler(payload, context):
        headers = {"Content-Type": content_type}
        return {"statusCode": status, "headers": headers, "body": body(), **more}

    return handler


def numbers():
    yield "0\n"
    yield b"1\n"


def test_the_pieces_of_a_stream_come_one_by_one():
    reply = call(streaming(numbers, cookies=["a=1; Path=/"]), function_url(path="/count"))

    assert reply.status == 200
    assert reply.headers["content-TYPE"] == "text/plain"
    assert reply.cookies == ["a=1; Path=/"]
    assert reply.pieces == [b"0\n", b"1\n"]
    assert (reply.body, reply.text) == (b"0\n1\n", "0\n1\n")
    assert reply.streamed
    assert reply.ended_well
    assert reply.times_s == sorted(reply.times_s)
    assert len(reply.times_s) == 2


@pytest.mark.parametrize("make", FRONTS)
def test_a_client_of_each_front_gets_the_same(make):
    headers = {"X-A": "1", "Content-Type": "text/plain"}
    multi = {"multiValueHeaders": {name: [value] for name, value in headers.items()}}

    def handler(payload, context):
        return {"statusCode": 201, "headers": headers, "body": numbers(), **multi}

    reply = call(handler, make())

    assert (reply.status, reply.headers["x-a"], reply.body) == (201, "1", b"0\n1\n")
    assert reply.streamed == (make in STREAMING)
    assert len(reply.pieces) == (2 if reply.streamed else 1)


def test_the_payload_arrives_as_lambda_hands_it_over():
    payload = function_url("POST", json={"a": "ü"})
    seen = []

    call(lambda payload, context: seen.append(payload), payload)

    assert seen == [payload]
    assert seen[0] is not payload


def test_a_payload_has_only_what_json_has():
    with pytest.raises(TypeError, match="only what JSON has"):
        call(lambda payload, context: None, {"a": {1, 2}})


def test_a_program_that_calls_the_function_gets_plain_results():
    reply = call(lambda payload, context: {"doubled": payload * 2}, 21)

    assert reply.json() == {"doubled": 42}
    assert reply.status is None
    assert not reply.streamed


def test_a_handler_may_be_a_generator():
    def handler(payload, context):
        yield from numbers()

    assert call(handler, None).pieces == [b"0\n", b"1\n"]
    assert call(handler).headers == {"Content-Type": "application/octet-stream"}


def test_a_handler_may_be_asynchronous():
    async def words():
        yield "a"
        await asyncio.sleep(0)
        yield "b"

    async def handler(payload, context):
        await asyncio.sleep(0)
        return {"statusCode": 200, "body": words()}

    assert call(handler).pieces == [b"a", b"b"]

    async def test():
        return call(handler)

    assert asyncio.run(test()).pieces == [b"a", b"b"]


@pytest.mark.parametrize(
    ("make", "status"),
    [(function_url, 502), (rest_api, 502), (http_api, 500), (load_balancer, 502)],
)
def test_an_error_before_the_first_byte_is_what_the_front_makes_of_it(make, status):
    def failing():
        raise ValueError("no")
        yield

    reply = call(streaming(failing), make())

    assert reply.status == status
    assert isinstance(reply.error, ValueError)
    assert reply.error_type == "Function.ValueError"
    assert not reply.ended_well
    assert not reply.started
    assert "ValueError: no" in reply.log
    assert "ValueError('no')" in repr(reply)


def test_an_error_midway_ends_the_stream():
    def failing():
        yield "a"
        raise ValueError("no")

    reply = call(streaming(failing))

    assert (reply.status, reply.pieces) == (200, [b"a"])
    assert (reply.error_type, reply.started, reply.ended_well) == (
        "Function.ValueError",
        True,
        False,
    )
    with pytest.raises(ValueError, match="no"):
        call(streaming(failing), raise_errors=True)


def test_what_cannot_be_sent_fails_with_the_runtime_s_sentence():
    def handler(payload, context):
        return {"statusCode": 99, "body": numbers()}

    reply = call(handler)

    assert reply.status == 502
    assert "handler: statusCode must be a number from 200 to 599" in str(reply.error)


def test_a_piece_that_is_no_bytes_fails_with_the_runtime_s_sentence():
    reply = call(streaming(lambda: iter([{}])))

    assert "piece 1 of the body is a dict" in str(reply.error)


def test_a_body_that_is_no_stream_on_a_streaming_url_is_the_raw_result():
    reply = call(lambda payload, context: {"message": "hello"})

    assert (reply.status, reply.json()) == (200, {"message": "hello"})


def test_a_front_that_cannot_use_a_result_refuses_it():
    reply = call(lambda payload, context: {"message": "hello"}, rest_api())

    assert reply.status == 502
    assert isinstance(reply.error, ResponseRefused)


def test_a_response_that_lambda_does_not_take_is_refused():
    body = "x" * 7_000_000
    reply = call(streaming(lambda: body), http_api())

    assert reply.status == 500
    assert "Lambda takes 6 MB" in str(reply.error)
    assert "runtime.refused: 413" in reply.log


def test_a_failed_test_inside_of_a_function_comes_out():
    with pytest.raises(pytest.fail.Exception):
        call(lambda payload, context: pytest.fail("here"))


def test_events_have_types_ids_reconnection_times_and_comments():
    def events():
        yield "retry: 500\nevent: greeting\nid: 7\ndata: a\nda"
        yield "ta: b\n\n: still here\n\n"
        yield 'data: {"k": 1}\r'
        yield "\n\r\ndata: unfinished"

    reply = call(streaming(events, content_type="text/event-stream"))

    first, second = reply.events
    assert (first.type, first.data, first.id, first.retry_ms) == ("greeting", "a\nb", "7", 500)
    assert (second.type, second.json(), second.id, second.retry_ms) == (
        "message",
        {"k": 1},
        "7",
        None,
    )
    assert (reply.comments, reply.retry_ms) == (["still here"], 500)
    assert [first.at_s, second.at_s] == [reply.times_s[1], reply.times_s[3]]


def test_time_passes_when_the_test_says_so():
    ours = context(timeout_s=60, function_name="f", aws_request_id="id-1")
    left = []

    def body():
        yield "a"
        ours.advance(30)
        left.append(ours.get_remaining_time_in_millis())
        yield "b"
        ours.set_remaining_s(0.9)
        yield "c"
        yield "never"

    def handler(payload, context):
        assert context is ours
        assert (context.function_name, context.aws_request_id) == ("f", "id-1")
        return {"statusCode": 200, "body": body()}

    reply = call(handler, context=ours)

    assert 29_000 < left[0] <= 30_000
    assert reply.pieces == [b"a", b"b", b"c"]
    assert isinstance(reply.error, RuntimeFault)
    assert reply.error_type == "Runtime.DeadlineExceeded"
    with pytest.raises(ValueError, match="backwards"):
        ours.set_remaining_s(10)


@pytest.mark.parametrize("make", FRONTS)
def test_what_comes_after_the_timeout_does_not_come(make):
    ours = context(timeout_s=3)
    order = []

    def body():
        try:
            yield "a"
            ours.advance(4)  # it blocks for so long, and nobody could close it
            yield "b"
        finally:
            order.append("closed")

    reply = call(streaming(body), make(), ours)

    assert reply.error_type == "Sandbox.Timedout"
    assert str(reply.error) == "Task timed out after 3.00 seconds"
    assert not reply.ended_well
    assert order == ["closed"]
    if make in STREAMING:
        assert (reply.status, reply.pieces) == (200, [b"a"])
    else:
        assert reply.status in (500, 502)


def test_a_handler_that_takes_too_long_times_out():
    ours = context(timeout_s=3)

    reply = call(lambda payload, context: ours.advance(4), function_url(), ours)

    assert (reply.status, reply.error_type) == (502, "Sandbox.Timedout")


def test_what_an_error_says_of_itself_is_not_its_type():
    class Refused(Exception):
        error_type = "payment"

    def handler(payload, context):
        raise Refused

    assert call(handler, function_url()).error_type == "Function.Refused"


def test_a_front_that_no_maker_knows_gets_proxy_json():
    reply = call(streaming(numbers), {"raw_path": "/", "method": "GET"})

    assert (reply.status, reply.body, reply.streamed) == (200, b"0\n1\n", False)


def test_a_context_has_what_the_caller_sends_along():
    ours = context(
        client_context={"custom": {"a": 1}},
        identity={"cognitoIdentityId": "id"},
        tenant_id="t",
        memory_limit_in_mb=256,
    )

    assert ours.client_context.custom == {"a": 1}
    assert ours.identity.cognito_identity_id == "id"
    assert (ours.tenant_id, ours.memory_limit_in_mb) == ("t", "256")
    assert ours.invoked_function_arn.endswith(":function:function")


def test_a_context_of_somebody_else_reaches_the_handler():
    own = SimpleNamespace(get_remaining_time_in_millis=lambda: 10_000, tag="mine")

    reply = call(lambda payload, context: context.tag, {}, own)

    assert reply.json() == "mine"


def test_an_invocation_is_there_while_the_function_runs_and_not_after():
    seen = []

    def body():
        seen.append((request_id(), os.environ.get("_X_AMZN_TRACE_ID")))
        yield "a"

    ours = context(aws_request_id="id-2", trace_id="Root=1-2-3")
    call(streaming(body), context=ours)
    read(None)  # the test's own context belongs to no invocation any more

    assert seen == [("id-2", "Root=1-2-3")]
    assert (REQUEST_ID.get(), request_id(), os.environ.get("_X_AMZN_TRACE_ID")) == (
        None,
        None,
        None,
    )


def test_what_is_left_for_later_runs_after_the_response():
    order = []

    def body():
        at_end(lambda error: order.append("end"))
        yield "a"
        order.append("body")

    def late():
        order.append("late")
        raise ValueError("too late")

    def handler(payload, context):
        assert after_response(late)
        return {"statusCode": 200, "body": body()}

    reply = call(handler)

    assert order == ["body", "end", "late"]
    assert reply.ended_well
    assert [str(error) for error in reply.late_errors] == ["too late"]
    with pytest.raises(ValueError, match="too late"):
        call(handler, raise_errors=True)


def test_a_result_is_read_as_if_the_runtime_had_called_the_handler():
    order = []

    def handler(payload, context):
        assert after_response(lambda: order.append("late"))
        at_end(lambda error: order.append("end"))
        return streaming(numbers)(payload, context)

    payload = rest_api()
    reply = read(handler(payload, context()), payload)

    assert (reply.status, reply.pieces) == (200, [b"0\n", b"1\n"])
    assert order == ["end", "late"]
    assert REQUEST_ID.get() is None


def test_an_unawaited_coroutine_is_read_too():
    async def handler(payload, context):
        return streaming(numbers)(payload, context)

    assert read(handler(function_url(), context())).pieces == [b"0\n", b"1\n"]


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield from (b"a", b"b")


async def asynchronous_application(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for piece, more in ((b"a", True), (b"b", True), (b"", False)):
        await send({"type": "http.response.body", "body": piece, "more_body": more})


@pytest.mark.parametrize(
    "handler", [Wsgi(application), Asgi(asynchronous_application, lifespan="off")]
)
def test_an_application_is_read_without_any_context(handler):
    assert read(handler(function_url())).pieces == [b"a", b"b"]


def test_a_handler_that_is_an_object_is_started_once():
    class Handler:
        started = 0

        def lambda_start(self, *, concurrent):
            self.started += 1

        def __call__(self, payload, context):
            return streaming(numbers)(payload, context)

    handler = Handler()

    assert call(handler).pieces == call(handler).pieces == [b"0\n", b"1\n"]
    assert handler.started == 1


def test_settings_of_the_runtime_count(monkeypatch):
    monkeypatch.setenv("STREAMING_RUNTIME_RESPONSE_MODE", "buffered")

    reply = call(streaming(numbers))

    assert (reply.status, reply.pieces, reply.streamed) == (200, [b"0\n1\n"], False)


def test_powertools_is_adapted_as_on_lambda():
    code = """
from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver, Response
from lambda_streaming.testing import call, function_url

app = LambdaFunctionUrlResolver()

@app.get("/count")
def count():
    return Response(200, "text/plain", (f"{n}" for n in range(2)))

reply = call(app.resolve, function_url(path="/count"), raise_errors=True)
print(reply.pieces)
"""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False
    )

    assert (ended.stdout, ended.stderr) == ("[b'0', b'1']\n", "")


def test_nothing_but_the_standard_library_is_imported():
    code = """
import json, sys
import lambda_streaming.testing as testing
for name in testing.__all__:
    getattr(testing, name)
roots = {name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names
print(json.dumps(sorted(roots - {"__main__"})))
"""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(
        [sys.executable, "-S", "-c", code], env=environ, capture_output=True, text=True, check=True
    )

    assert json.loads(ended.stdout) == [
        "event_stream",
        "lambda_streaming",
        "local_lambda",
        "streaming_runtime",
    ]


def test_the_layer_alone_says_what_tests_need(tmp_path):
    environ = {**os.environ, "PYTHONPATH": str(PACKAGES["lambda_streaming"].parent)}
    code = "from lambda_streaming.testing import call"
    ended = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "ImportError: lambda_streaming.testing.call: the layer alone is not" in ended.stderr
    assert "pip install lambda-streaming" in ended.stderr


def test_a_text_knows_its_charset():
    body = "ü".encode("latin-1")

    assert call(streaming(lambda: body, content_type="text/plain; charset=latin-1")).text == "ü"


def test_a_generator_is_closed_when_its_error_was_before():
    closed = []

    def body():
        with contextlib.ExitStack() as stack:
            stack.callback(closed.append, True)
            yield "a"

    call(streaming(body))

    assert closed == [True]
