"""The loop: next, handler, response, for ever; once for each invocation that may run at a time."""

from __future__ import annotations

import os
import sys
import time
from _thread import get_ident
from importlib import import_module

from streaming_runtime.adaptations import adapt_when_imported
from streaming_runtime.errors import HookFault, RuntimeFault, Shutdown
from streaming_runtime.init_memory import CollectorHeld
from streaming_runtime.invocation import Process, serve
from streaming_runtime.log import Log, sink_of
from streaming_runtime.runtime_api import Forked, Invocation, PlatformGone, Response, RuntimeApi
from streaming_runtime.settings import SHARED, Settings
from streaming_runtime.version import __version__

TYPE_CHECKING = False
if not TYPE_CHECKING:
    import _signal as signal  # the other one makes enumerations of its numbers first
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterable, Mapping, MutableMapping
    from types import FrameType, ModuleType
    from typing import Any

    from streaming_runtime.invocation import Handler

LOG_FILE = "_LAMBDA_TELEMETRY_LOG_FD"
REFUSALS_BEFORE_EXIT = 10  # with the doubling pauses between them some twenty seconds
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
DRAIN_S = 0.5  # Lambda grants about 0.6 s between SIGTERM and SIGKILL
# How a failed start ends, as with the stock client: (the phase it is reported to, exit status).
FAILED_START = {
    "Runtime.BeforeSnapshotError": ("init", 64),
    "Runtime.AfterRestoreError": ("restore", 65),
}
# SystemExit: sys.exit() on import must not look like a clean end.
FAULTS: dict[type[BaseException], str] = {
    ImportError: "ImportModuleError",
    SystemExit: "ExitError",
}


def run(environ: Mapping[str, str]) -> int:
    """Lives the life of one execution environment: the composition root.

    Environment, clock and signals enter here. Returns the exit status of the process.
    """
    settings = Settings.from_environ(environ)
    log_fd = os.environ.pop(LOG_FILE, None)
    if settings.forks:
        log_fd = None  # one file cannot take the frames of several processes
    log = Log(
        time.time,
        as_json=settings.log_as_json,
        ascii_only=settings.ascii_only,
        level=settings.log_level,
        sink=sink_of(log_fd, time.time),
    )
    stop: list[object] = []
    trace_environ: MutableMapping[str, str] | None = os.environ
    if settings.concurrency > 1 and not settings.forks:
        trace_environ = None
    process = Process(
        settings,
        log,
        clock=time.time,
        monotonic=time.monotonic,
        stop=stop,
        environ=trace_environ,
    )
    sigterm = Sigterm(stop)
    signal.signal(signal.SIGTERM, sigterm)
    if settings.log_start:
        python = ".".join(map(str, sys.version_info[:3]))
        versions = f"lambda-streaming {__version__}, Python {python}, {settings.handler}"
        log.write("INFO", f"runtime.start: {versions}")
    try:
        if settings.forks:
            return _run_workers(process, sigterm)
        return _run_here(process)
    except PlatformGone as gone:
        log.write("ERROR", f"runtime.exit: {gone}")
        return 1
    except Shutdown:
        return 0


class Sigterm:
    """Handles SIGTERM: unwinds what runs in this process, by a Shutdown, and fills `stop`."""

    def __init__(self, stop: list[object]) -> None:
        self._stop = stop

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if not self._stop:  # once is enough
            self.note(number, frame)
            asynchronous = sys.modules.get("streaming_runtime.asynchronous")
            if asynchronous is None or not asynchronous.postpone(Shutdown()):
                raise Shutdown

    def note(self, number: int, _frame: FrameType | None) -> None:
        """Handles the signal without an exception."""
        self._stop.append(number)

    def adopt(self) -> None:
        """Makes a process that the runtime has forked the runtime's own."""
        Forked.happened = False


_MASKS: dict[int, Any] = {}  # the signal masks from before a fork, by threads


def _before_fork() -> None:
    """Holds SIGTERM back. Python forgets one that comes before the new process runs."""
    _MASKS[get_ident()] = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])


