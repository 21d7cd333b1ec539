"""Which bytes do front ends want that speak a protocol of their own? For `sse(..., encoder=...)`.

Text items become the protocol's deltas. Objects (dicts, models, data classes) are parts of the
protocol as they are. Each encoder is made for one stream.
"""

from __future__ import annotations

import os
import time

from event_stream import encode

from lambda_streaming.server_sent_events.events import (
    DEADLINE,
    HEADERS,
    HEARTBEAT,
    Event,
    EventEncoder,
    text_of,
)
from lambda_streaming.server_sent_events.json_text import as_object, json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol
else:
    Protocol = object  # `typing` would be most of what the import of this module costs

__all__ = ["Encoder", "EventEncoder", "ag_ui", "ndjson", "openai_chunks", "ui_messages"]


class Encoder(Protocol):
    """Turns items into bytes. Any object with these methods will do; there is no base class.

    Each method returns bytes, which are sent as one piece; `b""` sends nothing. A TypeError or
    ValueError of `item` is treated as an exception of the source.
    """

    headers: Mapping[str, str]  # those that the response needs

    def start(self) -> bytes:
        """Called once, before all else. Its bytes go out with the first item or heartbeat."""
        ...

    def item(self, item: Any) -> bytes:
        """Called for each item, but not for None and `b""`."""
        ...

    def heartbeat(self) -> bytes:
        """Called after a silence: bytes that no client takes for an item."""
        ...

    def error(self, data: Any) -> bytes:
        """Called instead of `end` when the source has failed. `data` is what `error_data` gave."""
        ...

    def end(self, reason: str) -> bytes:
        """Called when the source has ended, with `done`, or its time is over, with `deadline`."""
        ...


def openai_chunks(
    model: str, *, id: str | None = None, created_s: int | None = None
) -> OpenAiChunks:
    """Returns an encoder for clients of OpenAI's chat completions with `stream: true`.

    Text is a delta of the content. Objects with `choices` are chunks; fields that are missing are
    filled in. `model`, `id` and `created_s` (epoch seconds) stand in each chunk.
    https://platform.openai.com/docs/api-reference/chat-streaming
    """
    return OpenAiChunks(
        {
            "id": id or f"chatcmpl-{_chance()}",
            "object": "chat.completion.chunk",
            "created": int(time.time()) if created_s is None else created_s,
            "model": model,
        }
    )


def ui_messages(*, message_id: str | None = None) -> UiMessages:
    """Returns an encoder for the UI message stream of the Vercel AI SDK (`useChat`).

    Text is a delta of a text part. Objects with a `type` are parts as they are: tools, reasoning,
    sources, data.
    https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol
    """
    return UiMessages(message_id)


def ag_ui(*, thread_id: str, run_id: str, message_id: str | None = None) -> AgUi:
    """Returns an encoder for AG-UI's events (`HttpAgent`, CopilotKit).

    Text is the content of an assistant's message. Objects with a `type` are events as they are.
    `thread_id` and `run_id` are those of the request.
    https://docs.ag-ui.com/concepts/events
    """
    return AgUi(thread_id, run_id, message_id)


def ndjson(
    *, blank_lines: bool = False, error_key: str | None = "error", end_key: str | None = "end"
) -> NdJson:
    """Returns an encoder for lines of JSON (`application/x-ndjson`).

    `blank_lines`: a heartbeat is an empty line, which parsers may ignore, and some refuse. Without
    it there is none. An error is a last line `{"error": ...}`, and a deadline a last line
    `{"end": {"reason": "deadline"}}`; `error_key` and `end_key` name them, and None leaves them
    out. A source that has ended adds no line.
    https://github.com/ndjson/ndjson-spec
    """
    return NdJson(blank_lines, error_key, end_key)


class _OneStream:
    """The part that encoders share: one stream each, and heartbeats that clients skip."""

    headers: Mapping[str, str] = HEADERS

    def __init__(self) -> None:
        self._has_started = False

    def start(self) -> bytes:
        if self._has_started:
            message = "this encoder had a stream already: make one for each, in the handler"
            raise RuntimeError(message)
        self._has_started = True
        return b""

    def heartbeat(self) -> bytes:
        return HEARTBEAT


