"""The loop: next, handler, response, for ever; once for each invocation that may run at a time."""

from __future__ import annotations

import os
import signal
import sys
import time
from importlib import import_module

from streaming_runtime.adaptations import adapt_when_imported
from streaming_runtime.errors import HookFault, RuntimeFault, Shutdown
from streaming_runtime.invocation import Process, serve
from streaming_runtime.log import Log, sink_of
from streaming_runtime.runtime_api import Invocation, PlatformGone, Response, RuntimeApi
from streaming_runtime.settings import Settings
from streaming_runtime.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import FrameType
    from typing import Any

    from streaming_runtime.invocation import Handler

LOG_FILE = "_LAMBDA_TELEMETRY_LOG_FD"
REFUSALS_BEFORE_EXIT = 10  # with the doubling pauses between them some twenty seconds
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5
DRAIN_S = 0.5  # Lambda grants about 0.6 s between SIGTERM and SIGKILL
# How a failed start ends, as with the stock client: (the phase it is reported to, exit status).
FAILED_START = {
    "Runtime.BeforeSnapshotError": ("init", 64),
    "Runtime.AfterRestoreError": ("restore", 65),
}
# SystemExit: sys.exit() on import must not look like a clean end.
FAULTS: dict[type[BaseException], str] = {
    ImportError: "ImportModuleError",
    SyntaxError: "UserCodeSyntaxError",
    SystemExit: "ExitError",
}


def run(environ: Mapping[str, str]) -> int:
    """Lives the life of one execution environment: the composition root.

    Environment, clock and signals enter here. Returns the exit status of the process.
    """
    settings = Settings.from_environ(environ)
    log = Log(
        time.time,
        as_json=settings.log_as_json,
        ascii_only=settings.ascii_only,
        level=settings.log_level,
        sink=sink_of(os.environ.pop(LOG_FILE, None), time.time),
    )
    api = RuntimeApi(settings.address, ascii_only=settings.ascii_only)
    stop: list[object] = []
    trace_environ = None
    if settings.concurrency == 1:
        trace_environ = os.environ
    process = Process(
        settings,
        log,
        clock=time.time,
        monotonic=time.monotonic,
        stop=stop,
        environ=trace_environ,
    )

    def on_sigterm(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)  # once is enough
        stop.append(number)
        asynchronous = sys.modules.get("streaming_runtime.asynchronous")
        if asynchronous is None or not asynchronous.is_running():
            raise Shutdown

    signal.signal(signal.SIGTERM, on_sigterm)
    if settings.log_start:
        python = ".".join(map(str, sys.version_info[:3]))
        versions = f"lambda-streaming {__version__}, Python {python}, {settings.handler}"
        log.write("INFO", f"runtime.start: {versions}")
    try:
        try:
            handler = _started(settings, log, api)
        except Exception as error:
            log.error(error)
            tell_tools(error)
            phase, status = FAILED_START.get(getattr(error, "error_type", ""), ("init", 1))
            api.error(phase, error)
            return status
        if settings.concurrency == 1:  # in the main thread, where handlers may use signals
            return Worker(process, handler, api).run()
        apis = [
            RuntimeApi(settings.address, ascii_only=settings.ascii_only)
            for _ in range(settings.concurrency)
        ]
        return _run_many([Worker(process, handler, each) for each in apis], stop)
    except PlatformGone as gone:
        log.write("ERROR", f"runtime.exit: {gone}")
        return 1
    except Shutdown:
        return 0


