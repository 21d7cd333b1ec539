"""`--debug`: a debugger attaches, stops and goes on, while other requests are served."""

import http.client
import importlib.util
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local_lambda import Emulator
from local_lambda.application import Function
from local_lambda.environments.debug import DebugError, DebugTarget, debugpy_folder, free_port
from tests.support.dap import Debugger
from tests.support.paths import ROOT
from tests.support.tools import missing

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.13, Timeout: 1, CodeUri: code}
Resources:
  StreamingRuntime:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: "@LAYER@"}
  PlainFunction:
    Type: AWS::Serverless::Function
    Properties:
      Handler: debugged_plain.handler
      Events:
        Get: {Type: Api, Properties: {Method: GET, Path: /plain, TimeoutInMillis: 900}}
  StreamFunction: &stream
    Type: AWS::Serverless::Function
    Properties: &properties
      Handler: debugged_stream.handler
      Layers: [!Ref StreamingRuntime]
      FunctionUrlConfig: {AuthType: NONE, InvokeMode: RESPONSE_STREAM}
      Environment: {Variables: {AWS_LAMBDA_EXEC_WRAPPER: /opt/bootstrap}}
  ProvidedFunction:
    Type: AWS::Serverless::Function
    Properties: {<<: *properties, Runtime: provided.al2023, Environment: {}}
  ManyFunction:
    Type: AWS::Serverless::Function
    Properties:
      Handler: debugged_plain.handler
      CapacityProviderConfig: {Arn: none, PerExecutionEnvironmentMaxConcurrency: 4}
  BrokenFunction:
    Type: AWS::Serverless::Function
    Properties: {Handler: debugged_broken.handler}
"""
PLAIN = """
import subprocess, sys, time
def handler(event, context):
    time.sleep(event.get("sleep") or 0)
    child = subprocess.run(["python3", "-c", "print(1)"], capture_output=True, text=True)
    return {"statusCode": 200, "body": child.stdout + str("pydevd" in sys.modules)}
"""
STREAM = """
def handler(event, context):
    yield b"one"
    yield b"two"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    if importlib.util.find_spec("debugpy") is None:
        missing("debugpy", "pip install debugpy")
    folder = tmp_path_factory.mktemp("debugged")
    (folder / "code").mkdir()
    (folder / "code/debugged_plain.py").write_text(PLAIN)
    (folder / "code/debugged_stream.py").write_text(STREAM)
    (folder / "code/debugged_broken.py").write_text("import nothing_of_that_name")
    layer = str(ROOT / "layers/streaming_runtime")
    (folder / "template.yaml").write_text(TEMPLATE.replace("@LAYER@", layer))
    return folder


@pytest.fixture(scope="module")
def debugged(folder):
    """Runs an emulator all of whose functions wait for a debugger."""
    names = ("Plain", "Stream", "Provided", "Many", "Broken")
    options = [part for name in names for part in ("--debug", f"{name}Function:0")]
    with Emulator(folder / "template.yaml", *options) as emulator:
        emulator.wait_for(lambda: emulator.log.count("debugpy waits") == len(names), timeout_s=30)
        yield emulator


def get(url, path="/"):
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)
    connection.request("GET", path)
    response = connection.getresponse()
    return response.status, response.read()


class Background(threading.Thread):
    """Sends a request in a thread, and keeps what comes."""

    def __init__(self, call, *arguments):
        super().__init__(daemon=True)
        self._call = lambda: call(*arguments)
        self.result = None
        self.start()

    def run(self):
        self.result = self._call()

    def wait(self):
        self.join(20)
        return self.result


@pytest.mark.once
def test_a_debugger_stops_a_function_and_nothing_times_out_while_others_are_served(
    folder, debugged
):
    requests = [Background(get, debugged.dashboard_url, "/plain") for _ in range(2)]
    # The first request waits for the debugger, and the other one does not.
    served = debugged.wait_for(lambda: next((each for each in requests if each.result), None))
    assert served.result == (200, b"1\nFalse")
    (held,) = (each for each in requests if each is not served)
    debugger = Debugger(debugged.addresses["plain_debug"])
    debugger.attach(str(folder / "code/debugged_plain.py"), 6)
    thread, file, line = debugger.stopped_at()
    assert (Path(file).name, line) == ("debugged_plain.py", 6)
    # This one runs for a second beside it: longer than the timeouts of function and route.
    late = debugged.invoke("PlainFunction", {"sleep": 5})
    assert "timed out after 1.00 seconds" in late.body.decode()
    assert held.is_alive()
    environments = debugged.environments("PlainFunction")
    assert [each["frozen"] for each in environments if each["debugged"]] == [False]
    debugger.go_on(thread)
    assert held.wait() == (200, b"1\nTrue")

    # The same environment takes the next request, and it is debugged too.
    again = Background(debugged.invoke, "PlainFunction", {})
    thread, _, _ = debugger.stopped_at()
    debugger.go_on(thread)
    assert again.wait().json()["body"] == "1\nTrue"
    debugger.close()


