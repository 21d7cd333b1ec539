"""Does each protocol's own package read what its encoder writes?"""

import json
from dataclasses import dataclass

import pytest
from lambda_streaming import Event, ndjson, sse
from lambda_streaming.encoders import ag_ui, openai_chunks, ui_messages
from lambda_streaming.encoders import ndjson as ndjson_encoder
from pydantic import RootModel

from tests.lambda_streaming.server_sent_events.reading import data_of, until_error

DONE = "[DONE]"
IDS = {"thread_id": "t", "run_id": "r"}


class Context:
    """The context of an invocation that has no time left once `source` has begun."""

    def __init__(self, left_ms):
        self._left_ms = left_ms

    def get_remaining_time_in_millis(self):
        return self._left_ms


def failing():
    yield "Hel"
    raise LookupError("secret")


def endless():
    while True:
        yield "x"


def read(source, encoder, **options):
    """Returns the JSON of each event of a stream that ends well."""
    return data_of(sse(source, encoder=encoder, **options))


def read_failed(source, encoder, **options):
    pieces, error = until_error(sse(source, encoder=encoder, **options))
    assert isinstance(error, LookupError)
    return data_of(pieces)


def deltas(chunks):
    return [chunk["choices"][0]["delta"] for chunk in chunks]


# --- OpenAI


def openai():
    return openai_chunks("m", id="chatcmpl-1", created_s=7)


def test_text_is_chunks_of_a_chat_completion_that_end_in_done():
    *chunks, done = read(["Hel", "", "lo"], openai())

    assert done == DONE
    assert chunks[0] == {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 7,
        "model": "m",
        "choices": [
            {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}
        ],
    }
    assert deltas(chunks)[1:] == [{"content": "Hel"}, {"content": "lo"}, {}]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None, None, None, "stop"]


def test_chunks_that_a_function_has_pass_as_they_are():
    own = {
        "id": "own",
        "choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}],
    }
    usage = {"choices": [], "usage": {"total_tokens": 3}}

    first, second, done = read([own, usage], openai())

    assert first["id"] == "own"
    assert first["model"] == "m"
    assert first["choices"] == own["choices"]
    assert second["usage"] == {"total_tokens": 3}
    assert done == DONE


def test_the_usage_comes_after_the_finish():
    usage = {"choices": [], "usage": {"total_tokens": 3}}

    *chunks, done = read(["a", usage], openai())

    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["usage"] == {"total_tokens": 3}
    assert done == DONE


def test_a_completion_that_the_deadline_cuts_is_of_length():
    *chunks, done = read(endless(), openai(), context=Context(300))

    assert chunks[-1]["choices"][0]["finish_reason"] == "length"
    assert done == DONE


def test_a_completion_that_fails_has_an_error_and_no_done():
    *_, last = read_failed(failing(), openai())

    assert last == {"error": {"type": "server_error", "message": "The stream ended with an error."}}


def test_a_source_without_items_is_an_empty_completion():
    assert deltas(read([], openai())[:-1]) == [{"role": "assistant", "content": ""}, {}]


class Numbers(RootModel[list[int]]):
    pass


@pytest.mark.parametrize("make", [lambda: openai(), lambda: ui(), lambda: ag()])
@pytest.mark.parametrize(
    "item",
    [7, ["a"], {"content": "x"}, Event("a"), {"choices": 1}, {"type": 1}, object(), Numbers([1])],
)
def test_what_is_no_part_of_the_protocol_is_refused(make, item):
    pieces, error = until_error(sse([item], encoder=make()))

    assert pieces == []
    assert isinstance(error, TypeError)
    assert str(error).startswith("item 1 of the source (")


# --- AI SDK


def ui():
    return ui_messages(message_id="m")


def test_the_header_of_the_ai_sdk_is_there():
    headers = sse([], encoder=ui()).headers

    assert headers["X-Vercel-AI-UI-Message-Stream"] == "v1"
    assert headers["Content-Type"] == "text/event-stream"


def test_text_is_a_text_part_of_a_message():
    assert read(["Hel", "", "lo"], ui()) == [
        {"type": "start", "messageId": "m"},
        {"type": "text-start", "id": "text-1"},
        {"type": "text-delta", "id": "text-1", "delta": "Hel"},
        {"type": "text-delta", "id": "text-1", "delta": "lo"},
        {"type": "text-end", "id": "text-1"},
        {"type": "finish", "finishReason": "stop"},
        DONE,
    ]


def test_a_tool_ends_the_text_before_it_and_data_does_not():
    tool = {"type": "tool-input-available", "toolCallId": "1", "toolName": "t", "input": {}}
    data = {"type": "data-weather", "data": {"c": 20}}

    kinds = [part["type"] for part in read(["a", data, "b", tool, "c"], ui())[:-1]]

    assert kinds == [
        "start",
        "text-start",
        "text-delta",
        "data-weather",
        "text-delta",
        "text-end",
        "tool-input-available",
        "text-start",
        "text-delta",
        "text-end",
        "finish",
    ]


def test_a_function_may_start_and_finish_the_message_itself():
    start = {"type": "start", "messageId": "own"}
    finish = {"type": "finish", "messageMetadata": {"tokens": 3}}

    assert read([start, "a", finish], ui()) == [
        start,
        {"type": "text-start", "id": "text-1"},
        {"type": "text-delta", "id": "text-1", "delta": "a"},
        {"type": "text-end", "id": "text-1"},
        finish,
        DONE,
    ]


def test_a_message_that_fails_ends_its_text_and_says_so():
    assert read_failed(failing(), ui())[-3:] == [
        {"type": "text-end", "id": "text-1"},
        {"type": "error", "errorText": "The stream ended with an error."},
        DONE,
    ]


