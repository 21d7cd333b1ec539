"""`--reload`: the next request runs what was saved, open streams end, mistakes can be mended."""

import http.client
import os
import shutil
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local_lambda import Emulator

pytestmark = pytest.mark.once

LAYERS = Path(__file__).parent / "layers"
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Who: {Type: String, Default: nobody}
Globals:
  Function: {Runtime: python3.13, Timeout: 20, Environment: {Variables: {WHO: !Ref Who}}}
Resources:
  RawLayer:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: raw_layer}
  TextLayer:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: text_layer}
  PlainFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: plain
      Handler: plain_reloaded.handler
      Layers: [!Ref TextLayer]
  StreamFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: stream
      Handler: none.handler
      Layers: [!Ref RawLayer]
      Environment: {Variables: {AWS_LAMBDA_EXEC_WRAPPER: /opt/bootstrap, GATE: "@FOLDER@/gate"}}
      FunctionUrlConfig: {AuthType: NONE, InvokeMode: RESPONSE_STREAM}
"""
PLAIN = """
import os
import text_of_the_layer
VERSION = "first"
def handler(event, context):
    return [VERSION, text_of_the_layer.TEXT, os.environ["WHO"], os.getpid()]
"""


class Project:
    def __init__(self, folder):
        self.folder = folder
        shutil.copytree(LAYERS / "raw_runtime", folder / "raw_layer")
        self.write("text_layer/python/text_of_the_layer.py", "TEXT = 'layer'")
        self.write("plain/plain_reloaded.py", PLAIN)
        self.write("stream/note.txt", "one")
        self.write("gate/0", "")  # the stream has its first piece, and waits for the next one
        self.write("template.yaml", TEMPLATE)

    def write(self, name, text):
        """Writes a file as many editors do: beside it, then renamed over it."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.tmp")
        beside.write_text(text.replace("@FOLDER@", str(self.folder)))
        os.replace(beside, path)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return Project(tmp_path_factory.mktemp("reloaded"))


@pytest.fixture(scope="module")
def emulator(project):
    log = project.folder / "plain/emulator.log"
    options = ("--reload", "--log-level", "debug", "--log-file", str(log))
    with Emulator(project.folder / "template.yaml", *options) as running:
        yield running


def call(emulator):
    result = emulator.invoke("PlainFunction", {})
    return result.json()


def test_the_next_request_runs_what_was_saved(emulator, project):
    assert call(emulator)[0] == "first"
    for number in range(3):
        project.write("plain/plain_reloaded.py", PLAIN.replace("first", f"number {number}"))
        assert call(emulator)[0] == f"number {number}"
    project.write("plain/plain_reloaded.py", PLAIN)


def test_warm_environments_stay_warm_while_nothing_changes(emulator):
    assert call(emulator)[3] == call(emulator)[3]


def test_a_changed_layer_is_laid_out_again(emulator, project):
    assert call(emulator)[1] == "layer"
    project.write("text_layer/python/text_of_the_layer.py", "TEXT = 'other'")
    assert call(emulator)[1] == "other"
    project.write("text_layer/python/text_of_the_layer.py", "TEXT = 'layer'")
    assert call(emulator)[1] == "layer"


def test_an_error_in_the_code_is_shown_and_mended_without_a_restart(emulator, project):
    project.write("plain/plain_reloaded.py", "def handler(:\n")
    assert "SyntaxError" in str(call(emulator))
    project.write("plain/plain_reloaded.py", PLAIN)
    assert call(emulator)[0] == "first"


def test_variables_and_timeouts_of_the_template_are_read_again(emulator, project):
    project.write("template.yaml", TEMPLATE.replace("nobody", "somebody"))
    assert call(emulator)[2] == "somebody"
    project.write("template.yaml", TEMPLATE)
    assert call(emulator)[2] == "nobody"


def test_the_files_that_the_template_is_read_with_are_read_again(emulator, project):
    configured = """version = 0.1
[default.local_start_api.parameters]
parameter_overrides = "Who=configured"
env_vars = "@FOLDER@/variables.json"
"""
    project.write("samconfig.toml", configured)
    project.write("variables.json", "{}")
    assert call(emulator)[2] == "configured"
    project.write("variables.json", '{"PlainFunction": {"WHO": "from a file"}}')
    assert call(emulator)[2] == "from a file"
    (project.folder / "samconfig.toml").unlink()
    assert call(emulator)[2] == "nobody"


