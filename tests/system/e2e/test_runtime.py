"""Tests the runtime as clients see it: real bootstrap processes behind both fronts.

Each kind of response and each way to fail has its exact status and bytes, and the next invocation
works.
"""

import contextlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from local_lambda import Emulator
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e
TEMPLATE = Path(__file__).parent / "failing/template.yaml"
API_ERROR = b'{"message": "Internal server error"}'
URL_ERROR = b"Internal Server Error"


@pytest.fixture(scope="module")
def emulator(request):
    if request.config.getoption("--base-url"):
        pytest.skip("these functions are not part of the deployed service")
    with Emulator(TEMPLATE) as running:
        yield running


@pytest.fixture
def logged(emulator):
    """Returns a function that waits until a text is in the log since the test began."""
    begin = len(emulator.log)
    return lambda *texts: eventually(lambda: all(text in emulator.log[begin:] for text in texts), 5)


@pytest.fixture(params=["api", "function url"])
def call(emulator, request):
    """Returns `call(case)`, which asks through each front; `call.front` names it."""

    def send(case, method="GET", function="cases", **options):
        path = case.replace("_", "-")
        url = (
            f"{emulator.dashboard_url}{function}/{path}"
            if request.param == "api"
            else emulator.url(function) + path
        )
        options = {"timeout": 20, "allow_redirects": False, **options}
        return requests.request(method, url, **options)

    send.front = request.param
    return send


def expected_error(call):
    return (502, API_ERROR if call.front == "api" else URL_ERROR)


def pids(emulator, function="CasesFunction"):
    return {each["pid"] for each in emulator.environments(function)}


def seen(response):
    return (response.status_code, response.content)


@pytest.mark.parametrize(
    ("case", "status", "body"),
    [
        ("plain", 200, b"plain"),
        ("text", 200, "täxt".encode()),
        ("bytes", 200, bytes(range(256))),
        ("base64", 200, bytes(range(256))),
        ("gzip", 200, b"plain"),
        ("two_members", 200, b"one two"),
        ("strings", 200, "aäb".encode()),
        ("zeros", 200, bytes(8) + b"x" + bytes(16)),
        ("none", 200, b"\n"),
        ("empty_iterator", 200, b"\n"),
        ("no_content", 204, b""),
        ("not_modified", 304, b""),
        ("redirect", 302, b"\n"),
        ("teapot", 418, b"short and stout"),
        ("flood", 200, b"x" * 65_536 * 200),
    ],
)
def test_a_body_of_every_kind_arrives_as_it_was_given(call, case, status, body):
    response = call(case)

    assert seen(response) == (status, body)
    assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize("case", ["plain", "strings", "flood", "until_closed", "no_content"])
def test_an_answer_to_head_ends_at_once_and_has_no_body(call, case):
    response = call(case, "HEAD", timeout=3)

    assert response.status_code == (204 if case == "no_content" else 200)
    assert response.content == b""
    assert response.headers["Content-Length"] == "0"


def test_framing_headers_are_the_fronts_and_cookies_and_lists_survive(call):
    response = call("headers")

    assert response.headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in response.headers
    assert response.headers["Vary"].replace(", ", ",") == "Origin,Accept"
    assert response.raw.headers.getlist("Set-Cookie") == ["a=1", "b=2; Path=/"]


@pytest.mark.timed
def test_frames_arrive_one_by_one_with_the_gaps_they_were_sent_with(call):
    call("plain")
    times = []
    with call("paced", stream=True) as response:
        for chunk in response.iter_content(None):
            times += [time.monotonic()] * chunk.count(b"data: ")
    gaps = [later - earlier for earlier, later in pairwise(times)]

    assert len(times) == 5
    assert all(0.15 < gap < 0.35 for gap in gaps), gaps


@pytest.mark.parametrize(
    "case",
    [
        "error",
        "error_in_iterator",
        "huge_error",
        "bad_status",
        "bad_body",
        "bad_piece",
        "long_head",
    ],
)
def test_an_error_before_the_first_byte_is_a_502_and_the_same_process_goes_on(call, emulator, case):
    before = pids(emulator)

    assert seen(call(case)) == expected_error(call)
    assert call("plain").text == "plain"
    assert before <= pids(emulator)


@pytest.mark.parametrize(
    ("case", "error_type"), [("half", "Function.LookupError"), ("huge", "Function.ValueError")]
)
def test_an_error_after_the_first_byte_ends_the_stream_with_what_was_sent(
    call, emulator, logged, case, error_type
):
    before = pids(emulator)

    assert seen(call(case)) == (200, b"half")
    assert call("plain").text == "plain"
    assert before <= pids(emulator)
    logged("invocation.failed_midway CasesFunction[", error_type)


@pytest.mark.parametrize("case", ["exit", "hang", "silence_at_first"])
def test_a_process_that_exits_or_hangs_is_a_502_and_a_fresh_one_serves_the_next(call, case):
    call("count", function="short")

    assert seen(call(case, function="short")) == expected_error(call)
    assert call("count", function="short").text == "1"


