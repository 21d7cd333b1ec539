"""Do the protocols' own packages, which front ends use, read what the encoders write?

The streams hold heartbeats wherever one may come.
"""

import json
import subprocess
from pathlib import Path

import pytest
from lambda_streaming import sse
from lambda_streaming.encoders import ag_ui, openai_chunks, ui_messages

from tests.support.paths import ROOT
from tests.support.tools import missing, node

pytestmark = pytest.mark.once
HERE = Path(__file__).parent
PYTHON = ROOT / ".venv-clients/bin/python"
MESSAGE = "The stream ended with an error."


class Context:
    """The context of an invocation that has little time left."""

    def get_remaining_time_in_millis(self):
        return 30


def failing():
    yield "Hel"
    raise LookupError("secret")


def endless():
    while True:
        yield "x"


def usage():
    yield "a"
    yield {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}


TOOL_PARTS = [
    "a",
    {"type": "data-x", "data": 1},
    "b",
    {"type": "tool-input-available", "toolCallId": "1", "toolName": "t", "input": {"a": 1}},
    {"type": "tool-output-available", "toolCallId": "1", "output": {"b": 2}},
    "c",
]
TOOL_EVENTS = [
    "a",
    {"type": "STATE_SNAPSHOT", "snapshot": {}},
    {"type": "TOOL_CALL_START", "toolCallId": "1", "toolCallName": "t"},
    {"type": "TOOL_CALL_ARGS", "toolCallId": "1", "delta": "{}"},
    {"type": "TOOL_CALL_END", "toolCallId": "1"},
    "b",
]
SOURCES = {
    "words": lambda: ["Hel", "", "lo ä\n\n"],
    "nothing": list,
    "failing": failing,
    "endless": endless,
}
STREAMS = {
    "openai_chunks": {**SOURCES, "usage": usage},
    "ui_messages": {**SOURCES, "tools": lambda: TOOL_PARTS},
    "ag_ui": {**SOURCES, "tools": lambda: TOOL_EVENTS},
}
ENCODERS = {
    "openai_chunks": lambda: openai_chunks("m"),
    "ui_messages": lambda: ui_messages(message_id="m"),
    "ag_ui": lambda: ag_ui(thread_id="t", run_id="r"),
}


def written(protocol, name):
    encoder = ENCODERS[protocol]()
    context = Context() if name == "endless" else None
    body = sse(STREAMS[protocol][name](), encoder=encoder, context=context)
    pieces = []
    try:
        for piece in body:
            pieces += [piece, encoder.heartbeat()]
    except LookupError:
        assert name == "failing"
    headers = dict(body.headers)
    return {"protocol": protocol, "headers": headers, "body": b"".join(pieces).decode()}


def read_by(command, *protocols):
    """Returns what `command` makes of each stream, by protocol and name."""
    names = [(protocol, name) for protocol in protocols for name in STREAMS[protocol]]
    sent = json.dumps([written(*each) for each in names])
    ended = subprocess.run(command, input=sent, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return dict(zip(names, json.loads(ended.stdout), strict=True))


@pytest.fixture(scope="module")
def by_node():
    if not (HERE / "npm/node_modules").is_dir():
        missing("the packages of the protocols", "make clients")
    return read_by([node(), HERE / "npm/read.mjs"], "ui_messages", "ag_ui")


@pytest.fixture(scope="module")
def by_python():
    if not list(PYTHON.parent.parent.glob("lib/*/site-packages/ag_ui")):
        missing(".venv-clients with openai and ag-ui-protocol", "make clients")
    return read_by([PYTHON, HERE / "pypi/read.py"], "openai_chunks", "ag_ui")


def text_parts(message):
    return [part["text"] for part in message["parts"] if part["type"] == "text"]


def test_the_ai_sdk_has_the_message_as_it_was_written(by_node):
    read = by_node["ui_messages", "words"]

    assert read["errors"] == []
    assert read["message"]["id"] == "m"
    assert read["message"]["parts"] == [{"type": "text", "text": "Hello ä\n\n", "state": "done"}]


def test_the_ai_sdk_has_the_parts_in_their_order(by_node):
    parts = by_node["ui_messages", "tools"]["message"]["parts"]

    assert [part["type"] for part in parts] == ["text", "data-x", "tool-t", "text"]
    assert [part["text"] for part in parts if part["type"] == "text"] == ["ab", "c"]
    assert parts[2]["output"] == {"b": 2}


def test_the_ai_sdk_is_told_of_a_failure_and_keeps_what_came_before(by_node):
    read = by_node["ui_messages", "failing"]

    assert read["errors"] == [MESSAGE]
    assert text_parts(read["message"]) == ["Hel"]


def test_the_ai_sdk_takes_an_empty_message_and_one_that_the_deadline_cut(by_node):
    cut = by_node["ui_messages", "endless"]

    assert by_node["ui_messages", "nothing"]["errors"] == []
    assert cut["errors"] == []
    assert {*text_parts(cut["message"])[0]} == {"x"}


def test_an_agent_of_ag_ui_has_the_message_and_a_run_that_succeeded(by_node):
    read = by_node["ag_ui", "words"]

    assert read["errors"] == []
    assert [(each["role"], each["content"]) for each in read["messages"]] == [
        ("assistant", "Hello ä\n\n")
    ]
    assert read["outcome"] == "success"
    assert by_node["ag_ui", "nothing"]["types"] == ["RUN_STARTED", "RUN_FINISHED"]


def test_an_agent_of_ag_ui_has_the_tool_call_between_two_messages(by_node):
    read = by_node["ag_ui", "tools"]

    assert read["errors"] == []
    assert [each.get("content") for each in read["messages"]] == ["a", None, "b"]
    assert read["messages"][1]["toolCalls"][0]["function"]["name"] == "t"


def test_an_agent_of_ag_ui_is_told_of_a_failure_and_of_the_deadline(by_node):
    failed = by_node["ag_ui", "failing"]
    cut = by_node["ag_ui", "endless"]

    assert failed["errors"] == [MESSAGE]
    assert [each["content"] for each in failed["messages"]] == ["Hel"]
    assert cut["errors"] == []
    assert cut["outcome"] == "cancelled"


def test_ag_uis_models_accept_every_event(by_python):
    types = {kind for name in STREAMS["ag_ui"] for kind in by_python["ag_ui", name]["types"]}

    assert {"RUN_STARTED", "RUN_FINISHED", "RUN_ERROR", "TEXT_MESSAGE_END"} <= types


def test_openais_client_reads_the_completion(by_python):
    assert by_python["openai_chunks", "words"] == {
        "text": "Hello ä\n\n",
        "roles": ["assistant"],
        "finish_reasons": ["stop"],
        "error": None,
        "usage": None,
    }
    assert by_python["openai_chunks", "nothing"]["finish_reasons"] == ["stop"]
    assert by_python["openai_chunks", "endless"]["finish_reasons"] == ["length"]


def test_openais_client_reads_the_usage_and_one_end(by_python):
    read = by_python["openai_chunks", "usage"]

    assert read["finish_reasons"] == ["stop"]
    assert read["usage"] == 3


def test_openais_client_raises_the_failure(by_python):
    read = by_python["openai_chunks", "failing"]

    assert read["error"] == MESSAGE
    assert read["text"] == "Hel"
    assert read["finish_reasons"] == []