def _after_fork() -> None:
    mask = _MASKS.pop(get_ident(), None)
    if mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _after_fork_in_child() -> None:
    """Makes a process that the function's code forked an ordinary one.

    Nobody there would catch a Shutdown. (`Forked` keeps it from the Runtime API.)
    """
    Forked.happened = True
    handler = signal.getsignal(signal.SIGTERM)
    if isinstance(getattr(handler, "__self__", handler), Sigterm):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _after_fork()


os.register_at_fork(
    before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child
)


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
        except Forked:
            said = "a process that the handler forked came back from it. End it where its work ends"
            self._process.log.write("WARN", f"runtime.fork_returned: {said}")
            raise
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
                self._pause(pause_s(refusals))
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


def pause_s(failures: int) -> float:
    """Returns the pause after so many failures in a row, in seconds; none after no failure."""
    if not failures:
        return 0.0
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(16, failures - 1))


def resolve(name: str | None) -> Handler:
    """Returns what `name` (`package/module.function`) names. The messages are the stock client's.

    Raises RuntimeFault, or what the module raises.
    """
    module_name, dot, function_name = (name or "").rpartition(".")
    if not dot:
        message = f"Bad handler '{name or ''}': not enough values to unpack (expected 2, got 1)"
        raise RuntimeFault("Runtime.MalformedHandlerName", message)
    if not module_name:
        message = f"Bad handler '{name}': expected 'module.function'"
        raise RuntimeFault("Runtime.MalformedHandlerName", message)
    if module_name.partition(".")[0] in sys.builtin_module_names:
        message = f"Cannot use built-in module {module_name} as a handler module"
        raise RuntimeFault("Runtime.BuiltInModuleConflict", message)
    module = _imported(module_name)
    try:
        handler: Handler = getattr(module, function_name)
    except AttributeError:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise RuntimeFault("Runtime.HandlerNotFound", message) from None
    return handler


def _imported(module_name: str) -> ModuleType:
    try:
        return import_module(module_name.replace("/", "."))
    except SyntaxError as error:
        message = f"Syntax error in module '{module_name}': {error}"
        place = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        raise RuntimeFault("Runtime.UserCodeSyntaxError", message, [place]) from error
    except tuple(FAULTS) as error:
        fault = next(fault for kind, fault in FAULTS.items() if isinstance(error, kind))
        message = f"Unable to import module '{module_name}': {error}"
        raise RuntimeFault(f"Runtime.{fault}", message) from error


def tell_tools(error: Exception) -> None:
    """Tells those tools of a failed start that have replaced names of the stock client."""
    stock_names: Any = sys.modules.get("streaming_runtime.stock_names")
    if stock_names is not None:
        stock_names.init_failed(error)


def _run_here(process: Process) -> int:
    """Serves in this process: in its main thread, where handlers may use signals, or in threads."""
    settings = process.settings
    api = _api(settings)
    try:
        with CollectorHeld():
            handler = _started(process, api)
            _start(handler, process)
    except Exception as error:
        return _report_failed_start(process, api, error)
    if settings.concurrency == 1:
        return Worker(process, handler, api).run()
    apis = [_api(settings, hears_signals=False) for _ in range(settings.concurrency)]
    return _run_many([Worker(process, handler, each) for each in apis], process.stop)


def _api(settings: Settings, *, hears_signals: bool = True) -> RuntimeApi:
    return RuntimeApi(settings.address, ascii_only=settings.ascii_only, hears_signals=hears_signals)


def _run_workers(process: Process, sigterm: Sigterm) -> int:
    """Serves in forked processes. Returns in each of them, and in their parent."""
    from streaming_runtime import workers

    settings = process.settings
    handler: Handler | None = None
    if settings.concurrency_mode == SHARED:
        api = _api(settings)
        try:
            handler = _started_to_be_shared(process, api)
        except Exception as error:
            return _report_failed_start(process, api, error)
    if settings.log_level == "DEBUG":  # the stock client's first record, for Lambda to read
        event = {
            "event": "runtime_worker_pool_initializing",
            "workerCount": settings.concurrency,
            "executionEnvironmentMaxConcurrency": settings.concurrency,
        }
        process.log.write("DEBUG", event, logger="root")
    parent = workers.Parent(process, sigterm=sigterm, drain_s=DRAIN_S, pause_s=pause_s)
    seat = parent.run()
    if isinstance(seat, int):
        return seat

    worker_api = workers.WorkerApi(settings, seat)
    worker_api.report_lost()
    try:
        with CollectorHeld():
            if handler is None:
                handler = _started(process, worker_api)
            else:
                reseed()
            _start(handler, process)
    except Exception as error:
        if parent.has_started():  # then the platform hears of no failed init any more
            process.log.error(error)
            tell_tools(error)
            return 1
        if not seat.is_first_failure():
            return 1
        return _report_failed_start(process, worker_api, error)
    status = Worker(process, handler, worker_api).run()
    if status:
        seat.state = workers.GAVE_UP
    return status


