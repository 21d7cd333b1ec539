"""Words the lines that Lambda itself adds to a function's log: START, REPORT and so on.

As text they look as CloudWatch shows them; of a function with `LogFormat: JSON` they are events.
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
Page monitoring-cloudwatchlogs-log-level.html in https://docs.aws.amazon.com/lambda/latest/dg/
says which events a system level lets through.
"""

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local_lambda.application import Logging
from local_lambda.environments.records import Record
from local_lambda.environments.tracing import fields_of

_LEVELS = {"DEBUG": logging.DEBUG, "INFO": logging.INFO, "WARN": logging.WARNING}
# A handler's own exception has another type, and then REPORT says nothing of it.
_PLATFORM_ERRORS = ("Runtime.", "Function.", "Sandbox.", "Extension.")

LATEST = "$LATEST"


@dataclass(frozen=True)
class PlatformLine:
    """One line of the platform. `level` says from which `--log-level` on it is printed."""

    level: int
    text: str


@dataclass(frozen=True)
class InitFailure:
    """A failed init phase. `phase` is `init`, or `invoke` for the second attempt."""

    init_ms: float
    phase: str
    status: str  # `error` or `timeout`
    error_type: str = ""


class TextLines:
    """Words the lines of functions with `LogFormat: Text`."""

    def __init__(self, version: str = LATEST) -> None:
        self._version = version

    def start(self, request_id: str, _trace_id: str) -> list[PlatformLine]:
        return [_quiet(f"START RequestId: {request_id} Version: {self._version}")]

    def init_failed(self, failure: InitFailure) -> list[PlatformLine]:
        status = _status(failure.status, failure.error_type)
        fields = (f"Init Duration: {failure.init_ms:.2f} ms", f"Phase: {failure.phase}", *status)
        return [_shown("INIT_REPORT " + "\t".join(fields))]

    def initialised(self, init_ms: float) -> list[PlatformLine]:
        """Words the init phase before a snapshot."""
        return [_shown(f"INIT_REPORT Init Duration: {init_ms:.2f} ms")]

    def restored(self, restore_ms: float) -> list[PlatformLine]:
        return [_shown(f"RESTORE_REPORT Restore Duration: {restore_ms:.2f} ms")]

    def end(self, record: Record, at_s: float) -> list[PlatformLine]:
        request_id = record.request_id
        lines = [_quiet(f"END RequestId: {request_id}"), _shown(_report(record))]
        if record.status == "timeout":
            text = f"Task timed out after {record.duration_ms / 1000:.2f} seconds"
            lines.insert(0, _quiet(f"{_time(at_s)} {request_id} {text}"))
        trace = fields_of(record.trace_id)
        if trace.get("Sampled") == "1":
            fields = [f"XRAY TraceId: {trace.get('Root', '')}"]
            fields += [f"SegmentId: {trace.get('Parent', '')}", "Sampled: true"]
            lines.append(_shown("\t".join(fields)))
        return lines


