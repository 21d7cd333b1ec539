"""Runs one execution environment: a process group behind its own Runtime API.

The group is frozen (SIGSTOP) while the runtime waits in `/next` and no invocation is pending. It is
thawed before an invocation is handed over and killed at the function's timeout. An environment with
`AWS_LAMBDA_MAX_CONCURRENCY` is never frozen, and its timed-out invocations run on.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

import asyncio
import contextlib
import logging
import signal
import time
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from local_lambda.environments import snapshot
from local_lambda.environments.debug import Debugger
from local_lambda.environments.invocation import Failed, Invocation, platform_error
from local_lambda.environments.launch import Launch
from local_lambda.environments.linux import Confinement
from local_lambda.environments.meter import Meter
from local_lambda.environments.processes import ProcessGroup, Reaper
from local_lambda.environments.records import Records
from local_lambda.environments.runtime_api import RuntimeApi
from local_lambda.environments.runtime_state import RuntimeState
from local_lambda.http.server import HttpServer
from local_lambda.logs import REQUEST_ID
from local_lambda.tasks import tell_of_failure

_log = logging.getLogger(__name__)
# How long to read on after an exit: the last bytes of the process are on their way to the client.
EXIT_DRAIN_S = 0.5
# Workers of a concurrent environment that have not called `/next` by then are no longer expected.
WORKER_STARTUP_S = 2.0
# How long a function that is debugged is told that it has left.
_DEBUGGED_S = 24 * 3600.0


class Environment:
    """Controls one process group and gives it invocations.

    `changed` is called when the environment can take an invocation, has replied, or has died.
    """

    def __init__(
        self,
        launch: Launch,
        reaper: Reaper,
        attempt: int,
        changed: Callable[["Environment"], None],
        records: Records | None = None,
        debugger: Debugger | None = None,
    ) -> None:
        self._launch = launch
        self._reaper = reaper
        self._changed = changed
        self.function = launch.function
        self.function_arn = launch.function.arn(launch.settings.region)
        self.concurrency = launch.function.max_concurrency or 1
        self.state = RuntimeState(self.concurrency)
        self.attempt = attempt
        self.debugger = debugger
        self.meter = Meter(self.function, reaper.log, records or Records(), attempt)
        self.failure: Failed | None = None
        self._killed = False
        self.retired = False  # its code is out of date
        self.init_over = asyncio.Event()  # set once the environment is initialised or dead
        self.dead = False
        self.over = asyncio.Event()  # set once it is dead and nothing of it runs
        self.frozen = False
        self.returning_workers = 0  # workers that have replied and not called `/next` yet
        self.invocations = 0
        self.idle_since_s = time.monotonic()
        self.created_at_s = time.time()
        self._starting_workers = self.concurrency  # workers that have never called `/next`
        self._next_calls: deque[asyncio.Future[Invocation]] = deque()
        self._active: dict[str, Invocation] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        server_name = f"runtime-api-{self.function.logical_id}"
        self._server = HttpServer(RuntimeApi(self).handle, server_name)
        self._group: ProcessGroup | None = None
        self._confinement = Confinement()
        self.snapshot = snapshot.Snapshot()

    @property
    def label(self) -> str:
        return self.meter.label

    @property
    def pid(self) -> int | None:
        return self._group.pid if self._group else None

    @property
    def condition(self) -> str:
        if self.dead:
            return "dead"
        if self.snapshot.is_waiting:
            return "snapshot"
        if self.snapshot.is_restored and not self.state.initialised:
            return "restoring"
        if not self.state.initialised:
            return "starting"
        return "busy" if self._active or self.returning_workers else "idle"

    @property
    def ready(self) -> bool:
        return bool(self._next_calls) and not (self._killed or self.dead or self.retired)

    @property
    def restorable(self) -> bool:
        """Whether it is a snapshot that no invocation has needed yet."""
        return self.snapshot.is_waiting and not (self._killed or self.dead or self.retired)

    @property
    def expected_next_calls(self) -> int:
        """Returns how many more calls of `/next` will soon arrive."""
        if self.dead or self.retired or self.snapshot.is_waiting:
            return 0
        return self.returning_workers + self._starting_workers

    @property
    def started_at_s(self) -> float:
        """Returns when its process was started, in seconds of the epoch."""
        return self.meter.started_at_s

    @property
    def active(self) -> int:
        return len(self._active)

    def describe(self) -> dict[str, Any]:
        return {
            "function": self.function.name,
            "logical_id": self.function.logical_id,
            "pid": self.pid,
            "state": self.condition,
            "frozen": self.frozen,
            "debugged": self.debugger is not None,
            "active": self.active,
            "invocations": self.invocations,
            "created_at_s": self.created_at_s,
        }

    async def start(self, init_limit_s: float) -> None:
        """Starts the process. Raises OSError and LaunchError."""
        await self._server.start()
        variables = await asyncio.to_thread(
            self._launch.environment, f"127.0.0.1:{self._server.port}"
        )
        if self.function.snap_start:
            variables = await self.snapshot.applied(variables)
        name = f"{self.function.logical_id}-{self._server.port}"
        self._confinement = await asyncio.to_thread(self._launch.confine, name)
        try:
            await self._start_process(variables)
        except BaseException:
            self._confinement.discard()
            raise
        if self._killed:  # while it was being started
            self.kill()
        if self.debugger:
            _log.warning("debug.waiting %s for a debugger at %s", self.label, self.debugger.address)
        else:
            self._set_timer("init", init_limit_s, lambda: self._init_expired(init_limit_s))
        _log.debug("environment.starting %s attempt=%d", self.label, self.attempt)

    async def _start_process(self, variables: dict[str, str]) -> None:
        """Raises OSError and LaunchError."""
        command = self._launch.command(self._confinement.words)
        prepared = self.debugger or (snapshot.Copy() if self.function.snap_start else None)
        if prepared:
            command, variables = prepared.applied(
                command, variables, python=self._launch.python, runtime=self._launch.runtimes
            )
        self.meter.launching()
        self._group = await self._reaper.start(
            command,
            variables,
            directory=self._launch.task,
            name=self.function.logical_id,
            request_id=lambda: self.meter.request_id,
        )
        self.meter.launched(self._group.pid)
        self._create_task(self._wait_for_exit(self._group))

    def hand_over(self, invocation: Invocation) -> None:
        """Gives the invocation to the runtime. Its timeout runs from here."""
        timeout_s = self.function.timeout_s if self.debugger is None else _DEBUGGED_S
        invocation.deadline_ms = int((time.time() + timeout_s) * 1000)
        self.invocations += 1
        self._active[invocation.request_id] = invocation
        self.drain_output()
        self.meter.begin(invocation)
        if self.debugger is None:
            self._set_timer(invocation.request_id, timeout_s, lambda: self._expire(invocation))
            self._confinement.throttle()
        self._thaw()
        self._next_calls.popleft().set_result(invocation)

    def restore(self) -> None:
        """Restores the snapshot for an invocation, which waits for the next call of `/next`."""
        self.meter.restoring()
        if self.debugger is None:
            self._set_timer("restore", snapshot.RESTORE_LIMIT_S, self._restore_expired)
        self._thaw()
        self.snapshot.restore()

    def kill(self) -> None:
        self._killed = True
        if self._group:
            self._group.signal(signal.SIGKILL)

    def retire(self) -> None:
        """Ends the environment, whose code is out of date.

        Open streams end as if they were complete. Replies that have not begun may still come.
        """
        self.retired = True
        for request_id, invocation in tuple(self._active.items()):
            if invocation.end_stream():
                del self._active[request_id]
        if not self._active and not (self.returning_workers and self.concurrency == 1):
            self.kill()

    async def close(self) -> None:
        self.kill()
        if self._group:
            await self._group.ended()
        await self._die()

    # Calls of the Runtime API.

    async def restored(self) -> None:
        """Takes the snapshot, and returns when it is restored. Without SnapStart that is now."""
        if not self.function.snap_start:
            return
        self._cancel_timer("init")
        self.drain_output()
        self.meter.snapshot_taken()
        taken = asyncio.ensure_future(self.snapshot.taken())
        try:
            await asyncio.sleep(0)  # lets it wait
            self.init_over.set()
            self._changed(self)
            if self.snapshot.is_waiting and self.debugger is None:
                self._freeze()
            await taken
        finally:
            taken.cancel()

    async def next_invocation(self) -> Invocation:
        self._cancel_timer("init")
        self._cancel_timer("restore")
        self.init_over.set()
        self.meter.initialised()
        self._count_worker()
        if self.concurrency == 1:
            self.drain_output()
            self.meter.end_all()
            for request_id in tuple(self._timers):
                self._cancel_timer(request_id)
        if self.retired:
            self.kill()
        self.idle_since_s = time.monotonic()
        next_call = asyncio.get_running_loop().create_future()
        self._next_calls.append(next_call)
        self._changed(self)
        if not next_call.done() and self.concurrency == 1 and self.debugger is None:
            self._freeze()
        try:
            return await next_call
        finally:
            with contextlib.suppress(ValueError):
                self._next_calls.remove(next_call)

    def find(self, request_id: str) -> Invocation | None:
        return self._active.get(request_id)

    def finished(self, invocation: Invocation) -> None:
        if self._active.pop(invocation.request_id, None) is None:
            return
        if self.concurrency > 1:
            self._cancel_timer(invocation.request_id)
            self.meter.end(invocation)
            if self.retired and not self._active:
                self.kill()
        self.returning_workers += 1
        invocation.ended.set()
        self._changed(self)

    def drain_output(self) -> None:
        """Lets what the process has written come into the log before what is written next."""
        if self._group:
            self._group.output.drain(is_whole=self.concurrency == 1)

    def init_failed(self, failure: Failed) -> None:
        _log.warning(
            "environment.init_failed %s %s %s", self.label, failure.error_type, failure.text
        )
        self.failure = failure
        self.drain_output()
        self.meter.init_failed(failure.error_type)
        self.kill()

    # The ways in which an environment or an invocation ends.

    async def _wait_for_exit(self, group: ProcessGroup) -> None:
        exit_text = _exit_text(await group.ended())
        self.drain_output()
        if self.failure is None:
            message = f"Error: Runtime exited {exit_text}"
            self.failure = platform_error("Runtime.ExitError", message)
            if not (self.state.initialised or self._killed):
                self.meter.init_failed("Runtime.ExitError")
        if self._confinement.exceeded_memory():
            _log.warning(
                "environment.out_of_memory %s used more than its MemorySize, %d MB",
                self.label,
                self.function.memory_mb,
            )
        level = logging.DEBUG if self._killed else logging.WARNING
        _log.log(level, "environment.exited %s %s", self.label, exit_text)
        if not self._killed:
            await self._server.drain(EXIT_DRAIN_S)
        for invocation in tuple(self._active.values()):
            invocation.fail("Runtime.ExitError", f"Runtime exited {exit_text}")
        self.meter.end_all("" if self._killed and not self.retired else "Runtime.ExitError")
        await self._die()

    async def _die(self) -> None:
        if self.dead:
            return
        self.dead = True
        self.init_over.set()
        for key in tuple(self._timers):
            self._cancel_timer(key)
        await self._server.close()
        await self.snapshot.close()
        self.over.set()
        self._changed(self)

    def _expire(self, invocation: Invocation) -> None:
        timeout_s = self.function.timeout_s
        request_id = invocation.request_id
        _log.warning(
            "invocation.timed_out %s timeout_s=%g request_id=%s",
            self.label,
            timeout_s,
            request_id,
            extra={REQUEST_ID: request_id},
        )
        self._active.pop(request_id, None)
        self.state.expired(request_id)
        self.drain_output()
        self.meter.end(invocation, is_timeout=True)
        if self.concurrency == 1:
            self.failure = platform_error("Sandbox.Timedout", "killed at its timeout")
            self.kill()
        invocation.fail("Sandbox.Timedout", f"Task timed out after {timeout_s:.2f} seconds")

    def _init_expired(self, limit_s: float) -> None:
        _log.warning("environment.init_timed_out %s limit_s=%g", self.label, limit_s)
        message = f"Error: Task timed out after {limit_s:.2f} seconds"
        self.failure = platform_error("Sandbox.Timedout", message)
        self.drain_output()
        self.meter.init_failed("", is_timeout=True)
        self.kill()

    def _restore_expired(self) -> None:
        _log.warning(
            "environment.restore_timed_out %s limit_s=%g", self.label, snapshot.RESTORE_LIMIT_S
        )
        message = f"Error: the restore timed out after {snapshot.RESTORE_LIMIT_S:.2f} seconds"
        self.failure = platform_error("Runtime.RestoreTimeout", message)
        self.kill()

    def _count_worker(self) -> None:
        """Counts a call of `/next`: from a worker that has replied before, or from a new one."""
        if self.returning_workers:
            self.returning_workers -= 1
        elif self._starting_workers == self.concurrency > 1:
            self._starting_workers -= 1
            self._set_timer("workers", WORKER_STARTUP_S, self._expect_no_more_workers)
        else:
            self._starting_workers = max(0, self._starting_workers - 1)

    def _expect_no_more_workers(self) -> None:
        self._starting_workers = 0
        self._changed(self)

    # Tasks, timers and signals.

    def _create_task(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(tell_of_failure)

    def _set_timer(self, key: str, delay_s: float, callback: Callable[[], None]) -> None:
        self._timers[key] = asyncio.get_running_loop().call_later(delay_s, callback)

    def _cancel_timer(self, key: str) -> None:
        if timer := self._timers.pop(key, None):
            timer.cancel()

    def _freeze(self) -> None:
        if self._group and not self.frozen:
            self.frozen = True
            self._group.signal(signal.SIGSTOP)

    def _thaw(self) -> None:
        if self._group and self.frozen:
            self.frozen = False
            self._group.signal(signal.SIGCONT)


def _exit_text(code: int) -> str:
    if code < 0:
        return f"with error: signal: {_signal_text(-code)}"
    return f"with error: exit status {code}" if code else "without providing a reason"


def _signal_text(number: int) -> str:
    """Names a signal in Lambda's words, such as `killed` or `segmentation fault`."""
    return (signal.strsignal(number) or f"signal {number}").lower()
