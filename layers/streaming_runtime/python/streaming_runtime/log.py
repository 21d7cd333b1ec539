"""How do log lines leave the process? As the stock client writes them, byte for byte.

The platform either reads the output line by line, or hands over a file for records in frames. What
the function logs itself comes through `root_logger.py` into the same sink.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from importlib import import_module

from streaming_runtime.context import request_id
from streaming_runtime.imports import after_import

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, Any

# Python's numbers and names of the levels, by the names that AWS and Python have for them.
LEVELS = {
    "DEBUG": (10, "DEBUG"),
    "INFO": (20, "INFO"),
    "WARN": (30, "WARNING"),
    "WARNING": (30, "WARNING"),
    "ERROR": (40, "ERROR"),
    "FATAL": (50, "CRITICAL"),
    "CRITICAL": (50, "CRITICAL"),
}
ERROR = 40
ROOT_LOGGER = "streaming_runtime.root_logger"
LOGGER = "streaming_runtime"
# A frame's type says the level, and whether the message is JSON.
JSON_FRAME = 0xA55A0002
TEXT_FRAME = 0xA55A0003


def one_record(text: str) -> str:
    """Returns text in which no line end begins a record of its own."""
    return text.replace("\r\n", "\r").replace("\n", "\r")


def frame_type(level_number: int, *, as_json: bool) -> bytes:
    """Returns the four bytes that begin a frame. Level 0 stands for none."""
    first = TEXT_FRAME
    if as_json:
        first = JSON_FRAME
    step = 0
    if level_number:
        step = 4 + level_number // 10 * 4
    return (first + step).to_bytes(4, "big")


NO_LEVEL = frame_type(0, as_json=False)
# A write raises these when the function closed standard output, or put None in its place.
OUTPUT_IS_GONE = (AttributeError, OSError, ValueError)


class StandardLogSink:
    """Writes to whatever is standard output when it is written to."""

    def log(self, msg: str, frame_type: bytes | None = None) -> None:  # noqa: ARG002
        sys.stdout.write(msg)

    def log_error(
        self,
        message_lines: list[str],
        frame_type: bytes | None = None,  # noqa: ARG002
    ) -> None:
        """Writes all lines as one record: in the platform's log "\\r" ends a line only.

        So does a line end in an error's message, which may quote a client. The stock client lets
        it begin a record.
        """
        sys.stdout.write(one_record("\r".join(message_lines)) + "\n")


class FramedTelemetryLogSink:
    """Writes each record as a frame, to the file descriptor that the platform hands over.

    A frame is: its type (4 bytes), the message's length in bytes (4), epoch microseconds (8), the
    message. Numbers are big-endian. `clock` gives epoch seconds. Raises OSError or ValueError for
    a descriptor that is none.
    """

    def __init__(self, fd: str, clock: Callable[[], float]) -> None:
        self.fd = int(fd)
        self.file: IO[bytes] = os.fdopen(self.fd, "wb", 0)
        self._clock = clock

    def log(self, msg: str, frame_type: bytes | None = None) -> None:
        message = msg.encode("utf-8", "backslashreplace")
        head = (frame_type or NO_LEVEL) + len(message).to_bytes(4, "big")
        written_us = int(self._clock() * 1_000_000)
        unsent = memoryview(head + written_us.to_bytes(8, "big") + message)
        while unsent:
            unsent = unsent[self.file.write(unsent) :]

    def log_error(self, message_lines: list[str], frame_type: bytes | None = None) -> None:
        self.log("\n".join(message_lines), frame_type)


if TYPE_CHECKING:
    Sink = StandardLogSink | FramedTelemetryLogSink


def sink_of(fd: str | None, clock: Callable[[], float]) -> Sink:
    """Returns a sink that writes frames to `fd`, or to standard output if there is no such file."""
    if fd is not None:
        try:
            return FramedTelemetryLogSink(fd, clock)
        except (OSError, ValueError):
            pass
    return StandardLogSink()


class Log:
    """Writes the runtime's own records and the function's unhandled errors.

    `clock` gives epoch seconds. `as_json`: one JSON object a record instead of text. Records below
    `level` are left out, errors never. `ascii_only`: errors in JSON escape all other characters.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        as_json: bool = False,
        ascii_only: bool = True,
        level: str = "",
        sink: Sink | None = None,
    ) -> None:
        self.sink = sink or StandardLogSink()
        self.as_json = as_json
        self.level = level
        self._clock = clock
        self._ascii_only = ascii_only

    def write(self, level: str, message: object, *, logger: str = LOGGER) -> None:
        """Writes a record of one of AWS's or Python's levels, in the form that a logger's has.

        `message` is text, or a dict for a logger's message that is one.
        """
        number, name = LEVELS[level]
        least, _ = LEVELS.get(self.level, (0, ""))
        if number < least:
            return
        now = self._clock()
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
        if self.as_json:
            fields = {
                "timestamp": f"{seconds}Z",
                "level": name,
                "message": message,
                "logger": logger,
                "requestId": request_id() or "",
            }
            line = json.dumps(fields, ensure_ascii=False)
        else:
            stamp = f"{seconds}.{int(now % 1 * 1000):03d}Z"
            line = one_record(f"[{name}]\t{stamp}\t{request_id() or ''}\t{message}")
        kind = NO_LEVEL
        if self.as_json or self.level:
            kind = frame_type(number, as_json=self.as_json)
        try:
            self.sink.log(line + "\n", kind)
        except OUTPUT_IS_GONE:
            _last_resort(line)

    def error(self, error: BaseException) -> None:
        """Writes the type of `error`, its message and the user's frames."""
        from streaming_runtime.reports import error_lines, report  # only failures pay for it

        fields = report(error, request_id())
        if self.as_json:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._clock()))
            fields = {"timestamp": stamp, "level": "ERROR", **fields}
            lines = [json.dumps(fields, ensure_ascii=self._ascii_only)]
        else:
            lines = error_lines(fields)
        try:
            self.sink.log_error(lines, frame_type(ERROR, as_json=self.as_json))
        except OUTPUT_IS_GONE:
            _last_resort(one_record("\r".join(lines)))

    def stand_on_root_logger(self) -> None:
        """Puts a handler on the root logger as soon as the function imports `logging`."""
        after_import("logging", lambda _: import_module(ROOT_LOGGER).install(self))

    def warn_of_failed_start(self) -> None:
        """Logs what the managed runtime says before the error of a start that failed."""
        logging = import_module("logging")
        said = import_module(ROOT_LOGGER).UNHANDLED
        try:
            logging.warning(said)
        except Exception:  # the function has put a handler there that cannot
            self.write("WARNING", said)


def _last_resort(line: str) -> None:
    """Writes to the file descriptor that standard error had when the process began."""
    try:
        os.write(2, line.encode("utf-8", "backslashreplace") + b"\n")
    except OSError:
        pass


def unbuffered(stream: Any) -> Any:
    """Returns `stream`, which is used up, as a file that keeps nothing back.

    What a process has printed when it is killed is not lost, line end or not. Characters that the
    encoding does not have are escaped. None, for a closed descriptor, remains None.
    """
    if stream is None:
        return None
    mode = stream.mode
    options = {"encoding": stream.encoding, "line_buffering": stream.line_buffering}
    raw = stream.detach()
    if hasattr(raw, "raw"):  # PYTHONUNBUFFERED leaves this layer out
        raw = raw.detach()
    output: Any = io.TextIOWrapper(
        raw, errors="backslashreplace", newline="\n", write_through=True, **options
    )
    output.mode = mode
    return output
