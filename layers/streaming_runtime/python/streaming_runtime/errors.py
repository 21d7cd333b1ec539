"""How are errors and log records written in Lambda's forms?

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import os
import sys
import time

from streaming_runtime.context import REQUEST_ID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
LONGEST_TYPE = 100


class RuntimeFault(Exception):
    """An error that the runtime itself finds. `error_type` is `Runtime.` and a reason."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


class Shutdown(BaseException):
    """SIGTERM: unwinds whatever runs, so that `finally` blocks of handlers and iterators run."""


def report(error: BaseException) -> dict[str, Any]:
    """Returns Lambda's error object: errorMessage, errorType, requestId and stackTrace.

    `stackTrace` is a list of text and holds the user's frames only.
    """
    import traceback  # only failures pay for it

    cause: BaseException = error
    if isinstance(error, RuntimeFault) and error.__cause__:
        cause = error.__cause__
    frames = [
        frame
        for frame in traceback.extract_tb(cause.__traceback__)
        if not frame.filename.startswith(PACKAGE)
    ]
    try:
        message = str(error)
    except Exception as unprintable:
        message = f"<no message: __str__ raised {type(unprintable).__name__}>"
    return {
        "errorMessage": message,
        "errorType": type_name(error),
        "requestId": REQUEST_ID.get(),
        "stackTrace": traceback.format_list(frames),
    }


def type_name(error: BaseException) -> str:
    """Returns the class name, or a RuntimeFault's type, as short printable ASCII for a header."""
    name = type(error).__name__
    if isinstance(error, RuntimeFault):
        name = error.error_type
    return _printable(name)[:LONGEST_TYPE]


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


def fitted(fields: dict[str, Any], limit_bytes: int) -> bytes:
    """Returns a report as JSON within `limit_bytes`, which is 1 KB or more.

    Outer frames are left out first, then the end of the message.
    """
    while len(text := json.dumps(fields)) > limit_bytes:
        frames = fields["stackTrace"]
        message = fields["errorMessage"]
        if frames:
            frames = frames[(len(frames) + 1) // 2 :]
        else:
            kept = max(0, len(message) * limit_bytes // len(text) - 32)
            message = message[:kept] + " [cut]"
        fields = {**fields, "stackTrace": frames, "errorMessage": message}
    return text.encode()


class Log:
    """Writes records to standard error as the managed runtime does, with the request id.

    `clock` gives epoch seconds. `as_json`: one JSON object a record instead of text.
    """

    def __init__(self, clock: Callable[[], float], *, as_json: bool) -> None:
        self._clock = clock
        self._as_json = as_json

    def write(self, level: str, message: str, stack_trace: str = "") -> None:
        now = self._clock()
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
        stamp = f"{seconds}.{int(now % 1 * 1000):03d}Z"
        request_id = REQUEST_ID.get() or ""
        if self._as_json:
            fields = {
                "timestamp": stamp,
                "level": level,
                "requestId": request_id,
                "message": message,
            }
            if stack_trace:
                fields["stackTrace"] = stack_trace
            line = json.dumps(fields)
        else:
            first = f"[{level}]\t{stamp}\t{request_id}\t{message}"
            line = "\r".join([first, *stack_trace.splitlines()])  # one record
        sys.stderr.write(line + "\n")

    def error(self, error: BaseException) -> None:
        """Writes the type of `error` and its whole traceback."""
        import traceback  # only failures pay for it

        text = "".join(traceback.format_exception(error))
        self.write("ERROR", type(error).__name__, text)

    def take_unhandled_records(self) -> None:
        """Writes log records that no handler consumes in the managed runtime's format."""
        logging: Any = sys.modules.get("logging")
        if logging is None:  # the function does not use it
            return
        formatter = logging.Formatter("%(message)s")

        def emit(record: Any) -> None:
            self.write(record.levelname, formatter.format(record))

        logging.lastResort = logging.Handler()
        logging.lastResort.emit = emit
