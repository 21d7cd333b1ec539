"""Tests the runtime under AWS's runtime interface emulator (RIE), which `sam local` runs.

The RIE buffers, so these tests check bytes and no timing. Each test has a process of its own, since
two invocations at once crash the RIE.
"""

import json
import os
import sys

import pytest
import requests

from tests.support.paths import ROOT
from tests.support.rie import running

pytestmark = pytest.mark.rie

BOOTSTRAP = ROOT / "layers/streaming_runtime/bootstrap"
PRELUDE = (
    b'{"statusCode":200,"headers":{"Content-Type":"text/event-stream"},"cookies":["a=1"]}'
    + bytes(8)
)
URL_CONTEXT = {
    "http": {"method": "GET", "path": "/"},
    "domainName": "abc.lambda-url.us-east-1.on.aws",
}


@pytest.fixture
def rie(tmp_path):
    """Returns `invoke(payload)`, which returns the caller's result as a requests.Response."""
    (tmp_path / "python3.13").write_text(
        f'#!/bin/sh\nexec {sys.executable} "$@"\n'
    )  # the bootstrap looks for it there
    (tmp_path / "python3.13").chmod(0o755)
    environ = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "LAMBDA_TASK_ROOT": str(ROOT),
        "AWS_LAMBDA_FUNCTION_NAME": "under-test",
        "AWS_LAMBDA_FUNCTION_HANDLER": "tests.system.rie.handlers.handler",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "10",
        "_HANDLER": "tests.system.rie.handlers.handler",
    }
    with running([BOOTSTRAP], environ, directory=ROOT, log=tmp_path / "log") as url:
        yield lambda payload: requests.post(url, json=payload, timeout=20)


def request(case):
    return {
        "case": case,
        "version": "2.0",
        "requestContext": URL_CONTEXT,
        "rawPath": "/",
        "headers": {},
    }


def test_a_plain_result_is_buffered_json(rie):
    response = rie({"case": "plain"}).json()

    assert response["answer"] == 42
    assert response["request_id"]


def test_the_deadline_that_the_rie_gives_is_understood(rie):
    assert 0 < rie({"case": "time"}).json() <= 10_000


@pytest.mark.parametrize(
    ("case", "body"),
    [("text", b"whole"), ("stream", b"one two"), ("empty", b"\n"), ("large", b"x" * 65_536 * 64)],
)
def test_a_streamed_answer_is_prelude_eight_zero_bytes_and_body(rie, case, body):
    response = rie(request(case))

    assert response.content == PRELUDE + body


def test_an_error_answer_has_type_message_and_trace_and_the_next_invocation_works(rie):
    error = rie({"case": "error"}).json()

    assert error["errorType"] == "LookupError"
    assert error["errorMessage"] == "no such thing"
    assert "fails" in error["stackTrace"][-1]
    assert rie({"case": "plain"}).json()["answer"] == 42


@pytest.mark.parametrize(("case", "body"), [("half", b"half"), ("huge", b"begun ")])
def test_a_failure_midway_leaves_the_runtime_in_step_with_the_platform(rie, case, body):
    """With trailers over 4,096 bytes, or none at all, the RIE would hang here until the timeout."""
    response = rie(request(case))

    assert response.content == PRELUDE + body
    assert response.elapsed.total_seconds() < 5
    assert rie({"case": "plain"}).json()["answer"] == 42


def test_many_invocations_one_after_the_other(rie):
    for number in range(30):
        assert rie(request("stream") if number % 2 else {"case": "plain"}).status_code == 200


def test_a_process_that_exits_is_reported_and_started_again(rie):
    assert "Runtime.ExitError" in json.dumps(rie({"case": "exit"}).json())
    assert rie({"case": "plain"}).json()["answer"] == 42
