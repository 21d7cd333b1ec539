"""In any order of items, the parts that an encoder writes itself nest as front ends want."""

from hypothesis import given, settings
from hypothesis import strategies as st
from lambda_streaming import sse
from lambda_streaming.encoders import ag_ui, openai_chunks, ui_messages

from tests.lambda_streaming.server_sent_events.reading import data_of

PARTS = [
    {"type": "start", "messageId": "own"},
    {"type": "start-step"},
    {"type": "finish-step"},
    {"type": "data-x", "data": 1},
    {"type": "tool-output-available", "toolCallId": "1", "output": 1},
    {"type": "finish"},
]
EVENTS = [
    {"type": "CUSTOM", "name": "n", "value": 1},
    {"type": "STEP_STARTED", "stepName": "s"},
    {"type": "STATE_DELTA", "delta": []},
    {"type": "TOOL_CALL_END", "toolCallId": "1"},
]
CHUNKS = [
    {"choices": [{"index": 0, "delta": {"content": "own"}, "finish_reason": None}]},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
    {"choices": [], "usage": {}},
]


def items(parts):
    return st.lists(st.sampled_from(["text", "more", "", None, *parts]), max_size=12)


def text_of(source):
    return "".join(item for item in source if isinstance(item, str))


@settings(max_examples=60)
@given(items(PARTS))
def test_each_text_part_is_open_when_it_grows_and_closed_at_the_end(source):
    *parts, done = data_of(sse(source, encoder=ui_messages()))

    open_ids = set()
    text = ""
    for part in parts:
        if part["type"] == "text-start":
            assert not open_ids
            open_ids.add(part["id"])
        elif part["type"] == "text-delta":
            assert part["id"] in open_ids
            text += part["delta"]
        elif part["type"] == "text-end":
            open_ids.remove(part["id"])
    assert not open_ids
    assert text == text_of(source)
    assert [part["type"] for part in parts].count("start") >= 1
    assert parts[0]["type"] == "start"
    assert done == "[DONE]"


@settings(max_examples=60)
@given(items(EVENTS))
def test_each_message_is_open_when_it_grows_and_the_run_is_around_all(source):
    events = data_of(sse(source, encoder=ag_ui(thread_id="t", run_id="r")))

    open_id = None
    text = ""
    for event in events:
        if event["type"] == "TEXT_MESSAGE_START":
            assert open_id is None
            open_id = event["messageId"]
        elif event["type"] == "TEXT_MESSAGE_CONTENT":
            assert event["messageId"] == open_id
            text += event["delta"]
        elif event["type"] == "TEXT_MESSAGE_END":
            assert event["messageId"] == open_id
            open_id = None
    assert open_id is None
    assert text == text_of(source)
    assert [events[0]["type"], events[-1]["type"]] == ["RUN_STARTED", "RUN_FINISHED"]


@settings(max_examples=60)
@given(items(CHUNKS))
def test_a_completion_ends_once_and_has_all_its_text(source):
    *chunks, done = data_of(sse(source, encoder=openai_chunks("m")))

    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    text = "".join(choice["delta"].get("content", "") for choice in choices)
    own = sum(item == CHUNKS[1] for item in source)

    assert text.replace("own", "") == text_of(source)
    assert sum(bool(choice["finish_reason"]) for choice in choices) == max(1, own)
    assert done == "[DONE]"