def _started_to_be_shared(process: Process, api: RuntimeApi) -> Handler:
    from streaming_runtime import sharing

    before = sharing.open_files()
    with CollectorHeld(freeze=False):  # the parent freezes all that it has before it forks
        handler = _started(process, api)
    sharing.prepare(before, process.log)
    return handler


def _started(process: Process, api: RuntimeApi) -> Handler:
    """Imports the function, and waits for the restore of a snapshot where there is one."""
    process.log.stand_on_root_logger()
    adapt_when_imported(process.log)
    try:
        handler = resolve(process.settings.handler)
    except Exception:
        process.log.warn_of_failed_start()
        raise
    if process.settings.snap_start:
        _wait_for_restore(api)
    return handler


def _start(handler: Handler, process: Process) -> None:
    """Has a handler that is an object made ready for this process, if it has `lambda_start`.

    That is after a fork and after the restore of a snapshot, so what it opens belongs to this
    process alone. `concurrent`: it will be called by several threads at once.
    """
    lambda_start = getattr(handler, "lambda_start", None)
    if lambda_start is None:
        return
    concurrent = process.environ is None
    if process.settings.snap_start:
        _call([(lambda_start, (), {"concurrent": concurrent})], "Runtime.AfterRestoreError")
    else:
        lambda_start(concurrent=concurrent)


def _report_failed_start(process: Process, api: RuntimeApi, error: Exception) -> int:
    """Tells log and platform. Returns the exit status."""
    process.log.error(error)
    tell_tools(error)
    phase, status = FAILED_START.get(getattr(error, "error_type", ""), ("init", 1))
    api.error(phase, error)
    return status


def _run_many(workers: list[Worker], stop: list[object]) -> int:
    import threading

    ended = threading.Event()
    for worker in workers:
        threading.Thread(target=_run_in_thread, args=(worker, ended.set), daemon=True).start()
    try:
        while not ended.wait(0.2):  # a signal just before a wait is only seen after it
            pass
        return 1  # no worker ends unless the environment must
    finally:
        stop.append("all")
        until = time.monotonic() + DRAIN_S
        while any(worker.busy for worker in workers) and time.monotonic() < until:
            time.sleep(0.01)


def _run_in_thread(worker: Worker, ended: Callable[[], object]) -> None:
    try:
        worker.run(ended)
    except BaseException as error:
        if not Forked.happened:
            raise
        # This thread is all that a forked process has, and a thread cannot set its exit status.
        status: Any = getattr(error, "code", 1)
        if not isinstance(error, SystemExit):
            sys.excepthook(type(error), error, error.__traceback__)
        os._exit(status if isinstance(status, int) else 1)


def _wait_for_restore(api: RuntimeApi) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html"""
    registry: Any = sys.modules.get("snapshot_restore_py")  # missing: nothing is registered
    if registry:
        _call(reversed(registry.get_before_snapshot()), "Runtime.BeforeSnapshotError")
    api.restore_next()
    reseed()
    if registry:
        _call(registry.get_after_restore(), "Runtime.AfterRestoreError")


def reseed() -> None:
    """Gives this process random numbers of its own.

    All copies of a snapshot, and all processes forked after an import, would draw the same ones.
    """
    for name in ("random", "numpy.random"):
        seed = getattr(sys.modules.get(name), "seed", None)  # a function may have such a module
        if seed is not None:
            seed()


def _call(hooks: Iterable[Any], error_type: str) -> None:
    for function, args, kwargs in hooks:
        try:
            function(*args, **kwargs)
        except Shutdown:
            raise
        except BaseException as error:  # sys.exit(), too
            raise HookFault(error_type, f"{type(error).__name__}: {error}") from error