class JsonLines:
    """Makes the events of functions with `LogFormat: JSON`, as far as its system level allows."""

    def __init__(self, system_level: str, now: Any = None, version: str = LATEST) -> None:
        self._version = version
        self._least = _LEVELS.get(system_level.upper(), logging.INFO)
        self._now = now or (lambda: datetime.now(UTC).timestamp())

    def start(self, request_id: str, trace_id: str) -> list[PlatformLine]:
        record = {"requestId": request_id, "version": self._version, **_tracing(trace_id)}
        return self._events(self._now(), logging.INFO, ("platform.start", record, logging.DEBUG))

    def init_failed(self, failure: InitFailure) -> list[PlatformLine]:
        record = {
            "initializationType": "on-demand",
            "phase": failure.phase,
            "status": failure.status,
            **_error_type(failure.error_type),
            "metrics": {"durationMs": round(failure.init_ms, 3)},
        }
        event = ("platform.initReport", record, logging.INFO)
        return self._events(self._now(), logging.WARNING, event)

    def initialised(self, init_ms: float) -> list[PlatformLine]:
        """Words the init phase before a snapshot."""
        record = {
            "initializationType": "snap-start",
            "phase": "init",
            "status": "success",
            "metrics": {"durationMs": round(init_ms, 3)},
        }
        return self._events(
            self._now(), logging.INFO, ("platform.initReport", record, logging.INFO)
        )

    def restored(self, restore_ms: float) -> list[PlatformLine]:
        record = {"status": "success", "metrics": {"durationMs": round(restore_ms, 3)}}
        return self._events(
            self._now(), logging.INFO, ("platform.restoreReport", record, logging.INFO)
        )

    def end(self, record: Record, at_s: float) -> list[PlatformLine]:
        is_success = record.status == "success"
        common = {
            "requestId": record.request_id,
            "status": record.status,
            **_error_type("" if record.status == "timeout" else record.error_type),
            **_tracing(record.trace_id),
        }
        duration = {"durationMs": round(record.duration_ms, 3)}
        done = {**common, "metrics": {**duration, "producedBytes": record.response_bytes}}
        report = {**common, "metrics": {**duration, **_metrics(record)}}
        done_level = logging.DEBUG if is_success else logging.WARNING
        report_level = logging.INFO if is_success else logging.WARNING
        return [
            *self._events(at_s, done_level, ("platform.runtimeDone", done, logging.DEBUG)),
            *self._events(at_s, report_level, ("platform.report", report, logging.INFO)),
        ]

    def _events(
        self, at_s: float, system_level: int, event: tuple[str, dict[str, Any], int]
    ) -> list[PlatformLine]:
        kind, record, level = event
        if system_level < self._least:
            return []
        fields = {"time": _time(at_s), "type": kind, "record": record}
        return [PlatformLine(level, json.dumps(fields, separators=(",", ":")))]


def lines_of(config: Logging, version: str = LATEST) -> TextLines | JsonLines:
    """Returns what words the platform's lines of a function, which runs as `version`."""
    if config.format.upper() == "JSON":
        return JsonLines(config.system_level, version=version)
    return TextLines(version)


def _report(record: Record) -> str:
    fields = [
        f"RequestId: {record.request_id}",
        f"Duration: {record.duration_ms:.2f} ms",
        f"Billed Duration: {record.billed_ms} ms",
        f"Memory Size: {record.memory_mb} MB",
    ]
    if record.max_memory_mb is not None:
        fields.append(f"Max Memory Used: {record.max_memory_mb} MB")
    if record.init_ms is not None:
        fields.append(f"Init Duration: {record.init_ms:.2f} ms")
    if record.restore_ms is not None:
        fields.append(f"Restore Duration: {record.restore_ms:.2f} ms")
        fields.append(f"Billed Restore Duration: {record.billed_restore_ms} ms")
    if record.status == "timeout" or record.error_type.startswith(_PLATFORM_ERRORS):
        fields += _status(record.status, record.error_type)
    return "REPORT " + "\t".join(fields)


def _status(status: str, error_type: str) -> tuple[str, ...]:
    if status == "error" and error_type:
        return "Status: error", f"Error Type: {error_type}"
    return (f"Status: {status}",)


def _metrics(record: Record) -> dict[str, float]:
    metrics: dict[str, float] = {
        "billedDurationMs": record.billed_ms,
        "memorySizeMB": record.memory_mb,
    }
    if record.max_memory_mb is not None:
        metrics["maxMemoryUsedMB"] = record.max_memory_mb
    if record.init_ms is not None:
        metrics["initDurationMs"] = round(record.init_ms, 3)
    if record.restore_ms is not None:
        metrics["restoreDurationMs"] = round(record.restore_ms, 3)
        metrics["billedRestoreDurationMs"] = record.billed_restore_ms or 0
    return metrics


def _error_type(error_type: str) -> dict[str, str]:
    return {"errorType": error_type} if error_type else {}


def _tracing(trace_id: str) -> dict[str, Any]:
    """Returns the trace of a sampled invocation."""
    trace = fields_of(trace_id)
    if trace.get("Sampled") != "1":
        return {}
    tracing = {"spanId": trace.get("Parent", ""), "type": "X-Amzn-Trace-Id", "value": trace_id}
    return {"tracing": tracing}


def _time(at_s: float) -> str:
    moment = datetime.fromtimestamp(at_s, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _quiet(text: str) -> PlatformLine:
    return PlatformLine(logging.DEBUG, text)


def _shown(text: str) -> PlatformLine:
    return PlatformLine(logging.INFO, text)