class Worker:
    """One loop of next, handler, response, with connections of its own."""

    def __init__(
        self,
        process: Process,
        handler: Handler,
        api: RuntimeApi,
        *,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._process = process
        self._handler = handler
        self._api = api
        self._pause = pause
        self.busy = False

    def run(self, ended: Callable[[], object] = lambda: None) -> int:
        """Serves until this process must end, then calls `ended`. Returns the exit status."""
        try:
            self._serve()
            return 1
        except Shutdown:
            return 0
        finally:
            self.busy = False
            ended()

    def _serve(self) -> None:
        refusals = 0
        verdict: Response | PlatformGone | None = None
        while refusals < REFUSALS_BEFORE_EXIT and getattr(verdict, "status", 0) != 500:
            if self._process.stop:  # SIGTERM came, and a handler or an iterator swallowed Shutdown
                raise Shutdown
            if refusals:
                self._pause(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (refusals - 1)))
            invocation = self._next()
            if isinstance(invocation, Invocation):
                refusals = 0
                self.busy = True
                verdict = serve(self._api, self._handler, invocation, self._process)
                self.busy = False
            else:
                refusals += 1
                verdict = invocation
            self._log_refusal(verdict)
        self._process.log.write("ERROR", f"runtime.exit: {verdict}")

    def _next(self) -> Invocation | Response | PlatformGone:
        try:
            return self._api.next()
        except PlatformGone as gone:
            return gone

    def _log_refusal(self, verdict: Response | PlatformGone | None) -> None:
        """Too late, refused or too large: that invocation is over, and the process goes on."""
        if isinstance(verdict, Response) and verdict.status >= 400:
            said = verdict.body[:300].decode("utf-8", "replace")
            self._process.log.write("WARN", f"runtime.refused: {verdict.status} {said}")


def resolve(name: str | None) -> Handler:
    """Returns the callable that `name` (`package/module.function`) names.

    Raises RuntimeFault, or what the module raises.
    """
    module_name, _, function_name = (name or "").rpartition(".")
    if not module_name or not function_name:
        message = f"Bad handler {name!r}: expected 'module.function'"
        raise RuntimeFault("Runtime.MalformedHandlerName", message)
    try:
        module = import_module(module_name.replace("/", "."))
    except tuple(FAULTS) as error:
        fault = next(fault for kind, fault in FAULTS.items() if isinstance(error, kind))
        message = f"Unable to import module {module_name!r}: {error}"
        raise RuntimeFault(f"Runtime.{fault}", message) from error
    handler: Any = getattr(module, function_name, None)
    if not callable(handler):
        message = f"Handler {function_name!r} missing on module {module_name!r}"
        raise RuntimeFault("Runtime.HandlerNotFound", message)
    found: Handler = handler
    return found


def tell_tools(error: Exception) -> None:
    """Tells those tools of a failed start that have replaced names of the stock client."""
    stock_names: Any = sys.modules.get("streaming_runtime.stock_names")
    if stock_names is not None:
        stock_names.init_failed(error)


def _started(settings: Settings, log: Log, api: RuntimeApi) -> Handler:
    """Imports the function, and waits for the restore of a snapshot where there is one."""
    log.stand_on_root_logger()
    adapt_when_imported(log)
    try:
        handler = resolve(settings.handler)
    except Exception:
        log.warn_of_failed_start()
        raise
    if settings.snap_start:
        _wait_for_restore(api)
    return handler


def _run_many(workers: list[Worker], stop: list[object]) -> int:
    import threading

    ended = threading.Event()
    for worker in workers:
        threading.Thread(target=worker.run, args=(ended.set,), daemon=True).start()
    try:
        while not ended.wait(0.2):  # a signal just before a wait is only seen after it
            pass
        return 1  # no worker ends unless the environment must
    finally:
        stop.append("all")
        until = time.monotonic() + DRAIN_S
        while any(worker.busy for worker in workers) and time.monotonic() < until:
            time.sleep(0.01)


def _wait_for_restore(api: RuntimeApi) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html"""
    registry: Any = sys.modules.get("snapshot_restore_py")  # missing: nothing is registered
    if registry:
        _call(reversed(registry.get_before_snapshot()), "Runtime.BeforeSnapshotError")
    api.restore_next()
    if "random" in sys.modules:  # every restored environment would draw the same numbers
        sys.modules["random"].seed()
    if registry:
        _call(registry.get_after_restore(), "Runtime.AfterRestoreError")


def _call(hooks: Iterable[Any], error_type: str) -> None:
    for function, args, kwargs in hooks:
        try:
            function(*args, **kwargs)
        except Shutdown:
            raise
        except BaseException as error:  # sys.exit(), too
            raise HookFault(error_type, f"{type(error).__name__}: {error}") from error
