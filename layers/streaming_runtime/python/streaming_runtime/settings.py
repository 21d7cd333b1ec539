"""What does the environment say to the runtime? Read once, by `run` (docs/settings.md)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

DEFAULT_LOCAL_WAIT_S = 3.0
DEFAULT_WRITE_TIMEOUT_S = 20.0
LONGEST_S = 86_400.0
# The values of AWS_EXECUTION_ENV whose stock client escapes nothing in JSON that need not be.
WRITE_EVERY_CHARACTER = {f"AWS_Lambda_python3.{minor}" for minor in range(12, 16)}
PROCESSES = "processes"  # forked before the function is imported
SHARED = "shared"  # forked after it
THREADS = "threads"
CONCURRENCY_MODES = (PROCESSES, SHARED, THREADS)


class Settings:
    """The settings of one execution environment. Times are in seconds."""

    address: str  # the Runtime API's `host:port`
    handler: str | None  # `package/module.function`
    concurrency: int  # invocations at the same time
    concurrency_mode: str  # how several of them are kept apart: one of CONCURRENCY_MODES
    forks: bool  # several at a time, in processes of their own
    log_socket: str | None  # to which each of several processes connects its output
    snap_start: bool
    buffered: bool  # HTTP responses are proxy JSON, for fronts that cannot stream
    wait_s: float | None  # how long an endless body is collected for one response; None: to its end
    write_timeout_s: float | None  # how long a reader may take over 64 KB of a stream; None: ever
    log_start: bool
    log_as_json: bool
    log_level: str  # one of AWS's or Python's; empty for none, which is Python's WARNING
    ascii_only: bool  # JSON escapes all other characters, as Python 3.11's managed runtime does
    # Read by `LambdaContext`, as text.
    function_name: str | None
    function_version: str | None
    log_group_name: str | None
    log_stream_name: str | None
    memory_limit_in_mb: str | None

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Raises KeyError without AWS_LAMBDA_RUNTIME_API, and ValueError for a value without sense.

        The message names the variable.
        """
        local = environ.get("AWS_SAM_LOCAL") == "true"
        wait_s = None
        if local:
            wait_s = _seconds(environ, "STREAMING_RUNTIME_LOCAL_WAIT_S", DEFAULT_LOCAL_WAIT_S)
        concurrency = _concurrency(environ)
        concurrency_mode = _concurrency_mode(environ)
        write_timeout_s = _seconds(
            environ, "STREAMING_RUNTIME_WRITE_TIMEOUT_S", DEFAULT_WRITE_TIMEOUT_S
        )
        return cls(
            address=environ["AWS_LAMBDA_RUNTIME_API"],
            handler=environ.get("_HANDLER"),
            concurrency=concurrency,
            concurrency_mode=concurrency_mode,
            forks=concurrency > 1 and concurrency_mode != THREADS,
            log_socket=environ.get("_LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET"),
            snap_start=environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start",
            buffered=local or environ.get("STREAMING_RUNTIME_RESPONSE_MODE") == "buffered",
            wait_s=wait_s,
            write_timeout_s=write_timeout_s or None,
            log_start=environ.get("STREAMING_RUNTIME_LOG_START") == "true",
            log_as_json=environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON",
            log_level=_log_level(environ.get("AWS_LAMBDA_LOG_LEVEL", "")),
            ascii_only=environ.get("AWS_EXECUTION_ENV") not in WRITE_EVERY_CHARACTER,
            function_name=environ.get("AWS_LAMBDA_FUNCTION_NAME"),
            function_version=environ.get("AWS_LAMBDA_FUNCTION_VERSION"),
            log_group_name=environ.get("AWS_LAMBDA_LOG_GROUP_NAME"),
            log_stream_name=environ.get("AWS_LAMBDA_LOG_STREAM_NAME"),
            memory_limit_in_mb=environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        )


def _log_level(name: str) -> str:
    """Returns Python's name of a level, as the stock client reads it."""
    if name == "TRACE":
        name = "DEBUG"
    return name.upper()


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    """Reads a number of seconds, 0 to a day; an empty text is the default. Raises ValueError."""
    text = environ.get(name, "").strip()
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= LONGEST_S:
        raise ValueError(f"{name} cannot be {text!r}: it is a number of seconds, 0 to 86400")
    return seconds


def _concurrency(environ: Mapping[str, str]) -> int:
    text = environ.get("AWS_LAMBDA_MAX_CONCURRENCY", "").strip() or "1"
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        message = f"AWS_LAMBDA_MAX_CONCURRENCY cannot be {text!r}: it is a number, 1 or more"
        raise ValueError(message)
    return int(text)


def _concurrency_mode(environ: Mapping[str, str]) -> str:
    mode = environ.get("STREAMING_RUNTIME_CONCURRENCY", "").strip() or PROCESSES
    if mode not in CONCURRENCY_MODES:
        known = ", ".join(CONCURRENCY_MODES)
        raise ValueError(f"STREAMING_RUNTIME_CONCURRENCY cannot be {mode!r}: it is one of {known}")
    return mode
