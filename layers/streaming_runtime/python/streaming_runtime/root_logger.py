"""What stands on the root logger, so that the function's records look as on the managed runtime?

This is imported right after the function has imported `logging`, and never without that. The names
are those of the stock client, since people look for them.
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import json
import logging
import time
import traceback

from streaming_runtime.context import request_id, tenant_id
from streaming_runtime.log import frame_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from streaming_runtime.log import Log, Sink

TEXT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
TEXT_TIME = "%Y-%m-%dT%H:%M:%S"
JSON_TIME = "%Y-%m-%dT%H:%M:%SZ"
HIGHEST_LEVEL = 50
# The managed runtime says this before the error of a start that failed.
UNHANDLED = (
    "LAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code. "
    "However, in rare cases, a Lambda runtime update can cause unexpected function behavior. For "
    "functions using managed runtimes, runtime updates can be triggered by a function change, or "
    "can be applied automatically. To determine if the runtime has been updated, check the runtime "
    "version in the INIT_START log entry. If this error correlates with a change in the runtime "
    "version, you may be able to mitigate this error by temporarily rolling back to the previous "
    "runtime version. For more information, see "
    "https://docs.aws.amazon.com/lambda/latest/dg/runtimes-update.html\r"
)
# The attributes of a record that are not shown under their own names. All others came by `extra`,
# but for `taskName`, which the stock client shows, too.
KNOWN = {
    "args",
    "aws_request_id",
    "created",
    "exc_info",
    "exc_text",
    "filename",
    "_frame_type",
    "funcName",
    "levelname",
    "levelno",
    "lineno",
    "module",
    "msecs",
    "msg",
    "name",
    "pathname",
    "process",
    "processName",
    "relativeCreated",
    "stack_info",
    "tenant_id",
    "thread",
    "threadName",
}


def install(log: Log) -> None:
    """Puts a handler on the root logger that writes into the sink of `log`."""
    logging.Formatter.converter = time.gmtime
    root = logging.getLogger()
    handler: logging.Handler
    if log.as_json or log.level:
        handler = LambdaLoggerHandlerWithFrameType(log.sink)
    else:
        handler = LambdaLoggerHandler(log.sink)
    if log.as_json:
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(logging.Formatter(TEXT, TEXT_TIME))
    if log.level in logging.getLevelNamesMapping():
        root.setLevel(log.level)
    handler.addFilter(LambdaLoggerFilter())
    root.addHandler(handler)


class LambdaLoggerHandler(logging.Handler):
    """Writes records. What a formatter raises reaches the code that logs, as with the stock client.

    `log_sink` is what the context's `log` writes to.
    """

    def __init__(self, log_sink: Sink) -> None:
        super().__init__()
        self.log_sink = log_sink

    def emit(self, record: logging.LogRecord) -> None:
        self.log_sink.log(self.format(record))


class LambdaLoggerHandlerWithFrameType(LambdaLoggerHandler):
    """Tells the platform each record's level, too."""

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        kind = getattr(record, "_frame_type", None)
        self.log_sink.log(line, kind or frame_type(rounded(record.levelno), as_json=False))


class LambdaLoggerFilter(logging.Filter):
    """Leaves no record out; adds the ids of the invocation."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = request_id() or ""
        record.tenant_id = tenant_id()
        return True


class JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object. Like the stock client's, it rounds the level down."""

    def __init__(self) -> None:
        super().__init__(datefmt=JSON_TIME)

    def format(self, record: logging.LogRecord) -> str:
        record.levelno = rounded(record.levelno)
        record.levelname = logging.getLevelName(record.levelno)
        record._frame_type = frame_type(record.levelno, as_json=True)
        message: Any = record.msg
        if record.args or not isinstance(message, dict):
            message = record.getMessage()
        fields = {
            "timestamp": self.formatTime(record, self.datefmt),
            "level": record.levelname,
            "message": message,
            "logger": record.name,
            **_raised(record),
            "requestId": getattr(record, "aws_request_id", None),
            "location": None,
        }
        if record.exc_info:
            fields["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
        tenant = getattr(record, "tenant_id", None)
        if tenant is not None:
            fields["tenantId"] = tenant
        for name, value in vars(record).items():
            if name not in KNOWN:
                fields.setdefault(name, value)
        shown = {name: value for name, value in fields.items() if value is not None}
        return json.dumps(shown, ensure_ascii=False, default=str) + "\n"


def _raised(record: logging.LogRecord) -> dict[str, Any]:
    """Returns the fields about the exception that a record is about, None without one."""
    exc_info: Any = record.exc_info
    kind = None
    message = None
    stack_trace = None
    if exc_info:
        error_type, error, trace = exc_info
        kind = error_type.__name__
        message = str(error)
        stack_trace = traceback.format_tb(trace)
    return {"stackTrace": stack_trace, "errorType": kind, "errorMessage": message}


def rounded(level_number: int) -> int:
    """Returns the next of 0, 10, ... 50 below a level, or the level itself."""
    return min(HIGHEST_LEVEL, max(0, level_number)) // 10 * 10
