"""One execution environment: a process group of its own behind a Runtime API of its own.

Frozen (SIGSTOP) while the runtime waits in `/next` and nothing is pending, thawed before an invocation is handed over,
killed at the timeout. With `AWS_LAMBDA_MAX_CONCURRENCY` nothing is frozen and no timed-out invocation is killed.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

import asyncio
import contextlib
import logging
import signal
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from local_lambda.environments.invocation import Failed, Invocation, platform_error
from local_lambda.environments.launch import Launch
from local_lambda.environments.processes import ProcessGroup, Reaper
from local_lambda.environments.runtime_api import RuntimeApi
from local_lambda.environments.runtime_state import RuntimeState
from local_lambda.http.server import HttpServer

_log = logging.getLogger(__name__)
LAST_WORDS_S = 0.5  # what a process wrote just before it exited is on its way to the client
WORKERS_LATE_S = (
    2.0  # workers of a concurrent environment that have not asked by then are not counted on
)


class Environment:
    """`changed` is called whenever the environment can take an invocation, has replied, or has died."""

    def __init__(
        self, launch: Launch, reaper: Reaper, attempt: int, changed: Callable[["Environment"], None]
    ) -> None:
        self.function = launch.function
        self.function_arn = launch.function.arn(launch.settings.region)
        self.slots = launch.function.max_concurrency or 1
        self.state = RuntimeState(self.slots)
        self.attempt = attempt
        self.failure: Failed | None = None
        self._killed = False
        self.settled = asyncio.Event()  # initialised, or dead
        self.dead = False
        self.frozen = False
        self.replied = 0  # replies whose worker has not asked for the next invocation yet
        self.invocations = 0
        self.idle_since_s = time.monotonic()
        self._launch, self._reaper, self._changed = launch, reaper, changed
        self._workers_to_come = self.slots
        self._pollers: deque[asyncio.Future[Invocation]] = deque()
        self._active: dict[str, Invocation] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task] = set()
        self._server = HttpServer(
            RuntimeApi(self).handle, f"runtime-api-{self.function.logical_id}"
        )
        self._group: ProcessGroup | None = None

    @property
    def label(self) -> str:
        return f"{self.function.logical_id}[{self.pid or '-'}]"

    @property
    def pid(self) -> int | None:
        return self._group.pid if self._group else None

    @property
    def condition(self) -> str:
        if self.dead:
            return "dead"
        if not self.state.initialised:
            return "starting"
        return "busy" if self._active or self.replied else "idle"

    @property
    def ready(self) -> bool:
        return bool(self._pollers) and not (self._killed or self.dead)

    @property
    def prospects(self) -> int:
        """How many more invocations it will soon ask for."""
        if self.dead:
            return 0
        return self.replied + self._workers_to_come

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
            "active": self.active,
            "invocations": self.invocations,
        }

    async def start(self, init_limit_s: float) -> None:
        """Raises OSError and LaunchError."""
        await self._server.start()
        command = self._launch.command()
        variables = self._launch.environment(f"127.0.0.1:{self._server.port}")
        self._group = await self._reaper.start(
            command, variables, self.function.code, self.function.logical_id
        )
        self._own(self._watch())
        self._timers["init"] = asyncio.get_running_loop().call_later(
            init_limit_s, self._init_expired, init_limit_s
        )
        _log.debug("environment.starting %s attempt=%d", self.label, self.attempt)

    def hand_over(self, invocation: Invocation) -> None:
        """The clock of the invocation starts here."""
        timeout_s = self.function.timeout_s
        invocation.deadline_ms = int((time.time() + timeout_s) * 1000)
        self.invocations += 1
        self._active[invocation.request_id] = invocation
        self._timers[invocation.request_id] = asyncio.get_running_loop().call_later(
            timeout_s, self._expire, invocation
        )
        self._thaw()
        self._pollers.popleft().set_result(invocation)

    def kill(self) -> None:
        self._killed = True
        if self._group:
            self._group.signal(signal.SIGKILL)

    async def close(self) -> None:
        self.kill()
        if self._group:
            await self._group.ended()
        await self._die()

    # What the Runtime API asks for.

    async def next_invocation(self) -> Invocation:
        self._cancel_timer("init")
        self.settled.set()
        self._count_worker()
        if self.slots == 1:
            for request_id in tuple(self._timers):
                self._cancel_timer(request_id)
        self.idle_since_s = time.monotonic()
        poller = asyncio.get_running_loop().create_future()
        self._pollers.append(poller)
        self._changed(self)
        if not poller.done() and self.slots == 1:
            self._freeze()
        try:
            return await poller
        finally:
            with contextlib.suppress(ValueError):
                self._pollers.remove(poller)

    def find(self, request_id: str) -> Invocation | None:
        return self._active.get(request_id)

    def finished(self, invocation: Invocation) -> None:
        if self._active.pop(invocation.request_id, None) is None:
            return
        if self.slots > 1:
            self._cancel_timer(invocation.request_id)
        self.replied += 1
        invocation.ended.set()
        self._changed(self)

    def init_failed(self, failure: Failed) -> None:
        _log.warning(
            "environment.init_failed %s %s %s", self.label, failure.error_type, failure.text
        )
        self.failure = failure
        self.kill()

    # Ends.

    async def _watch(self) -> None:
        code = await self._group.ended()
        if self.failure is None:
            self.failure = platform_error(
                "Runtime.ExitError", f"Error: Runtime exited {_exit_text(code)}"
            )
        level = logging.DEBUG if self._killed else logging.WARNING
        _log.log(level, "environment.exited %s %s", self.label, _exit_text(code))
        if not self._killed:
            await self._server.drain(LAST_WORDS_S)
        for invocation in tuple(self._active.values()):
            invocation.fail("Runtime.ExitError", f"Runtime exited {_exit_text(code)}")
        await self._die()

    async def _die(self) -> None:
        if self.dead:
            return
        self.dead = True
        self.settled.set()
        for key in tuple(self._timers):
            self._cancel_timer(key)
        await self._server.close()
        self._changed(self)

    def _expire(self, invocation: Invocation) -> None:
        timeout_s = self.function.timeout_s
        _log.warning(
            "invocation.timed_out %s timeout_s=%g request_id=%s",
            self.label,
            timeout_s,
            invocation.request_id,
        )
        self._active.pop(invocation.request_id, None)
        self.state.expired(invocation.request_id)
        if self.slots == 1:
            self.failure = platform_error("Sandbox.Timedout", "killed at its timeout")
            self.kill()
        invocation.fail("Sandbox.Timedout", f"Task timed out after {timeout_s:.2f} seconds")

    def _init_expired(self, limit_s: float) -> None:
        _log.warning("environment.init_timed_out %s limit_s=%g", self.label, limit_s)
        self.failure = platform_error(
            "Sandbox.Timedout", f"Error: Init timed out after {limit_s:.2f} seconds"
        )
        self.kill()

    def _count_worker(self) -> None:
        """A worker asks: one that has replied before, or one of those that the environment starts with."""
        if self.replied:
            self.replied -= 1
        elif self._workers_to_come == self.slots > 1:
            self._workers_to_come -= 1
            self._timers["workers"] = asyncio.get_running_loop().call_later(
                WORKERS_LATE_S, self._no_more_workers
            )
        else:
            self._workers_to_come = max(0, self._workers_to_come - 1)

    def _no_more_workers(self) -> None:
        self._workers_to_come = 0
        self._changed(self)

    # Small things.

    def _own(self, coroutine) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

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
        return f"with error: signal: {signal.Signals(-code).name}"
    return f"with error: exit status {code}" if code else "without providing a reason"
