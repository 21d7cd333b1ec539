"""The loop: next, handler, answer, for ever; once for each invocation that may run at the same time."""

import signal
import sys
import time
from collections import namedtuple
from importlib import import_module

from streaming_runtime.errors import RuntimeFault, Shutdown, log, log_error, serve_logging, type_name
from streaming_runtime.invocation import serve
from streaming_runtime.runtime_api import Invocation, PlatformGone, RuntimeApi
from streaming_runtime.version import __version__

REFUSALS_BEFORE_EXIT = 10  # with the doubling pauses between them some twenty seconds
DRAIN_S = 0.5  # Lambda grants about 0.6 s between SIGTERM and SIGKILL
# Where a failed start is reported, and the exit status; both as the stock client does it.
FAILED_START = {"Runtime.BeforeSnapshotError": ("init", 64), "Runtime.AfterRestoreError": ("restore", 65)}
# SystemExit: sys.exit() on import must not look like a clean end.
FAULTS = {ImportError: "ImportModuleError", SyntaxError: "UserCodeSyntaxError", SystemExit: "ExitError"}
Settings = namedtuple("Settings", "address handler concurrency snap_start buffered wait_s log_start")


def settings_of(environ):
    """All that the environment says to the runtime."""
    local = environ.get("AWS_SAM_LOCAL") == "true"
    return Settings(
        address=environ["AWS_LAMBDA_RUNTIME_API"],
        handler=environ.get("_HANDLER"),
        concurrency=int(environ.get("AWS_LAMBDA_MAX_CONCURRENCY") or 1),
        snap_start=environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start",
        buffered=local or environ.get("STREAMING_RUNTIME_RESPONSE_MODE") == "buffered",
        wait_s=float(environ.get("STREAMING_RUNTIME_LOCAL_WAIT_S") or 3) if local else None,
        log_start=environ.get("STREAMING_RUNTIME_LOG_START") == "true",
    )


class Worker:
    """One next-handler-answer loop with connections of its own. `stop` has something in it when it must end."""

    def __init__(self, settings, handler, api, stop=(), pause=time.sleep):
        self._settings, self._handler, self._api, self._stop, self._pause = settings, handler, api, stop, pause
        self.busy = False

    def run(self, ended=lambda: None):
        """Serve until this process must end, then call `ended`. Returns the exit status."""
        try:
            self._serve()
            return 1
        except Shutdown:
            return 0
        finally:
            self.busy = False
            ended()

    def _serve(self):
        refusals, status = 0, 0
        while refusals < REFUSALS_BEFORE_EXIT and status != 500:
            if self._stop:  # SIGTERM came, and a handler or an iterator swallowed the Shutdown
                raise Shutdown
            if refusals:
                self._pause(min(5, 0.05 * 2**refusals))
            try:
                answer = self._api.next()
            except PlatformGone as gone:
                answer = gone
            if isinstance(answer, Invocation):
                refusals, self.busy = 0, True
                answer = serve(self._api, self._handler, answer, self._settings, self._stop)
                self.busy = False
            else:
                refusals += 1
            status = getattr(answer, "status", 0)
            if status >= 400:  # late, refused or too large: that invocation is over, this process is not
                log("WARN", f"runtime.refused: {status} {answer.body[:300].decode('utf-8', 'replace')}")
        log("ERROR", f"runtime.exit: {answer}")


def run(environ):
    """The life of one execution environment. Returns the exit status of the process."""
    settings, stop = settings_of(environ), []
    api = RuntimeApi(settings.address)

    def on_sigterm(number, _frame):
        signal.signal(number, signal.SIG_IGN)  # once is enough
        stop.append(number)
        raise Shutdown

    signal.signal(signal.SIGTERM, on_sigterm)
    if settings.log_start:
        python = ".".join(map(str, sys.version_info[:3]))
        log("INFO", f"runtime.start: lambda-streaming {__version__}, Python {python}, {settings.handler}")
    try:
        try:
            handler = resolve(settings.handler)
            serve_logging()
            if settings.snap_start:
                _wait_for_restore(api)
        except Exception as error:
            log_error(error)
            phase, status = FAILED_START.get(type_name(error), ("init", 1))
            api.error(phase, error)
            return status
        if settings.concurrency == 1:  # in the main thread, where handlers may use signals
            return Worker(settings, handler, api, stop).run()
        apis = [RuntimeApi(settings.address) for _ in range(settings.concurrency)]
        return _run_many([Worker(settings, handler, each, stop) for each in apis], stop)
    except PlatformGone as gone:
        log("ERROR", f"runtime.exit: {gone}")
        return 1
    except Shutdown:
        return 0


def resolve(name):
    """The callable that `name` (`package/module.function`) names. Raises RuntimeFault, or what the module raises."""
    module_name, _, function_name = (name or "").rpartition(".")
    if not module_name or not function_name:
        raise RuntimeFault("Runtime.MalformedHandlerName", f"Bad handler {name!r}: expected 'module.function'")
    try:
        module = import_module(module_name.replace("/", "."))
    except tuple(FAULTS) as error:
        fault = next(fault for kind, fault in FAULTS.items() if isinstance(error, kind))
        raise RuntimeFault(f"Runtime.{fault}", f"Unable to import module {module_name!r}: {error}") from error
    if not callable(handler := getattr(module, function_name, None)):
        raise RuntimeFault("Runtime.HandlerNotFound", f"Handler {function_name!r} missing on module {module_name!r}")
    return handler


def _run_many(workers, stop):
    import threading

    ended = threading.Event()
    for worker in workers:
        threading.Thread(target=worker.run, args=(ended.set,), daemon=True).start()
    try:
        while not ended.wait(0.2):  # a signal that comes just before a wait is only seen after it
            pass
        return 1  # no worker ends unless the environment must
    finally:
        stop.append("all")
        until = time.monotonic() + DRAIN_S
        while any(worker.busy for worker in workers) and time.monotonic() < until:
            time.sleep(0.01)


def _wait_for_restore(api):
    """SnapStart: https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html"""
    registry = sys.modules.get("snapshot_restore_py")  # not imported by the function: nothing is registered
    _call(reversed(registry.get_before_snapshot()) if registry else (), "Runtime.BeforeSnapshotError")
    api.restore_next()
    if "random" in sys.modules:  # every restored environment would draw the same numbers
        sys.modules["random"].seed()
    _call(registry.get_after_restore() if registry else (), "Runtime.AfterRestoreError")


def _call(hooks, error_type):
    for function, args, kwargs in hooks:
        try:
            function(*args, **kwargs)
        except Exception as error:
            raise RuntimeFault(error_type, f"{type(error).__name__}: {error}") from error
