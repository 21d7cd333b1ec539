"""Writes the log: the emulator's own lines and those of the functions, by one writer.

Each line is `HH:MM:SS.mmm REQUEST-ID SOURCE TEXT`. The source is `LogicalId[pid]` of a process, or
`local_lambda LEVEL`. The request id is that of the invocation which the process runs or ran last;
`-` stands for none.
"""

import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

NO_REQUEST = "-"
REQUEST_ID = "request_id"  # the key in `extra` of a log record that is about an invocation
_FORMAT = "local_lambda %(levelname)s %(message)s"
_NOISY = ("asyncio", "boto3", "botocore", "urllib3")
_RESET = "\033[0m"
_DIM = "\033[2m"
_WARNING = "\033[33m"
_ERROR = "\033[31m"
# Cyan, magenta, green, blue, and their bright ones: yellow and red mean warnings and errors.
_OF_SOURCES = tuple(f"\033[{code}m" for code in (36, 35, 32, 34, 96, 95, 92, 94))


class LogFileError(Exception):
    """The log file cannot be written. The message is a sentence."""


@dataclass(frozen=True)
class Line:
    """One line of the log. `source` is `LogicalId[pid]`, or the emulator's name and a level.

    A line below the chosen level is not printed, and subscribers get it all the same.
    """

    at_s: float
    source: str
    text: str
    request_id: str = ""
    level: int = logging.INFO

    @property
    def plain(self) -> str:
        moment = time.localtime(self.at_s)
        milliseconds = int(self.at_s * 1000) % 1000
        clock = f"{time.strftime('%H:%M:%S', moment)}.{milliseconds:03d}"
        return f"{clock} {self.request_id or NO_REQUEST} {self.source} {self.text}"


def wants_colour(stream: TextIO, variables: Mapping[str, str]) -> bool:
    """Says whether lines to the stream are coloured: https://no-color.org, https://force-color.org.

    `NO_COLOR` wins over `FORCE_COLOR`; both count when they are not empty.
    """
    if variables.get("NO_COLOR"):
        return False
    if variables.get("FORCE_COLOR"):
        return True
    return stream.isatty() and variables.get("TERM") != "dumb"


@dataclass
class Log:
    """Writes lines to `stream`, and to `file` without colour. Safe to use from any thread.

    `level` is the lowest level that is written; the lines that functions write have the level INFO
    and are always written, as `is_output` says.
    """

    stream: TextIO = field(default_factory=lambda: sys.stderr)
    is_coloured: bool = False
    file: TextIO | None = None
    level: int = logging.INFO
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._colours: dict[str, str] = {}
        self._subscribers: list[Callable[[Line], None]] = []

    def write(
        self,
        source: str,
        text: str,
        request_id: str = "",
        level: int = logging.INFO,
        is_output: bool = False,
    ) -> None:
        """Writes one line. A closed stream or a full disk does not end the emulator."""
        line = Line(self.clock(), source, text, request_id, level)
        with self._lock:
            for tell in tuple(self._subscribers):
                tell(line)
            if not is_output and level < self.level:
                return
            with contextlib.suppress(ValueError, OSError):
                self.stream.write(f"{self._painted(line) if self.is_coloured else line.plain}\n")
                self.stream.flush()
            if self.file:
                self._append(line)

    def subscribe(self, tell: Callable[[Line], None]) -> Callable[[], None]:
        """Lets `tell` get every line. Returns a call that ends that."""
        self._subscribers.append(tell)
        return lambda: self._subscribers.remove(tell)

    def close(self) -> None:
        if self.file:
            with contextlib.suppress(ValueError, OSError):
                self.file.close()

    def _append(self, line: Line) -> None:
        try:
            assert self.file is not None
            self.file.write(f"{line.plain}\n")
            self.file.flush()
        except (ValueError, OSError) as error:
            self.file = None
            reason = error.strerror if isinstance(error, OSError) else error
            text = f"the log file takes no more lines: {reason}"
            self.write("local_lambda ERROR", text, level=logging.ERROR)

    def _painted(self, line: Line) -> str:
        moment, _, rest = line.plain.partition(" ")
        request_id, _, rest = rest.partition(" ")
        said = rest.removeprefix(line.source)
        colour = self._colour(line)
        return f"{_DIM}{moment} {request_id}{_RESET} {colour}{line.source}{_RESET}{said}"

    def _colour(self, line: Line) -> str:
        if line.level >= logging.ERROR:
            return _ERROR
        if line.level >= logging.WARNING:
            return _WARNING
        name = line.source.partition("[")[0].partition(" ")[0]
        free = _OF_SOURCES[len(self._colours) % len(_OF_SOURCES)]
        return self._colours.setdefault(name, free)


class LogHandler(logging.Handler):
    """Hands the emulator's own log records to the log."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log
        self.setFormatter(logging.Formatter(_FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            source = f"local_lambda {record.levelname}"
            text = self.format(record).removeprefix(f"{source} ")
            request_id = getattr(record, REQUEST_ID, "")
            self._log.write(source, text, request_id, level=record.levelno)
        except Exception:
            self.handleError(record)


def open_log(path: Path | None, level: int, stream: TextIO | None = None) -> Log:
    """Makes the log of this process, and installs it for the emulator's own lines.

    Raises LogFileError if `path` cannot be written.
    """
    stream = stream or sys.stderr
    file = None
    if path is not None:
        try:
            file = path.open("a", encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            message = f"--log-file: {path} cannot be written: {error.strerror}"
            raise LogFileError(message) from error
    log = Log(stream, wants_colour(stream, os.environ), file, level=level)
    logging.basicConfig(level=level, handlers=[LogHandler(log)])
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return log
