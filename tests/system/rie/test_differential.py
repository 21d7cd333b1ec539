"""Runs one function under AWS's emulator (RIE) and under ours, and compares what the caller gets.

Both run the same two runtimes: the stock client and the streaming runtime. Where they differ, it is
named below with the reason: the RIE is not the Invoke API, and ours is.
"""

import base64
import contextlib
import json
import re
import sys
from pathlib import Path

import pytest
import requests

from local_lambda import Emulator
from local_lambda.environments.invocation import BUFFERED_LIMIT_BYTES
from tests.support import rie
from tests.support.paths import ROOT

pytestmark = [pytest.mark.rie, pytest.mark.once]

HERE = Path(__file__).parent
LAYER = ROOT / "layers/streaming_runtime"
INVOCATIONS = "2015-03-31/functions/{}/invocations"
RUNTIMES = ("stock", "streaming")
INITS = ("", "raise", "exit", "hang")
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: python3.13
    CodeUri: {code}
    Handler: differential_function.handler
    Timeout: 1
    MemorySize: 256
Resources:
  Layer: {{Type: AWS::Serverless::LayerVersion, Properties: {{ContentUri: {layer}}}}}
"""
FUNCTION = """
  {id}:
    Type: AWS::Serverless::Function
    Properties:
      Layers: {layers}
      Environment: {{Variables: {{{variables}}}}}
"""


def name(runtime, init):
    return f"{runtime}{init}".title()


def function(runtime, init):
    variables = f"INIT: '{init}'"
    if runtime == "streaming":
        variables += ", AWS_LAMBDA_EXEC_WRAPPER: /opt/bootstrap"
    layers = "[!Ref Layer]" if runtime == "streaming" else "[]"
    return FUNCTION.format(id=name(runtime, init), layers=layers, variables=variables)


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """Returns `invoke(runtime, body, init, headers)`."""
    template = tmp_path_factory.mktemp("ours") / "template.yaml"
    functions = [function(runtime, init) for runtime in RUNTIMES for init in INITS]
    template.write_text(TEMPLATE.format(code=HERE, layer=LAYER) + "".join(functions))
    with Emulator(template, "--init-timeout", "1") as emulator:

        def invoke(runtime, body, init="", **headers):
            url = emulator.admin_url + INVOCATIONS.format(name(runtime, init))
            return requests.post(url, data=body, headers=headers, timeout=20)

        yield invoke


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """Returns `invoke(runtime, body, init, headers)`. Each RIE starts when it is needed."""
    directory = tmp_path_factory.mktemp("theirs")
    python = directory / "python3.13"  # the bootstrap looks for it
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    handler = "differential_function.handler"
    commands = {
        "stock": [sys.executable, "-m", "awslambdaric", handler],
        "streaming": [LAYER / "bootstrap"],
    }
    variables = {
        "PATH": f"{directory}:/usr/bin:/bin",
        "LAMBDA_TASK_ROOT": str(HERE),
        "LANG": "en_US.UTF-8",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_HANDLER": handler,
        # The stock client writes JSON in ASCII or UTF-8, depending on this.
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "_HANDLER": handler,
    }
    urls = {}
    with contextlib.ExitStack() as stack:

        def invoke(runtime, body, init="", **headers):
            if (runtime, init) not in urls:
                running = rie.running(
                    commands[runtime],
                    {**variables, "INIT": init, "AWS_LAMBDA_FUNCTION_NAME": name(runtime, init)},
                    directory=HERE,
                    log=directory / f"{runtime}{init}.log",
                )
                urls[runtime, init] = stack.enter_context(running)
            return requests.post(urls[runtime, init], data=body, headers=headers, timeout=20)

        yield invoke


def comparable(body):
    """Returns a body without its request id, and with one name for the code's folder."""
    text = body.decode("utf-8", "surrogatepass")
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "REQUEST-ID", text)
    return text.replace(str(HERE), "/var/task")


