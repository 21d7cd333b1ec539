"""What happens where nothing can stream? The same function responds whole, and the log says why.

There are three cases. With the stock client (or another that is not ours) a result must be JSON,
so that the body is collected here. On the streaming runtime, a setting, `sam local` or the front
may want whole responses; then the runtime collects them, and only the log line is made here. In a
test without any runtime nothing is buffered: the body stays an iterator.
"""

from __future__ import annotations

import json
import os
import sys

from streaming_runtime.body import as_text
from streaming_runtime.context import request_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from lambda_streaming.http_request import HttpRequest

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html says 6 MB; this is the
# number in Lambda's own error.
RESPONSE_BYTES = 6_291_556
MARGIN_MS = 1_000  # for closing the body and sending the response
RUNTIME_FILE = os.path.join("streaming_runtime", "__main__.py")

STOCK = (
    "streaming.buffered: this process does not run the streaming runtime, so each response "
    "is sent whole when its body has ended, 6 MB at most. To stream, add the runtime's layer and "
    "set AWS_LAMBDA_EXEC_WRAPPER to /opt/bootstrap"
)
SAM_LOCAL = (
    "streaming.buffered: sam local cannot stream, so each response is sent whole, with as "
    "much as comes within STREAMING_RUNTIME_LOCAL_WAIT_S. The command local-lambda streams"
)
SETTING = (
    "streaming.buffered: STREAMING_RUNTIME_RESPONSE_MODE is buffered, so each response is "
    "sent whole when its body has ended. To stream, leave it out"
)
FRONT = (
    "streaming.buffered: %s takes whole responses only, so each is sent when its body has "
    "ended. To stream, use a Function URL with InvokeMode RESPONSE_STREAM, or a REST API whose "
    "integration has responseTransferMode STREAM"
)


class ResponseTooLarge(ValueError):
    """A response that cannot stream is larger than Lambda takes. The message has both sizes."""


class TimeLeft:
    """Whether a body may go on, as the runtime has it: until 1 s before the deadline.

    Or until the last tenth of the time that there is, if that is shorter. `context` is the
    handler's; without one, or with one that tells no deadline, there is time for ever.
    """

    def __init__(self, context: Any) -> None:
        self._left_ms = getattr(context, "get_remaining_time_in_millis", None)
        self._margin_ms = 0.0
        if self._left_ms is not None:
            self._margin_ms = min(MARGIN_MS, self._left_ms() / 10)

    def is_over(self) -> bool:
        return self._left_ms is not None and self._left_ms() <= self._margin_ms


class _Said:
    lines: set[str] = set()  # all that this process has said once


def is_stock(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a Lambda function, or a local one, without the streaming runtime."""
    return "AWS_LAMBDA_RUNTIME_API" in environ and not _is_streaming_runtime()


def _is_streaming_runtime() -> bool:
    """Whether this process is one, or serves an invocation of one: also in a thread of its own."""
    started = getattr(sys.modules.get("__main__"), "__file__", None) or ""
    return started.endswith(RUNTIME_FILE) or request_id() is not None


def why_buffered(request: HttpRequest | None, environ: Mapping[str, str] = os.environ) -> str:
    """Returns a sentence that says why responses are whole; "" where they stream.

    `request`: the one to respond to, if it is known.
    """
    if is_stock(environ):
        return STOCK
    if environ.get("AWS_SAM_LOCAL") == "true":
        return SAM_LOCAL
    if environ.get("STREAMING_RUNTIME_RESPONSE_MODE") == "buffered":
        return SETTING
    if request is not None and request.buffering_front:
        return FRONT % request.buffering_front
    return ""


def for_this_runtime(
    fields: dict[str, Any], request: HttpRequest, context: Any = None
) -> dict[str, Any]:
    """Returns a proxy result that the client of this process can send.

    `context` is the handler's: it tells the deadline. Raises ResponseTooLarge, and all that the
    body raises.
    """
    reason = why_buffered(request)
    if reason:
        say_once(reason)
    if is_stock():
        return whole(fields, context)
    return fields


def whole(fields: dict[str, Any], context: Any = None) -> dict[str, Any]:
    """Returns a proxy result with its body collected, as text if it is UTF-8, else as base64.

    Raises ResponseTooLarge, and all that the body raises.
    """
    body = fields["body"]
    if body is None or isinstance(body, str):
        return fields
    content = collected(body, context)
    found = {**fields, **as_text(content)}
    if len(content) > RESPONSE_BYTES // 8:  # a byte is 6 of JSON at the most
        _check(len(json.dumps(found)))
    return found


def text(pieces: Iterable[bytes | str], context: Any = None) -> str:
    """Returns the whole of a body of text, for a result that the stock client makes JSON of.

    Bytes are read as UTF-8. The log says why it is whole. Raises ResponseTooLarge.
    """
    say_once(STOCK)
    return collected(pieces, context).decode("utf-8", "replace")


def collected(pieces: Iterable[bytes | str], context: Any = None) -> bytes:
    """Returns the bytes of `pieces`, closes them, and stops shortly before the deadline.

    What is left out then is said in the log: a stream without an end would else be no response at
    all. `context` is the handler's. Raises ResponseTooLarge, and all that the body raises.
    """
    if isinstance(pieces, (bytes, bytearray, memoryview, str)):
        pieces = [pieces if isinstance(pieces, str) else bytes(pieces)]
    time_left = TimeLeft(context)
    content = bytearray()
    try:
        for piece in pieces:
            content += piece.encode() if isinstance(piece, str) else piece
            _check(len(content))
            if time_left.is_over():
                _warn(
                    "streaming.body_cut: the body had not ended when the deadline was near; "
                    f"{len(content)} bytes of it are sent"
                )
                break
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
    return bytes(content)


def say_once(line: str) -> None:
    """Writes a warning to the log, unless this process has written it before."""
    if line not in _Said.lines:
        _Said.lines.add(line)
        _warn(line)


def forget_what_was_said() -> None:
    """For tests of this package: the next `say_once` says its line again."""
    _Said.lines.clear()


def _warn(line: str) -> None:
    from logging import getLogger

    getLogger("lambda_streaming").warning("%s", line)


def _check(size_bytes: int) -> None:
    """Raises ResponseTooLarge."""
    if size_bytes > RESPONSE_BYTES:
        message = (
            f"the response has {size_bytes} bytes or more, and Lambda takes {RESPONSE_BYTES} "
            "(6 MB) of one that does not stream. With the streaming runtime there is no such limit"
        )
        raise ResponseTooLarge(message)