@pytest.mark.once
def test_a_function_of_managed_instances_is_debugged_in_one_process_and_attached_to_again(
    folder, debugged
):
    for _ in range(2):
        debugger = Debugger(debugged.addresses["many_debug"])
        debugger.attach(str(folder / "code/debugged_plain.py"), 6)
        held = Background(debugged.invoke, "ManyFunction", {})
        thread, _, _ = debugger.stopped_at()
        assert debugged.invoke("ManyFunction", {}).json()["body"] == "1\nFalse"
        debugger.go_on(thread)
        assert held.wait().json()["body"] == "1\nTrue"
        debugger.close()


@pytest.mark.once
@pytest.mark.parametrize("name", ["stream", "provided"])
def test_a_stream_of_the_streaming_runtime_is_stopped_between_its_pieces(folder, debugged, name):
    debugger = Debugger(debugged.addresses[f"{name}_debug"])
    debugger.attach(str(folder / "code/debugged_stream.py"), 4)
    address = urlsplit(debugged.url(name))
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)
    connection.request("GET", "/")
    thread, _, line = debugger.stopped_at()
    response = connection.getresponse()
    assert (response.read1(), line) == (b"one", 4)
    assert get(debugged.url(name)) == (200, b"onetwo")
    debugger.go_on(thread)
    assert response.read() == b"two"
    debugger.close()


@pytest.mark.once
def test_code_that_cannot_be_imported_shows_its_error_to_the_request(folder, debugged):
    held = Background(debugged.invoke, "BrokenFunction", {})
    debugger = Debugger(debugged.addresses["broken_debug"])
    debugger.attach(str(folder / "code/debugged_broken.py"))
    assert "nothing_of_that_name" in held.wait().body.decode()
    debugger.close()


@pytest.mark.once
def test_an_isolated_function_is_debugged_and_new_code_waits_for_the_debugger_again(folder):
    path = folder / "code/debugged_plain.py"
    options = ("--debug", "PlainFunction:0", "--isolated", "--reload")
    with Emulator(folder / "template.yaml", *options) as emulator:
        emulator.wait_for(lambda: "debugpy waits" in emulator.log)
        path.write_text(PLAIN + "\n")
        emulator.wait_for(lambda: emulator.log.count("debugpy waits") == 2)
        debugger = Debugger(emulator.addresses["plain_debug"])
        debugger.attach(str(path), 6)
        held = Background(emulator.invoke, "PlainFunction", {})
        thread, _, _ = debugger.stopped_at()
        debugger.go_on(thread)
        assert held.wait().json()["body"] == "1\nTrue"
        debugger.close()


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("F:5678", DebugTarget("F", "127.0.0.1", 5678)),
        ("F:0.0.0.0:0", DebugTarget("F", "0.0.0.0", 0)),
        ("F:[::1]:5678", DebugTarget("F", "::1", 5678)),
    ],
)
def test_a_target_names_a_function_and_an_address(text, target):
    assert DebugTarget.parse(text) == target


@pytest.mark.parametrize("text", ["F", "5678", ":5678", "F:", "F:x", "F:70000", "F:1:"])
def test_a_target_of_another_form_is_refused(text):
    with pytest.raises(DebugError, match="is not Function:PORT or Function:HOST:PORT"):
        DebugTarget.parse(text)


def test_a_function_is_found_by_logical_id_and_by_name_and_else_those_there_are_are_named():
    function = Function("Logical", "name", handler="a.b", runtime="python3.13", code=Path())
    for name in ("Logical", "name"):
        assert DebugTarget(name, "", 0).find([function]) is function
    with pytest.raises(DebugError, match="there is no function other; there are: Logical"):
        DebugTarget("other", "", 0).find([function])


def test_without_debugpy_the_command_that_installs_it_is_named(tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho\n")
    python.chmod(0o755)
    with pytest.raises(DebugError, match=f"install it: {python} -m pip install debugpy"):
        debugpy_folder([str(python)])


def test_a_port_is_chosen_or_must_be_free():
    port = free_port("127.0.0.1", 0)
    assert port > 0
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        free_port("127.0.0.1", taken.getsockname()[1])


@pytest.mark.once
@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("F", "argument --debug: 'F' is not Function:PORT or Function:HOST:PORT"),
        ("Stock:0", "--debug: there is no function Stock; there are: "),
    ],
)
def test_the_command_line_says_what_is_wrong_with_a_target(target, says):
    command = [sys.executable, "-m", "local_lambda", "--port", "0", "--debug", target]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr
