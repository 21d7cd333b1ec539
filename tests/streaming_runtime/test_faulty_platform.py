"""The Runtime API is slow, cut, refuses or talks nonsense, at each of its calls.

Whatever it says, the runtime does its duty: it serves the next invocation or ends its process, and
neither waits for ever, nor asks without a pause, nor says anything twice.
"""

import contextlib
import json
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streaming_runtime.runtime_api import PlatformGone, RuntimeApi

from tests.streaming_runtime.environments import RunningEnvironment
from tests.support.fake_runtime_api import FakeRuntimeApi, api_request, url_request
from tests.support.waiting import eventually

WHOLE = b"HTTP/1.1 202 Accepted\r\nConnection: close\r\nContent-Length: 15\r\n\r\n"
OK = b'{"status":"OK"}'
NEXT = (
    b"HTTP/1.1 200 OK\r\nConnection: close\r\nLambda-Runtime-Aws-Request-Id: request-1\r\n"
    b"Lambda-Runtime-Deadline-Ms: 9999999999999\r\nContent-Length: 6\r\n\r\n"
)
STREAMED = "streamed"
PAYLOADS = {
    "response": (url_request(), lambda: {"statusCode": 200, "body": "fine"}),
    STREAMED: (api_request(), lambda: {"statusCode": 200, "body": iter([b"fi", b"ne"])}),
    "error": ({"body": b"1"}, lambda: 1 / 0),
}
POSTS = pytest.mark.parametrize("kind", PAYLOADS)
# Bytes that are no response, or none to what was asked.
NONSENSE = {
    "nothing": b"",
    "not HTTP": b"\x16\x03\x01\x02\x00garbage\r\n\r\n",
    "a status that is no number": b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
    "a length that is no number": b"HTTP/1.1 202 OK\r\nContent-Length: many\r\n\r\n",
    "a negative length": b"HTTP/1.1 202 OK\r\nContent-Length: -1\r\n\r\n",
    "a header without a colon": b"HTTP/1.1 202 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n",
    "a header without an end": b"HTTP/1.1 202 OK\r\nX: " + b"x" * (2 << 20),
    "a chunk that is none": b"HTTP/1.1 202 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a body that is cut": WHOLE + OK[:5],
    "bytes that are no text": b"HTTP/1.1 202 \xff\xfe\r\nX-\xff: \xff\r\nContent-Length: 0\r\n\r\n",
}


class ScriptedPlatform:
    """Replies to each request with the next of these bytes, and hangs up after each."""

    def __init__(self, *replies):
        self._replies = [*replies]
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked = []
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection):
        connection.settimeout(5)
        with connection, contextlib.suppress(OSError):
            self._reply(connection)

    def _reply(self, connection):
        request = b""
        while b"\r\n\r\n" not in request:
            if not (data := connection.recv(65_536)):
                return
            request += data
        self.asked.append(request.split(b" ")[1].decode())
        if self._replies:
            connection.sendall(self._replies.pop(0))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):  # so that the client reads what was sent, and no reset
            pass


def gets(serve):
    return [path for method, path in serve.platform.calls if method == "GET"]


def handler_of(result):
    """Returns a handler that does this the first time, and is fine from then on."""
    results = iter([result])

    def handler(event, context):
        return next(results, lambda: "next")()

    return handler


@POSTS
@pytest.mark.parametrize("status", [400, 403, 404, 408, 410, 413, 429, 502, 503, 504])
def test_whatever_status_a_post_gets_the_next_invocation_is_served(serve, kind, status):
    payload, result = PAYLOADS[kind]
    posts = serve(handler_of(result), payload, {"body": b"1"}, verdicts={0: status})

    assert posts[-1].path == "invocation/request-2/response"
    assert json.loads(posts[-1].body) == "next"
    assert len(posts) == 2  # nothing is said twice
    assert len(gets(serve)) == 3


@POSTS
def test_a_500_to_any_post_ends_the_process(serve, kind):
    payload, result = PAYLOADS[kind]
    posts = serve(handler_of(result), payload, {"body": b"1"}, verdicts={0: 500})

    assert len(posts) == 1
    assert len(gets(serve)) == 1


