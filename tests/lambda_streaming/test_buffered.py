"""Where nothing can stream, the same function responds whole, and the log says why, once."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from lambda_streaming import Wsgi, buffered
from lambda_streaming.http_request import read_request

from local_lambda.fronts import payload_v2
from local_lambda.http.messages import HttpRequest as Sent
from tests.lambda_streaming.emulated import FRONTS, function_url, load_balancer, rest_api
from tests.support.fake_runtime_api import FakeRuntimeApi
from tests.support.paths import ROOT
from tests.support.waiting import eventually

LAYER = ROOT / "layers/streaming_runtime/python"
GET = Sent("GET", "/", headers=(("host", "shop.example"),))
FUNCTION = """
from lambda_streaming import Asgi, Wsgi, sse


def app(environ, start_response):
    kind = environ["PATH_INFO"][1:]
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1")])
    if kind == "large":
        yield b"x" * 7_000_000
    elif kind == "binary":
        yield bytes(range(256))
    elif kind == "endless":
        while True:
            yield b"tick"
    elif kind == "breaks":
        yield b"one"
        raise KeyError("midway")
    else:
        yield "eins ".encode()
        yield "zw\u00f6lf".encode()


async def asgi_app(scope, receive, send):
    assert scope["type"] == "http"
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    await send({"type": "http.response.body", "body": b"one ", "more_body": True})
    await send({"type": "http.response.body", "body": b"two"})


wsgi = Wsgi(app)
asgi = Asgi(asgi_app)


def handler(event, context):
    if event["rawPath"] == "/asgi":
        return asgi(event, context)
    if event["rawPath"] == "/events":
        headers = {"Content-Type": "text/event-stream"}
        return {"statusCode": 200, "headers": headers, "body": sse(iter(["one", "two"]))}
    return wsgi(event, context)
