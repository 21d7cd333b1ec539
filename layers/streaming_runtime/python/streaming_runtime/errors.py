"""Errors and log lines as Lambda wants them told: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html"""

import json
import os
import sys
import time

from streaming_runtime.context import REQUEST_ID

PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


class RuntimeFault(Exception):
    """An error that the runtime itself finds. `error_type` is `Runtime.` and a reason."""

    def __init__(self, error_type, message):
        super().__init__(message)
        self.error_type = error_type


class Shutdown(BaseException):
    """SIGTERM: unwinds whatever runs, so that the `finally` blocks of handlers and iterators run."""


def report(error):
    """Lambda's error object: errorMessage, errorType, requestId, stackTrace (list of str, the user's frames only)."""
    import traceback  # only failures pay for it

    cause = error.__cause__ if isinstance(error, RuntimeFault) and error.__cause__ else error
    frames = [frame for frame in traceback.extract_tb(cause.__traceback__) if not frame.filename.startswith(PACKAGE)]
    try:
        message = str(error)
    except Exception as unprintable:
        message = f"<no message: __str__ raised {type(unprintable).__name__}>"
    fields = {"errorMessage": message, "errorType": type_name(error), "requestId": REQUEST_ID.get()}
    return {**fields, "stackTrace": traceback.format_list(frames)}


def type_name(error):
    """The class name, or what a RuntimeFault says; short printable ASCII, since it goes into a header."""
    name = error.error_type if isinstance(error, RuntimeFault) else type(error).__name__
    return "".join(c if " " < c < "\x7f" else "?" for c in name)[:100]


def header_type(error):
    """The type in the form that the platform keeps; without `Runtime.` or `Function.` it would become unknown."""
    name = type_name(error)
    return name if name.startswith("Runtime.") else f"Function.{name[:1].upper()}{name[1:]}"


def fitted(fields, limit_bytes):
    """A report as JSON within `limit_bytes`, 1 KB or more: outer frames go first, then the end of the message."""
    while len(text := json.dumps(fields)) > limit_bytes:
        frames, message = fields["stackTrace"], fields["errorMessage"]
        if not frames:
            message = message[: max(0, len(message) * limit_bytes // len(text) - 32)] + " [cut]"
        fields = {**fields, "stackTrace": frames[(len(frames) + 1) // 2 :], "errorMessage": message}
    return text.encode()


def log(level, message, stack_trace=""):
    """Write one record, text or JSON as the managed runtime does, with the request id."""
    now, request_id = time.time(), REQUEST_ID.get() or ""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}Z"
    line = "\r".join([f"[{level}]\t{stamp}\t{request_id}\t{message}", *stack_trace.splitlines()]) + "\n"  # one record
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON":
        fields = {"timestamp": stamp, "level": level, "requestId": request_id, "message": message}
        line = json.dumps({**fields, "stackTrace": stack_trace} if stack_trace else fields) + "\n"
    sys.stderr.write(line)


def log_error(error):
    import traceback  # only failures pay for it

    log("ERROR", type(error).__name__, "".join(traceback.format_exception(error)))


def serve_logging():
    """Records of `logging` that no handler of the function takes are written as the managed runtime writes them."""
    logging = sys.modules.get("logging")
    if logging:
        logging.lastResort, formatter = logging.Handler(), logging.Formatter("%(message)s")
        logging.lastResort.emit = lambda record: log(record.levelname, formatter.format(record))