def test_a_process_that_dies_midway_cuts_the_stream_and_another_serves_the_next(call, emulator):
    call("plain")
    before = pids(emulator)
    received = b""
    try:
        with call("dies", stream=True) as response:
            for chunk in response.iter_content(None):
                received += chunk
    except requests.RequestException:
        pass  # a client may see the cut as one of these

    assert response.status_code == 200
    assert received == b"half"
    assert call("plain").text == "plain"
    assert len(before - pids(emulator)) == 1


@pytest.mark.timed
def test_endless_silence_ends_at_the_timeout_and_a_fresh_process_serves_the_next(call):
    call("plain", function="short")
    began = time.monotonic()
    received = b""
    try:
        with call("silence", function="short", stream=True) as response:
            for chunk in response.iter_content(None):
                received += chunk
    except requests.RequestException:
        pass

    assert received == b"once"
    assert 1.5 < time.monotonic() - began < 4
    assert call("count", function="short").text == "1"


@pytest.mark.timed
@pytest.mark.parametrize("case", ["until_closed", "ignores_closing"])
def test_an_endless_iterator_is_closed_before_the_timeout_with_whole_pieces_and_the_process_goes_on(
    call, logged, case
):
    pid = call("pid", function="short").text
    began = time.monotonic()
    response = call(case, function="short")

    assert time.monotonic() - began < 2
    assert response.content.replace(b"[whole]", b"") == b""
    assert len(response.content) > 20 * 7
    assert call("pid", function="short").text == pid
    logged("finally ran" if case == "until_closed" else "not yet")


def test_a_function_that_cannot_be_imported_is_a_502_each_time_and_the_log_says_why(call, logged):
    for _ in range(2):
        assert seen(call("plain", function="unimportable")) == expected_error(call)

    logged("Runtime.ImportModuleError", "nowhere_to_be_found")


def test_a_client_that_goes_away_is_not_told_to_the_function(emulator):
    with requests.get(emulator.url("short") + "until-closed", stream=True, timeout=5) as response:
        next(response.iter_content(None))

    def busy():
        environments = emulator.environments("ShortFunction")
        return [each for each in environments if each["state"] == "busy"]

    assert busy()
    eventually(lambda: not busy(), 5)


def test_a_slow_client_slows_the_function_down_and_still_gets_everything(call):
    total = 0
    with call("flood", stream=True) as response:
        for chunk in response.iter_content(1 << 20):
            total += len(chunk)
            time.sleep(0.005)

    assert total == 65_536 * 200


@pytest.mark.timed
def test_many_invocations_at_once_are_threads_of_one_process(emulator):
    url = emulator.url("many")
    assert requests.get(url + "plain", timeout=20).text == "plain"
    with ThreadPoolExecutor(16) as threads:
        began = time.monotonic()
        bodies = list(
            threads.map(lambda _: requests.get(url + "paced", timeout=20).content, range(16))
        )

    assert time.monotonic() - began < 6
    assert bodies == [b"".join(b"data: %d\n\n" % number for number in range(5))] * 16
    assert len(emulator.environments("ManyFunction")) == 1


def test_the_other_streams_of_a_process_go_on_when_one_of_them_fails(emulator):
    url = emulator.url("many")
    with ThreadPoolExecutor(4) as threads:
        paced = threads.submit(requests.get, url + "paced", timeout=20)
        failed = [
            threads.submit(requests.get, url + case, timeout=20).result()
            for case in ("half", "error", "huge")
        ]

    assert [response.status_code for response in failed] == [200, 502, 200]
    assert paced.result().content.count(b"data: ") == 5


def test_a_direct_invocation_gets_plain_json(emulator):
    result = emulator.invoke("CasesFunction", {"rawPath": "/plain"})

    assert result.error is None
    assert result.json() == {
        "statusCode": 200,
        "headers": {"Content-Type": "text/plain"},
        "body": "plain",
    }


def silent_client(url):
    """Opens a stream on a bare socket that holds little, and reads nothing of it."""
    address = urlsplit(url)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.settimeout(20)
    client.connect((address.hostname, address.port))
    client.sendall(f"GET {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
    return client


def test_a_client_that_reads_nothing_loses_its_stream_and_the_environment_serves_the_next(
    call, emulator, logged
):
    first_pid = call("pid", function="impatient").text.split()[0]
    url = (
        f"{emulator.dashboard_url}impatient/endless-flood"
        if call.front == "api"
        else emulator.url("impatient") + "endless-flood"
    )
    with silent_client(url) as client:
        logged("runtime.response_stalled", "finally ran", "the client does not read")
        assert call("pid", function="impatient").text.split()[0] == first_pid
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := client.recv(1 << 20):
                received += piece
    assert received.startswith(b"HTTP/1.1 200 ")
    assert not received.endswith(b"0\r\n\r\n")  # it can see that its stream was cut


def test_a_client_that_reads_slowly_keeps_its_stream(emulator):
    """Each of its pauses is shorter than the write timeout, all of them together are longer."""
    with requests.get(emulator.url("impatient") + "flood", stream=True, timeout=20) as slow:
        received = 0
        for piece in slow.iter_content(1 << 20):
            received += len(piece)
            threading.Event().wait(0.02)
    assert received == 200 * 65_536