def test_a_message_that_the_deadline_cuts_is_of_length():
    assert read(endless(), ui(), context=Context(300))[-2:] == [
        {"type": "finish", "finishReason": "length"},
        DONE,
    ]


# --- AG-UI


def ag():
    return ag_ui(**IDS, message_id="m")


def test_text_is_a_message_of_a_run():
    assert read(["Hel", "", "lo"], ag()) == [
        {"type": "RUN_STARTED", "threadId": "t", "runId": "r"},
        {"type": "TEXT_MESSAGE_START", "messageId": "m", "role": "assistant"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "Hel"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "lo"},
        {"type": "TEXT_MESSAGE_END", "messageId": "m"},
        {"type": "RUN_FINISHED", "threadId": "t", "runId": "r"},
    ]


def test_a_tool_call_ends_the_message_before_it_and_the_next_has_an_id_of_its_own():
    call = {"type": "TOOL_CALL_START", "toolCallId": "1", "toolCallName": "t"}
    end = {"type": "TOOL_CALL_END", "toolCallId": "1"}

    sent = read(["a", {"type": "STATE_DELTA", "delta": []}, call, end, "b"], ag())

    assert [event["type"] for event in sent] == [
        "RUN_STARTED",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "STATE_DELTA",
        "TEXT_MESSAGE_END",
        "TOOL_CALL_START",
        "TOOL_CALL_END",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]
    messages = {event["messageId"] for event in sent if "messageId" in event}
    assert len(messages) == 2


@dataclass
class RunEvent:
    """An event as a framework for agents may have it."""

    type: str
    threadId: str = "own"
    runId: str = "own"
    parentRunId: str | None = None


def test_a_framework_may_write_the_whole_run_itself():
    assert read([RunEvent("RUN_STARTED"), "a", RunEvent("RUN_FINISHED")], ag()) == [
        {"type": "RUN_STARTED", "threadId": "own", "runId": "own"},
        {"type": "TEXT_MESSAGE_START", "messageId": "m", "role": "assistant"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "a"},
        {"type": "TEXT_MESSAGE_END", "messageId": "m"},
        {"type": "RUN_FINISHED", "threadId": "own", "runId": "own"},
    ]


def test_a_run_that_fails_ends_with_run_error():
    sent = read_failed(
        failing(), ag(), error_data=lambda error: {"message": "no luck", "code": "E1"}
    )

    assert sent[-2:] == [
        {"type": "TEXT_MESSAGE_END", "messageId": "m"},
        {"type": "RUN_ERROR", "message": "no luck", "code": "E1"},
    ]


def test_a_run_that_the_deadline_ends_is_cancelled():
    assert read(endless(), ag(), context=Context(300))[-1] == {
        "type": "RUN_FINISHED",
        "threadId": "t",
        "runId": "r",
        "outcome": {"type": "cancelled"},
    }


# --- lines of JSON


def lines(pieces):
    return [json.loads(line) for line in b"".join(pieces).splitlines()]


def test_each_item_is_a_line_of_json_and_nothing_else_is():
    body = ndjson([{"a": "ä\n"}, "text", b"bytes", 7])

    assert body.headers["Content-Type"] == "application/x-ndjson"
    assert b"".join(body).decode() == '{"a":"ä\\n"}\n"text"\n"bytes"\n7\n'


def test_a_failure_and_a_deadline_are_last_lines():
    pieces, error = until_error(ndjson(failing()))

    assert isinstance(error, LookupError)
    assert lines(pieces)[-1] == {"error": {"message": "The stream ended with an error."}}
    assert lines(ndjson(endless(), context=Context(300)))[-1] == {"end": {"reason": "deadline"}}


def test_the_last_lines_can_be_left_out():
    def encoder():
        return ndjson_encoder(error_key=None, end_key=None)

    pieces, _ = until_error(sse(failing(), encoder=encoder()))

    assert lines(pieces) == ["Hel"]
    assert {*lines(sse(endless(), encoder=encoder(), context=Context(300)))} == {"x"}


@pytest.mark.parametrize(("blank_lines", "heartbeat"), [(False, b""), (True, b"\n")])
def test_a_heartbeat_is_an_empty_line_for_those_who_want_it(blank_lines, heartbeat):
    assert ndjson_encoder(blank_lines=blank_lines).heartbeat() == heartbeat


# --- all of them


@pytest.mark.parametrize("make", [openai, ui, ag])
def test_a_heartbeat_ends_no_block_since_some_readers_take_that_for_an_event(make):
    assert make().heartbeat() == b":\n"


@pytest.mark.parametrize("make", [openai, ui, ag, ndjson_encoder])
def test_an_encoder_has_one_stream(make):
    encoder = make()
    list(sse(["a"], encoder=encoder))

    with pytest.raises(RuntimeError, match="make one for each"):
        list(sse(["a"], encoder=encoder))


@pytest.mark.parametrize("setting", [{"retry_ms": 1}, {"error_event": None}, {"end_event": "over"}])
def test_settings_of_events_are_refused_beside_an_encoder(setting):
    with pytest.raises(ValueError, match="the encoder has its own ways"):
        sse([], encoder=ui(), **setting)


def test_anything_with_the_methods_is_an_encoder():
    class Shouting:
        headers = {"Content-Type": "text/plain"}

        def start(self):
            return b"<"

        def item(self, item):
            return item.upper().encode()

        def heartbeat(self):
            return b"."

        def error(self, data):
            return b"!"

        def end(self, reason):
            return b">" + reason.encode()

    body = sse(["a", "b"], encoder=Shouting())

    assert b"".join(body) == b"<AB>done"
    assert body.headers == {"Content-Type": "text/plain"}