class OpenAiChunks(_OneStream):
    """See `openai_chunks`."""

    def __init__(self, fields: dict[str, Any]) -> None:
        super().__init__()
        self._fields = fields
        self._has_role = False
        self._wrote_text = False
        self._usage = b""
        self._is_finished = False

    def item(self, item: Any) -> bytes:
        if isinstance(item, str):
            self._wrote_text = self._wrote_text or bool(item)
            return self._with_role() + self._chunk({"content": item}) if item else b""
        chunk = _object_of(item, leave_out_unset=True)
        choices = chunk.get("choices")
        if not isinstance(choices, (list, tuple)):
            raise TypeError("a chunk needs `choices`, a list; text is sent as text")
        sent = _json_event({**self._fields, **chunk})
        if not choices and self._wrote_text and not self._is_finished:
            self._usage += sent  # it comes after the finish
            return b""
        self._has_role = True  # those who write chunks write the role, too
        for choice in choices:
            if choice.get("finish_reason"):
                self._is_finished = True
        return sent

    def error(self, data: Any) -> bytes:
        fields = {"type": "server_error", **_error_fields(data)}
        return _json_event({"error": fields})

    def end(self, reason: str) -> bytes:
        finish_reason = "stop"
        if reason == DEADLINE:
            finish_reason = "length"
        last = b""
        if not self._is_finished:
            last = self._with_role() + self._chunk({}, finish_reason)
        return last + self._usage + encode("[DONE]")

    def _with_role(self) -> bytes:
        if self._has_role:
            return b""
        self._has_role = True
        return self._chunk({"role": "assistant", "content": ""})

    def _chunk(self, delta: dict[str, str], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return _json_event({**self._fields, "choices": [choice]})


class UiMessages(_OneStream):
    """See `ui_messages`."""

    headers: Mapping[str, str] = {**HEADERS, "X-Vercel-AI-UI-Message-Stream": "v1"}

    # These may come while a text is written. All others end it, so that parts keep their order.
    _BESIDE_TEXT = ("data-", "source-", "file", "message-metadata")

    def __init__(self, message_id: str | None) -> None:
        super().__init__()
        self._message_id = message_id or f"msg_{_chance()}"
        self._has_begun = False
        self._is_finished = False
        self._text_id: str | None = None
        self._texts = 0

    def item(self, item: Any) -> bytes:
        if isinstance(item, str):
            return self._text(item) if item else b""
        part = _typed(item)
        kind = part["type"]
        before = b""
        if kind != "start":
            before = self._begun()
        self._has_begun = True
        if not kind.startswith(self._BESIDE_TEXT):
            before += self._text_ended()
        if kind in ("finish", "abort"):
            self._is_finished = True
        return before + _json_event(part)

    def error(self, data: Any) -> bytes:
        part = {"type": "error", "errorText": _error_fields(data)["message"]}
        return self._begun() + self._text_ended() + _json_event(part) + encode("[DONE]")

    def end(self, reason: str) -> bytes:
        finish_reason = "stop"
        if reason == DEADLINE:
            finish_reason = "length"
        last = self._begun() + self._text_ended()
        if not self._is_finished:
            last += _json_event({"type": "finish", "finishReason": finish_reason})
        return last + encode("[DONE]")

    def _begun(self) -> bytes:
        if self._has_begun:
            return b""
        self._has_begun = True
        return _json_event({"type": "start", "messageId": self._message_id})

    def _text(self, text: str) -> bytes:
        before = self._begun()
        if self._text_id is None:
            self._texts += 1
            self._text_id = f"text-{self._texts}"
            before += _json_event({"type": "text-start", "id": self._text_id})
        return before + _json_event({"type": "text-delta", "id": self._text_id, "delta": text})

    def _text_ended(self) -> bytes:
        if self._text_id is None:
            return b""
        part = {"type": "text-end", "id": self._text_id}
        self._text_id = None
        return _json_event(part)


class AgUi(_OneStream):
    """See `ag_ui`."""

    # These may come while a message is written. All others end it.
    _BESIDE_TEXT = ("CUSTOM", "RAW", "STATE_", "ACTIVITY_")
    _LAST = ("RUN_FINISHED", "RUN_ERROR")

    def __init__(self, thread_id: str, run_id: str, message_id: str | None) -> None:
        super().__init__()
        self._ids = {"threadId": thread_id, "runId": run_id}
        self._first_message_id = message_id
        self._has_begun = False
        self._is_finished = False
        self._message_id: str | None = None

    def item(self, item: Any) -> bytes:
        if isinstance(item, str):
            return self._text(item) if item else b""
        event = {name: value for name, value in _typed(item).items() if value is not None}
        kind: str = event["type"]
        before = b""
        if kind not in ("RUN_STARTED", "RUN_ERROR"):
            before = self._begun()
        self._has_begun = True
        if not kind.startswith(self._BESIDE_TEXT):
            before += self._message_ended()
        self._is_finished = kind in self._LAST
        return before + _json_event(event)

    def error(self, data: Any) -> bytes:
        if self._is_finished:
            return b""
        fields = _error_fields(data)
        event = {"type": "RUN_ERROR", "message": fields["message"]}
        if isinstance(fields.get("code"), str):
            event["code"] = fields["code"]
        return self._begun() + self._message_ended() + _json_event(event)

    def end(self, reason: str) -> bytes:
        if self._is_finished:
            return b""
        event: dict[str, Any] = {"type": "RUN_FINISHED", **self._ids}
        if reason == DEADLINE:
            event["outcome"] = {"type": "cancelled"}
        return self._begun() + self._message_ended() + _json_event(event)

    def _begun(self) -> bytes:
        if self._has_begun:
            return b""
        self._has_begun = True
        return _json_event({"type": "RUN_STARTED", **self._ids})

    def _text(self, text: str) -> bytes:
        before = self._begun()
        if self._message_id is None:
            self._message_id = self._first_message_id or f"msg_{_chance()}"
            self._first_message_id = None
            start = {"type": "TEXT_MESSAGE_START", "messageId": self._message_id}
            before += _json_event({**start, "role": "assistant"})
        content = {"type": "TEXT_MESSAGE_CONTENT", "messageId": self._message_id, "delta": text}
        return before + _json_event(content)

    def _message_ended(self) -> bytes:
        if self._message_id is None:
            return b""
        event = {"type": "TEXT_MESSAGE_END", "messageId": self._message_id}
        self._message_id = None
        return _json_event(event)


class NdJson(_OneStream):
    """See `ndjson`."""

    headers: Mapping[str, str] = {**HEADERS, "Content-Type": "application/x-ndjson"}

    def __init__(self, blank_lines: bool, error_key: str | None, end_key: str | None) -> None:
        super().__init__()
        self._heartbeat = b"\n" if blank_lines else b""
        self._error_key = error_key
        self._end_key = end_key

    def item(self, item: Any) -> bytes:
        if isinstance(item, Event):
            raise TypeError("an Event is for Server-Sent Events, and this stream has lines of JSON")
        if isinstance(item, (bytes, bytearray, memoryview)):
            item = text_of(item)
        return _line(item)

    def heartbeat(self) -> bytes:
        return self._heartbeat

    def error(self, data: Any) -> bytes:
        if self._error_key is None:
            return b""
        return _line({self._error_key: data})

    def end(self, reason: str) -> bytes:
        if self._end_key is None or reason != DEADLINE:
            return b""
        return _line({self._end_key: {"reason": reason}})


def _chance() -> str:
    """Returns an id that nobody else has."""
    return os.urandom(16).hex()


def _line(value: Any) -> bytes:
    return f"{json_text(value)}\n".encode()


def _json_event(value: Any) -> bytes:
    return encode(json_text(value))


def _object_of(item: Any, *, leave_out_unset: bool = False) -> dict[str, Any]:
    """Raises TypeError for an item that is no object."""
    fields = None
    if not isinstance(item, Event):
        fields = as_object(item, leave_out_unset=leave_out_unset)
    if fields is None:
        raise TypeError("an item is text or an object of the protocol")
    return fields


def _typed(item: Any) -> dict[str, Any]:
    """Returns an item as an object with a `type`. Raises TypeError for anything else."""
    fields = _object_of(item)
    if not isinstance(fields.get("type"), str):
        raise TypeError("an object of the protocol needs a `type`, which is text")
    return fields


def _error_fields(data: Any) -> dict[str, Any]:
    """Returns an object with a `message`, whatever `error_data` gave."""
    fields = as_object(data)
    if fields is None:
        return {"message": text_of(data)}
    if "message" not in fields:
        return {**fields, "message": json_text(fields)}
    return fields
