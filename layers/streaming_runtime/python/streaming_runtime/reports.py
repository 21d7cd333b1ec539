"""How are errors described in Lambda's form?

Only failures need this, and only they import it.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import os
import traceback

from streaming_runtime.errors import BESIDE, PACKAGE, HookFault, RuntimeFault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Frame = tuple[str, int, str, str | None]  # file, line number, function, line

LONGEST_TYPE = 100
XRAY_LIMIT_BYTES = (1 << 20) - 4_096  # Lambda takes 1 MB of headers; the stock client sends no more
DELETE = "\x7f"  # JSON lets it stand, a header does not
NO_BREAK_SPACE = "\u00a0"  # ordinary spaces at the start of a line would get lost


def error_lines(fields: dict[str, Any]) -> list[str]:
    """Returns a report as the lines of text that the stock client writes."""
    first = f"[ERROR] {fields['errorType']}"
    if fields["errorMessage"]:
        first += f": {fields['errorMessage']}"
    lines = [first, "Traceback (most recent call last):"]
    for entry in fields["stackTrace"]:
        lines += [_indented(line) for line in entry.splitlines() or [""]]
    return lines


def _indented(line: str) -> str:
    text = line.lstrip(" ")
    return NO_BREAK_SPACE * (len(line) - len(text)) + text


def report(error: BaseException, request_id: str | None = None) -> dict[str, Any]:
    """Returns Lambda's error object: errorMessage, errorType, requestId and stackTrace.

    `stackTrace` is a list of text and holds the user's frames only.
    """
    shown = _shown(error)
    if isinstance(shown, RuntimeFault):
        stack_trace = shown.stack_trace
    else:
        stack_trace = traceback.format_list(_frames(shown))
    return {
        "errorMessage": _message(shown),
        "errorType": _kind(shown),
        "requestId": request_id or "",
        "stackTrace": stack_trace,
    }


def xray_cause(error: BaseException) -> str:
    """Returns what X-Ray shows of `error`: JSON that may stand in a header.

    It is empty if it would be too long.
    https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
    """
    frames: list[Frame] = []
    kind = "LambdaValidationError"
    if not isinstance(error, RuntimeFault):
        frames = _frames(error)
        kind = _kind(error)
    stack = [{"label": name, "path": path, "line": line} for path, line, name, _ in frames]
    try:
        working_directory = os.getcwd()
    except OSError:  # somebody removed it
        working_directory = ""
    cause = {
        "working_directory": working_directory,
        "exceptions": [{"message": _message(error), "type": kind, "stack": stack}],
        "paths": [*{path: None for path, *_ in frames}],
    }
    text = json.dumps(cause).replace(DELETE, "\\u007f")
    if len(text) >= XRAY_LIMIT_BYTES:
        return ""
    return text


def _shown(error: BaseException) -> BaseException:
    """Returns the error that a report of `error` is about."""
    if isinstance(error, HookFault) and error.__cause__:
        return error.__cause__
    return error


def _frames(error: BaseException) -> list[Frame]:
    """Returns the user's frames, without the marks under parts of a line, as the stock client."""
    frames = [
        (frame.filename, frame.lineno or 0, frame.name, frame.line)
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(PACKAGE)
    ]
    return [frame for frame in frames if not frame[0].startswith(BESIDE)] or frames


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as unprintable:
        return f"<no message: __str__ raised {type(unprintable).__name__}>"


def _kind(error: BaseException) -> str:
    """Returns the class name, or a RuntimeFault's type."""
    if isinstance(error, RuntimeFault):
        return error.error_type
    return type(error).__name__


def type_name(error: BaseException) -> str:
    """Returns the class name, or a RuntimeFault's type, as short printable ASCII for a header."""
    return _printable(_kind(error))[:LONGEST_TYPE]


def _printable(name: str) -> str:
    """Replaces every character that may not stand in a header by a question mark."""
    return "".join([c if " " < c < "\x7f" else "?" for c in name])


def header_type(error: BaseException) -> str:
    """Returns the type in the form that the platform keeps.

    Without `Runtime.` or `Function.` in front it would become unknown.
    """
    name = type_name(error)
    if name.startswith("Runtime."):
        return name
    return f"Function.{name[:1].upper()}{name[1:]}"


def fitted(fields: dict[str, Any], limit_bytes: int, *, ascii_only: bool = True) -> bytes:
    """Returns a report as JSON within `limit_bytes`, which is 1 KB or more.

    Outer frames are left out first, then the end of the message. `ascii_only` escapes all other
    characters.
    """
    while len(text := _json(fields, ascii_only)) > limit_bytes:
        frames = fields["stackTrace"]
        message = fields["errorMessage"]
        if frames:
            frames = frames[(len(frames) + 1) // 2 :]
        else:
            kept = max(0, len(message) * limit_bytes // len(text) - 32)
            message = message[:kept] + " [cut]"
        kind = fields["errorType"][:LONGEST_TYPE]
        fields = {**fields, "stackTrace": frames, "errorMessage": message, "errorType": kind}
    return text


def _json(fields: dict[str, Any], ascii_only: bool) -> bytes:
    # Half of a surrogate pair is no UTF-8. Inside of JSON its escape is right.
    return json.dumps(fields, ensure_ascii=ascii_only).encode("utf-8", "backslashreplace")