def payload(case, **fields):
    return json.dumps({"case": case, **fields}).encode()


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(
    "body",
    [
        b'{"a": [1, 2.50, null, "x"]}',
        b"[1]",
        b"null",
        '"häh"'.encode(),
        b"1e400",
        payload("context"),
        payload("none"),
        payload("text"),
        payload("bytes"),
        payload("not a number"),
        payload("as large", size=BUFFERED_LIMIT_BYTES - 2),
    ],
    ids=lambda body: body[:30].decode(),
)
def test_a_result_is_the_same_byte_for_byte(ours, theirs, runtime, body):
    expected = theirs(runtime, body)
    got = ours(runtime, body)

    assert got.status_code == expected.status_code == 200
    assert got.content == expected.content
    assert "X-Amz-Function-Error" not in got.headers


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_client_context_and_tenant_reach_the_function_alike(ours, theirs, runtime):
    context = base64.b64encode(b'{"custom": {"a": 1}}').decode()
    headers = {"X-Amz-Client-Context": context, "X-Amz-Tenant-Id": "tenant-1"}
    expected = theirs(runtime, payload("context"), **headers)
    got = ours(runtime, payload("context"), **headers)

    assert got.json() == expected.json()
    assert got.json()["custom"] == {"a": 1}
    assert got.json()["tenant"] == "tenant-1"


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(
    "case", ["raise", "raise deep", "set", "as large", "surrogate", "system exit", "exit"]
)
def test_an_error_is_the_same_object(ours, theirs, runtime, case):
    """Ours is a 200 with X-Amz-Function-Error, as Lambda's; the RIE has no such header.

    Where the process died, the RIE says 502.
    """
    body = payload(case, size=BUFFERED_LIMIT_BYTES - 1)
    expected = theirs(runtime, body)
    got = ours(runtime, body)

    assert comparable(got.content) == comparable(expected.content)
    assert got.json()["errorType"]
    assert got.status_code == 200
    assert got.headers["X-Amz-Function-Error"] == "Unhandled"
    assert expected.status_code in (200, 502)
    assert "X-Amz-Function-Error" not in expected.headers
    assert ours(runtime, b"1").content == theirs(runtime, b"1").content == b"1"


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_timeout_comes_at_the_same_time_with_the_same_words(ours, theirs, runtime):
    """The RIE says it in plain text, Lambda in an error object."""
    expected = theirs(runtime, payload("sleep"))
    got = ours(runtime, payload("sleep"))

    assert expected.text == "Task timed out after 1.00 seconds"
    assert got.json()["errorMessage"].endswith(f"Error: {expected.text}")
    assert got.json()["errorType"] == "Sandbox.Timedout"
    assert 1 <= got.elapsed.total_seconds() < 3
    assert ours(runtime, b"1").content == theirs(runtime, b"1").content == b"1"


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_failed_init_is_the_same_object_each_time(ours, theirs, runtime):
    """The RIE says 502 and starts no second attempt. Ours tries once more, as Lambda does."""
    for _ in range(2):
        expected = theirs(runtime, b"{}", init="raise")
        got = ours(runtime, b"{}", init="raise")

        assert comparable(got.content) == comparable(expected.content)
        assert got.json()["errorMessage"] == "no such thing at init"
        assert expected.status_code == 502
        assert got.status_code == 200
        assert got.headers["X-Amz-Function-Error"] == "Unhandled"


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_an_init_that_ends_the_process_is_named_by_ours_alone(ours, theirs, runtime):
    """The RIE's response is empty. Lambda's is an error object."""
    expected = theirs(runtime, b"{}", init="exit")
    got = ours(runtime, b"{}", init="exit")

    assert (expected.status_code, expected.content) == (502, b"")
    assert json.loads(comparable(got.content)) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": "RequestId: REQUEST-ID Error: Runtime exited with error: exit status 4",
    }


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_an_init_that_hangs_ends_at_the_timeout_of_the_function(ours, theirs, runtime):
    """Ours has waited for the 1 s that the test gives the init phase before (Lambda: 10 s)."""
    expected = theirs(runtime, b"{}", init="hang")
    got = ours(runtime, b"{}", init="hang")

    assert expected.text == "Task timed out after 1.00 seconds"
    assert got.json()["errorMessage"].endswith(f"Error: {expected.text}")
    assert got.json()["errorType"] == "Sandbox.Timedout"


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_what_is_not_json_is_refused_by_ours_alone_as_by_lambda(ours, theirs, runtime):
    """The RIE hands everything on, and the runtime reports what it cannot parse."""
    assert theirs(runtime, b"{x").json()["errorType"] == "Runtime.UnmarshalError"
    refused = ours(runtime, b"{x")
    assert refused.status_code == 400
    assert refused.headers["X-Amzn-Errortype"] == "InvalidRequestContentException"


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_no_payload_is_an_empty_object_with_ours_alone_as_with_lambda(ours, theirs, runtime):
    assert theirs(runtime, b"").json()["errorType"] == "Runtime.UnmarshalError"
    assert ours(runtime, b"").content == b"{}"