"""


class Context:
    def __init__(self, left_ms=60_000, step_ms=0):
        self.left_ms = left_ms
        self.step_ms = step_ms

    def get_remaining_time_in_millis(self):
        self.left_ms -= self.step_ms
        return max(0, self.left_ms)


class Stock:
    """A function under the stock client: what it responded, and what it wrote."""

    def __init__(self, folder, paths, front):
        (Path(folder) / "shop.py").write_text(FUNCTION)
        script = [
            {
                "body": json.dumps(front(Sent("GET", path, headers=GET.headers))).encode(),
                "headers": {"Content-Type": "application/json"},
            }
            for path in paths
        ]
        with FakeRuntimeApi(script, hold_next_at=len(script)) as platform:
            process = subprocess.Popen(
                [sys.executable, "-m", "awslambdaric", "shop.handler"],
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": f"{LAYER}:{folder}",
                    "PYTHONDONTWRITEBYTECODE": "1",
                    "AWS_LAMBDA_RUNTIME_API": platform.address,
                    "LAMBDA_TASK_ROOT": str(folder),
                    "_HANDLER": "shop.handler",
                },
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            eventually(
                lambda: len(platform.posts) == len(script) or process.poll() is not None,
                within_s=20,
            )
            process.kill()
            self.output, _ = process.communicate()
            self.posts = platform.posts


@pytest.fixture(scope="module")
def stock(tmp_path_factory):
    paths = ["/text", "/text", "/binary", "/breaks", "/large", "/asgi", "/events"]
    return Stock(tmp_path_factory.mktemp("stock"), paths, function_url)


def test_the_stock_client_gets_the_whole_body_as_text(stock):
    found = payload_v2.render(stock.posts[0].body)
    assert (found.status, found.body) == (200, "eins zwölf".encode())
    assert found.headers == (("Content-Type", "text/plain"), ("Set-Cookie", "a=1"))


def test_the_stock_client_gets_binary_bodies_as_base64(stock):
    assert json.loads(stock.posts[2].body)["isBase64Encoded"] is True
    assert payload_v2.render(stock.posts[2].body).body == bytes(range(256))


def test_with_the_stock_client_a_body_that_breaks_is_an_error_of_the_function(stock):
    assert stock.posts[3].path.endswith("/error")
    assert json.loads(stock.posts[3].body)["errorType"] == "KeyError"


def test_with_the_stock_client_a_body_over_6_mb_is_an_error_that_names_the_limit(stock):
    error = json.loads(stock.posts[4].body)
    assert error["errorType"] == "ResponseTooLarge"
    assert "7000000 bytes or more, and Lambda takes 6291556 (6 MB)" in error["errorMessage"]


def test_an_asgi_application_responds_whole_under_the_stock_client(stock):
    found = payload_v2.render(stock.posts[5].body)
    assert (found.status, found.body) == (201, b"one two")


def test_events_in_a_handlers_own_result_are_text_under_the_stock_client(stock):
    found = payload_v2.render(stock.posts[6].body)
    assert found.body.startswith(b"data: one\n\ndata: two\n\n")


def test_the_log_of_the_stock_client_says_once_that_and_why_nothing_streams(stock):
    assert stock.output.count("streaming.buffered") == 1
    assert "set AWS_LAMBDA_EXEC_WRAPPER to /opt/bootstrap" in stock.output


def test_a_stream_without_an_end_is_cut_before_the_deadline_and_the_log_says_so(caplog):
    pieces = iter(lambda: b"tick", None)
    content = buffered.collected(pieces, Context(left_ms=10_000, step_ms=1000))
    assert content == b"tick" * 9
    assert "streaming.body_cut" in caplog.text
    assert "36 bytes" in caplog.text


def test_a_body_is_closed_once_it_is_collected():
    file = io.BytesIO(b"one\ntwo\n")
    assert buffered.collected(file) == b"one\ntwo\n"
    assert file.closed


def test_a_body_that_is_too_large_is_not_collected_to_its_end():
    taken = []

    def pieces():
        for number in range(100):
            taken.append(number)
            yield b"x" * 1_000_000

    with pytest.raises(buffered.ResponseTooLarge, match="6 MB"):
        buffered.collected(pieces())
    assert len(taken) == 7


def test_json_counts_and_not_the_bytes_of_the_body():
    with pytest.raises(buffered.ResponseTooLarge):
        buffered.whole({"statusCode": 200, "body": iter([b"\xff" * 5_000_000])})


@pytest.mark.parametrize("piece", ["ü", "ü".encode()])
def test_events_become_text_that_json_can_hold(piece):
    assert buffered.text(iter([piece, piece])) == "üü"


@pytest.mark.parametrize("body", [None, "text"])
def test_a_body_that_is_whole_stays_as_it_is(body):
    assert buffered.whole({"statusCode": 200, "body": body}) == {"statusCode": 200, "body": body}


@pytest.mark.parametrize(
    ("front", "environ", "reason"),
    [
        (function_url, {}, ""),
        (rest_api, {}, ""),
        (function_url, {"STREAMING_RUNTIME_RESPONSE_MODE": "buffered"}, "is buffered"),
        (load_balancer, {}, "a load balancer takes whole responses"),
        (FRONTS["HTTP API, 1.0"], {}, "an HTTP API takes whole responses"),
    ],
)
def test_the_reason_is_known_on_the_streaming_runtime(front, environ, reason):
    found = buffered.why_buffered(read_request(front(GET)), environ)
    assert reason in found
    assert bool(found) == bool(reason)


def test_a_test_without_a_runtime_gets_the_pieces():
    def app(environ, start_response):
        start_response("200 OK", [])
        return [b"one", b"two"]

    assert [*Wsgi(app)(function_url(GET), None)["body"]] == [b"one", b"two"]


def test_a_reason_is_said_once(caplog):
    buffered.forget_what_was_said()
    for _ in range(3):
        buffered.say_once("one line")
    assert caplog.messages == ["one line"]