def test_a_broken_template_is_a_sentence_and_what_ran_goes_on(emulator, project):
    begin = len(emulator.log)
    project.write("template.yaml", "Resources: [")
    assert call(emulator)[2] == "nobody"
    emulator.wait_for(lambda: "what ran before goes on" in emulator.log[begin:])
    project.write("template.yaml", TEMPLATE)
    assert call(emulator)[2] == "nobody"
    assert "Traceback" not in emulator.log[begin:]


ROUTE = """      Events:
        Get: {Type: Api, Properties: {Method: GET, Path: /plain}}
"""


def test_new_routes_and_functions_are_served(emulator, project):
    address = urlsplit(emulator.dashboard_url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=15)

    def status():
        connection.request("GET", "/plain")
        response = connection.getresponse()
        response.read()
        return response.status

    assert status() == 403
    with_route = TEMPLATE.replace("      Layers: [!Ref TextLayer]\n", ROUTE)
    project.write("template.yaml", with_route.replace("  PlainFunction", "  NewFunction"))
    # Its layer is gone and so it fails, but the route is there.
    emulator.wait_for(lambda: status() == 502)
    assert "text_of_the_layer" in emulator.invoke("NewFunction", {}).body.decode()
    project.write("template.yaml", TEMPLATE)
    emulator.wait_for(lambda: status() == 403)


def test_a_change_that_needs_another_start_is_named(emulator, project):
    begin = len(emulator.log)
    project.write("template.yaml", TEMPLATE.replace("  StreamFunction", "  OtherFunction"))
    said = "the Function URL of OtherFunction, the Function URL of StreamFunction, StreamFunction"
    emulator.wait_for(lambda: said in emulator.log[begin:])
    project.write("template.yaml", TEMPLATE)
    assert call(emulator)[0] == "first"


def open_stream(emulator):
    address = urlsplit(emulator.url("stream"))
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=15)
    connection.request("GET", "/?do=paced")
    response = connection.getresponse()
    return response, response.read1()


def test_an_open_stream_ends_cleanly_and_the_next_one_runs_the_new_code(emulator, project):
    response, first = open_stream(emulator)
    (before,) = emulator.environments("StreamFunction")
    project.write("stream/note.txt", "two")
    # read() raises IncompleteRead unless the body has its last chunk.
    assert (first, response.read()) == (b"piece 0\n", b"")
    response, first = open_stream(emulator)
    assert first == b"piece 0\n"
    response.close()
    assert before["pid"] not in [each["pid"] for each in emulator.environments("StreamFunction")]


def test_a_response_that_has_not_begun_still_comes_from_the_old_code(emulator, project):
    waiting = []
    thread = threading.Thread(
        target=lambda: waiting.append(emulator.invoke("StreamFunction", {"do": "slow"}).json())
    )
    begin = len(emulator.log)
    thread.start()
    emulator.wait_for(lambda: "START RequestId" in emulator.log[begin:])
    project.write("stream/note.txt", "three")
    emulator.wait_for(lambda: "reload: StreamFunction: note.txt" in emulator.log[begin:])
    thread.join(10)
    assert waiting == ["slow"]
    emulator.wait_for(lambda: not emulator.environments("StreamFunction"))


def test_environments_that_are_starting_are_ended_too(emulator, project):
    begin = len(emulator.log)
    slow = PLAIN.replace("import os", "import os, time; time.sleep(5)")
    project.write("plain/plain_reloaded.py", slow.replace("first", "slow"))
    results = []
    thread = threading.Thread(target=lambda: results.append(call(emulator)[0]))
    thread.start()
    emulator.wait_for(lambda: "environment.starting PlainFunction" in emulator.log[begin:])
    project.write("plain/plain_reloaded.py", PLAIN)
    thread.join(4)
    assert results == ["first"]


def test_without_the_option_a_change_is_named_once(project):
    with Emulator(project.folder / "template.yaml") as emulator:
        before = call(emulator)
        for number in range(2):
            project.write("plain/plain_reloaded.py", f"{PLAIN}# {number}\n")
            emulator.wait_for(lambda: "code.changed PlainFunction" in emulator.log)
        assert call(emulator)[3] == before[3]
        assert emulator.log.count("code.changed") == 1
