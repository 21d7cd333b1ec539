"""Times the invocations of one environment, and reports each when it is over."""

import json
import time
from dataclasses import dataclass

from local_lambda.application import Function
from local_lambda.environments.invocation import (
    TIMED_OUT,
    UNKNOWN_ERROR,
    Buffered,
    Failed,
    Invocation,
    Streamed,
)
from local_lambda.environments.memory import peak_memory_mb
from local_lambda.environments.records import Record, Records
from local_lambda.environments.reports import InitFailure, PlatformLine, lines_of
from local_lambda.environments.variables import version_of
from local_lambda.logs import Log


@dataclass(frozen=True)
class _Run:
    invocation: Invocation
    started_at_s: float  # in seconds of the epoch
    started_s: float  # on the monotonic clock
    init_ms: float | None
    restore_ms: float | None = None


class Meter:
    """Knows what the environment runs.

    `request_id` is the invocation that the next lines of its output belong to: the one that runs,
    or else the last one. Environments that run several at once have none.
    """

    def __init__(self, function: Function, log: Log, records: Records, attempt: int) -> None:
        self._function = function
        self._log = log
        self._records = records
        self._attempt = attempt
        self._lines = lines_of(function.logging, version_of(function))
        self._open: dict[str, _Run] = {}
        self._pid: int | None = None
        self.started_at_s = time.time()
        self._started_s = time.monotonic()
        self._init_ms: float | None = None
        self._restore_started_s: float | None = None
        self._restore_ms: float | None = None
        self._has_run = False
        self._max_memory_mb: int | None = None
        self.request_id = ""

    @property
    def label(self) -> str:
        return f"{self._function.logical_id}[{self._pid or '-'}]"

    def launching(self) -> None:
        """Marks the beginning of the init phase."""
        self.started_at_s = time.time()
        self._started_s = time.monotonic()

    def launched(self, pid: int) -> None:
        self._pid = pid

    def initialised(self) -> None:
        """Marks the end of the init phase, or of the restore. Only the first calls count."""
        if self._init_ms is None:
            self._init_ms = self._elapsed_ms(self._started_s)
            self._measure_memory()
        elif self._restore_started_s is not None and self._restore_ms is None:
            self._restore_ms = self._elapsed_ms(self._restore_started_s)
            self._write(self._lines.restored(self._restore_ms), "")

    def snapshot_taken(self) -> None:
        """Marks the end of an init phase that a snapshot follows; its length is logged at once."""
        self.initialised()
        self._write(self._lines.initialised(self._init_ms or 0.0), "")

    def restoring(self) -> None:
        """Marks the beginning of the restore, which ends with the first call of `/next`."""
        self._restore_started_s = time.monotonic()

    def init_failed(self, error_type: str, is_timeout: bool = False) -> None:
        self._measure_memory()
        failure = InitFailure(
            init_ms=self._elapsed_ms(self._started_s),
            phase="init" if self._attempt == 1 else "invoke",
            status="timeout" if is_timeout else "error",
            error_type=error_type,
        )
        self._write(self._lines.init_failed(failure), "")

    def begin(self, invocation: Invocation) -> None:
        """Marks the beginning of an invocation. A second init is a part of it, as on Lambda."""
        if not self._is_concurrent:
            self.request_id = invocation.request_id
        is_first = not self._has_run
        self._has_run = True
        if is_first and self._attempt > 1 and self._restore_ms is None:
            run = _Run(invocation, self.started_at_s, self._started_s, None)
        else:
            init_ms = self._billed_init_ms() if is_first else None
            restore_ms = self._restore_ms if is_first else None
            run = _Run(invocation, time.time(), time.monotonic(), init_ms, restore_ms)
        self._open[invocation.request_id] = run
        self._write(
            self._lines.start(invocation.request_id, invocation.trace_id), invocation.request_id
        )

    def end_all(self, error_type: str = "") -> None:
        """Marks the end of all invocations. `error_type` counts where a reply tells of no error."""
        for run in tuple(self._open.values()):
            self.end(run.invocation, error_type)

    def end(self, invocation: Invocation, error_type: str = "", is_timeout: bool = False) -> None:
        """Marks the end of an invocation, and reports it. Only the first call counts."""
        run = self._open.pop(invocation.request_id, None)
        if run is None:
            return
        self._measure_memory()
        self._report(run, error_type, is_timeout)

    def never_begun(self, invocation: Invocation) -> None:
        """Reports an invocation whose environment could not be initialised."""
        run = _Run(invocation, self.started_at_s, self._started_s, None)
        start = self._lines.start(invocation.request_id, invocation.trace_id)
        self._write(start, invocation.request_id)
        self._report(run, "", is_timeout=False)

    def _report(self, run: _Run, error_type: str, is_timeout: bool) -> None:
        invocation = run.invocation
        reply_error, response_bytes = _outcome(invocation)
        error_type = reply_error or error_type
        is_timeout = is_timeout or error_type == TIMED_OUT  # a second init may have timed out
        status = "error" if error_type else "success"
        record = Record(
            function=self._function.logical_id,
            request_id=invocation.request_id,
            pid=self._pid,
            started_at_s=run.started_at_s,
            duration_ms=self._duration_ms(run, is_timeout),
            memory_mb=self._function.memory_mb,
            max_memory_mb=self._max_memory_mb,
            init_ms=run.init_ms,
            restore_ms=run.restore_ms,
            status="timeout" if is_timeout else status,
            error_type=TIMED_OUT if is_timeout else error_type,
            request_bytes=len(invocation.payload),
            response_bytes=response_bytes,
            trace_id=invocation.trace_id,
        )
        self._write(self._lines.end(record, time.time()), invocation.request_id)
        self._records.add(record)
        invocation.reported.set()

    @property
    def _is_concurrent(self) -> bool:
        return (self._function.max_concurrency or 1) > 1

    def _billed_init_ms(self) -> float | None:
        """Returns the length of the init phase.

        Restored environments and managed instances have none that is billed.
        """
        return None if self._is_concurrent or self._function.snap_start else self._init_ms

    def _duration_ms(self, run: _Run, is_timeout: bool) -> float:
        """Returns a duration to a hundredth. Lambda reports a timeout as long as it was set."""
        if is_timeout:
            return self._function.timeout_s * 1000
        return round(self._elapsed_ms(run.started_s), 2)

    def _measure_memory(self) -> None:
        measured = peak_memory_mb(self._pid) if self._pid else None
        if measured is not None:
            self._max_memory_mb = max(measured, self._max_memory_mb or 0)

    def _elapsed_ms(self, since_s: float) -> float:
        return (time.monotonic() - since_s) * 1000

    def _write(self, lines: list[PlatformLine], request_id: str) -> None:
        for line in lines:
            self._log.write(self.label, line.text, request_id, level=line.level)


def _outcome(invocation: Invocation) -> tuple[str, int]:
    """Returns the error type of an invocation's reply, and how many bytes it had."""
    reply = invocation.reply.result() if invocation.reply.done() else None
    match reply:
        case Buffered(body):
            return "", len(body)
        case Failed(error_type, body):
            return _named(error_type, body), len(body)
        case Streamed():
            return (reply.end.error_type or "") if reply.end else "", reply.size_bytes
    return "", 0


def _named(error_type: str, body: bytes) -> str:
    """Returns the type of an error; the stock client names it in the body only."""
    if error_type != UNKNOWN_ERROR:
        return error_type
    try:
        named = json.loads(body).get("errorType")
    except (ValueError, AttributeError):
        named = None
    return str(named or "Unhandled")