@POSTS
@pytest.mark.parametrize("reply", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_to_a_post_costs_that_invocation_and_no_other(work, kind, reply):
    payload, result = PAYLOADS[kind]
    event = payload["body"]
    head = NEXT.replace(b"Content-Length: 6", b"Content-Length: %d" % len(event))
    served = []

    def handler(event, context):
        served.append(event)
        return result()

    pauses = []
    with ScriptedPlatform(head + event, reply, head + event, WHOLE + OK) as platform:
        work(platform.address, handler, pause=pauses.append)
        asked = platform.asked

    posts = [path for path in asked if not path.endswith("/next")]
    assert len(served) == 2
    assert len(posts) == 2
    assert len(pauses) <= 10  # at the end, where nobody says anything any more


@pytest.mark.parametrize("reply", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_from_next_is_asked_again_and_never_without_a_pause(work, reply):
    pauses = []
    served = []

    def handler(event, context):
        served.append(event)
        return "fine"

    with ScriptedPlatform(reply, reply, NEXT + b'"here"', WHOLE + OK) as platform:
        work(platform.address, handler, pause=pauses.append)

    assert served == ["here"]
    assert pauses[:2] == [0.1, 0.2]
    assert 2 + 9 <= len(pauses) <= 2 + 11  # and then until it gives up


@pytest.mark.parametrize("cut_at", range(0, len(NEXT) + 6, 7))
def test_next_that_is_cut_at_any_byte_is_no_invocation(work, cut_at):
    served = []
    whole = NEXT + b'"here"'
    with ScriptedPlatform(whole[:cut_at], whole, WHOLE + OK) as platform:
        work(platform.address, lambda event, context: served.append(event), pause=lambda _: None)

    assert served == ["here"]


@given(reply=st.binary(max_size=200))
def test_no_bytes_from_the_platform_raise_anything_else(reply):
    with ScriptedPlatform(reply) as platform:
        try:
            RuntimeApi(platform.address).next()
        except PlatformGone:
            return


@pytest.mark.parametrize("headers", [{}, {"Lambda-Runtime-Deadline-Ms": None}])
@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"NaN", b"nul"])
def test_a_garbled_body_of_next_is_at_most_an_error_of_that_invocation(serve, body, headers):
    posts = serve(lambda event, context: "fine", {"body": body, "headers": headers}, {"body": b"1"})

    assert len(posts) == 2
    assert json.loads(posts[1].body) == "fine"


@pytest.mark.parametrize(
    "fields",
    [
        {"Lambda-Runtime-Deadline-Ms": "soon"},
        {"Lambda-Runtime-Deadline-Ms": "-1"},
        {"Lambda-Runtime-Deadline-Ms": "1e400"},
        {"Lambda-Runtime-Deadline-Ms": "9" * 5000},
        {"Lambda-Runtime-Client-Context": "{no json"},
        {"Lambda-Runtime-Client-Context": "[1]"},
        {"Lambda-Runtime-Cognito-Identity": "null"},
        {"Lambda-Runtime-Trace-Id": "x" * 10_000},
        {"Lambda-Runtime-Invoked-Function-Arn": ""},
        {"Content-Type": "text/html"},
    ],
    ids=str,
)
def test_a_garbled_header_of_next_stops_neither_this_invocation_nor_the_next(serve, fields):
    def handler(event, context):
        context.get_remaining_time_in_millis()
        return "fine"

    posts = serve(handler, {"body": b"1", "headers": fields}, {"body": b"1"})

    assert len(posts) == 2
    assert json.loads(posts[1].body) == "fine"


@POSTS
def test_a_slow_platform_is_waited_for_and_nothing_is_said_twice(serve, kind):
    payload, result = PAYLOADS[kind]
    slow = {**payload, "delay_s": 0.3}
    posts = serve(handler_of(result), slow, {"body": b"1", "delay_s": 0.3})

    assert [post.complete for post in posts] == [True, True]


@pytest.mark.parametrize("status", [400, 403, 500, 503])
def test_an_init_error_that_is_refused_ends_the_process_all_the_same(tmp_path, status):
    with (
        FakeRuntimeApi([], verdicts={0: status}) as platform,
        RunningEnvironment(platform, "no_such_module.handler", tmp_path) as environment,
    ):
        assert environment.ended() != 0
        eventually(environment.is_empty)
    assert [post.kind for post in platform.posts] == ["error"]
    assert ("GET", "invocation/next") not in platform.calls
