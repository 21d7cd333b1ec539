"""Keeps the execution environments of one function.

Hands invocations to warm environments, starts new ones, and ends idle ones.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

import asyncio
import logging
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from local_lambda.environments.debug import Debugger
from local_lambda.environments.environment import Environment
from local_lambda.environments.invocation import Failed, Invocation, Throttled, platform_error
from local_lambda.environments.launch import Launch
from local_lambda.environments.layout import LaunchError
from local_lambda.environments.processes import Reaper
from local_lambda.environments.records import Records
from local_lambda.environments.tracing import Sampling
from local_lambda.tasks import tell_of_failure

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    # https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
    init_s: float = 10
    managed_init_s: float = 130
    concurrency: int = 1000  # for each function without reserved concurrency
    # A runtime that has replied calls `/next` within moments, so an invocation waits for it.
    grace_s: float = 0.1
    keep_warm_s: float = 300
    parallel_starts: int = 2 * (os.cpu_count() or 1)


class FunctionPool:
    """Runs the invocations of one function.

    All pools share `start_limit`, which lets only a few environments start at a time. Without it,
    many starts on a small machine would make each other exceed the time limit of the init phase.
    They share `records`, too.
    """

    def __init__(
        self,
        launch: Launch,
        reaper: Reaper,
        limits: Limits,
        start_limit: asyncio.Semaphore,
        records: Records | None = None,
    ) -> None:
        self.launch = launch
        self._reaper = reaper
        self._limits = limits
        self._start_limit = start_limit
        self.function = launch.function
        self.records = Records() if records is None else records
        self._sampling = Sampling(launch.function.traced, mode=launch.settings.sampling)
        self.environments: list[Environment] = []
        self._pending: deque[Invocation] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._grace_timers: set[asyncio.TimerHandle] = set()
        self._closing = False
        self.throttle_limit: int | None = None  # a fault: fewer invocations at once than configured
        # Awaited before each invocation: `--reload` takes up changes here.
        self.before_invocation: Callable[[], Awaitable[None]] | None = None
        self._debugger: Debugger | None = None
        self._debugged: Environment | None = None
        self._for_debugger: Invocation | None = None  # waits for the debugged environment

    @property
    def python(self) -> str:
        """Returns the interpreter of the function."""
        return self.launch.settings.python

    def debug(self, debugger: Debugger) -> None:
        """Starts an environment that waits for a debugger. It takes one invocation at a time.

        Invocations that come meanwhile run without the debugger, in further environments.
        """
        self._debugger = debugger
        self._start_debugged()

    @property
    def _concurrency(self) -> int:
        reserved = self.function.reserved_concurrency
        return self._limits.concurrency if reserved is None else reserved

    @property
    def _accepted_at_once(self) -> int:
        """Returns the limit for new invocations. Those that wait already get environments."""
        if self.throttle_limit is None:
            return self._concurrency
        return min(self._concurrency, self.throttle_limit)

    def replace(self, launch: Launch) -> list[Environment]:
        """Runs the function as `launch` says from now on. Returns the environments that end."""
        self.launch = launch
        if launch.function.traced != self.function.traced:
            self._sampling = Sampling(launch.function.traced, mode=launch.settings.sampling)
        self.function = launch.function
        retired = list(self.environments)
        for environment in retired:
            environment.retire()
        self.keep_snapshot()
        return retired

    async def invoke(
        self,
        payload: bytes,
        client_context: str | None = None,
        trace_id: str | None = None,
        qualifier: str = "",
        tenant_id: str | None = None,
        request_id: str = "",
    ) -> Invocation:
        """Returns the pending or running invocation, whose `reply` comes later.

        `trace_id` is the request's `X-Amzn-Trace-Id`. `qualifier` is the version or alias that was
        asked for. Without a `request_id` it gets one. Raises Throttled.
        """
        if self.before_invocation:
            await self.before_invocation()
        active = sum(environment.active for environment in self.environments)
        waiting = len(self._pending) + (self._for_debugger is not None)
        if waiting + active >= self._accepted_at_once:
            _log.warning(
                "invocation.throttled %s limit=%d", self.function.logical_id, self._accepted_at_once
            )
            raise Throttled
        header = self._sampling.header(trace_id, time.time())
        invocation = Invocation(
            payload, client_context, trace_id=header, qualifier=qualifier, tenant_id=tenant_id
        )
        invocation.request_id = request_id or invocation.request_id
        if self._is_next_debugged():
            invocation.is_debugged = True
            self._for_debugger = invocation
        else:
            self._pending.append(invocation)
        self._dispatch()
        return invocation

    async def close(self) -> None:
        self._closing = True
        for timer in self._grace_timers:
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(environment.close() for environment in tuple(self.environments)))
        self._hand_back()
        while self._pending:
            self._pending.popleft().fail("Runtime.Unavailable", "The emulator is stopping")

    def retire_idle(self) -> None:
        """Ends environments that have been idle for too long, as Lambda does."""
        before_s = time.monotonic() - self._limits.keep_warm_s
        for environment in self.environments:
            if environment.debugger:
                continue
            if environment.condition == "idle" and environment.idle_since_s < before_s:
                environment.kill()

    def _dispatch(self) -> None:
        """Hands pending invocations to ready environments and starts new ones for the others.

        Invocations that expected calls of `/next` will take need no new environment.
        """
        if self._for_debugger and self._debugged:
            if self._debugged.restorable:
                self._debugged.restore()
            if self._debugged.ready:
                self._debugged.hand_over(self._for_debugger)
                self._for_debugger = None
        while self._pending and (ready := self._ready_environment()):
            ready.hand_over(self._pending.popleft())
        expected = sum(each.expected_next_calls for each in self.environments if not each.debugger)
        missing = len(self._pending) - expected
        while missing > 0 and (restorable := self._restorable()):
            restorable.restore()
            missing -= 1
            self.keep_snapshot()
        while missing > 0 and not self._closing and len(self.environments) < self._concurrency:
            self._start(attempt=1)
            missing -= self.function.max_concurrency or 1

    def _ready_environment(self) -> Environment | None:
        undebugged = (each for each in self.environments if not each.debugger)
        return next((each for each in undebugged if each.ready), None)

    def keep_snapshot(self) -> None:
        """Has a snapshot ready for the next environment, where the function has SnapStart.

        Lambda takes it when a version is published; here each environment needs one of its own.
        """
        if not self.function.snap_start or self.launch.error or self._closing:
            return
        states = [each.condition for each in self.environments if not each.retired]
        is_ready = "snapshot" in states or "starting" in states
        if not is_ready and len(self.environments) < self._concurrency:
            self._start(attempt=1)

    def _restorable(self) -> Environment | None:
        undebugged = (each for each in self.environments if not each.debugger)
        return next((each for each in undebugged if each.restorable), None)

    def _changed(self, environment: Environment) -> None:
        if environment.dead and environment in self.environments:
            self.environments.remove(environment)
            if environment is self._debugged:
                self._debugged_ended(environment)
            elif not (environment.state.initialised or environment.retired or self._closing):
                self._init_failed(environment)
        self._dispatch()
        if environment.returning_workers:
            self._stop_expecting_after_grace(environment)

    def _stop_expecting_after_grace(self, environment: Environment) -> None:
        """Stops expecting a worker that replied but did not call `/next`: its function is busy."""

        def forget() -> None:
            self._grace_timers.discard(timer)
            if environment.returning_workers:
                environment.returning_workers = 0
                self._dispatch()

        timer = asyncio.get_running_loop().call_later(self._limits.grace_s, forget)
        self._grace_timers.add(timer)

    def _init_failed(self, environment: Environment) -> None:
        """Repeats a failed init once, as Lambda does.

        The second init is part of the invocation and has the function's timeout.
        """
        if not self._pending:
            return
        if environment.attempt == 1:
            self._start(attempt=2)
        elif environment.failure:
            self._fail_pending(environment.failure, environment)

    def _fail_pending(self, failure: Failed, environment: Environment) -> None:
        for _ in range(min(environment.concurrency, len(self._pending))):
            invocation = self._pending.popleft()
            invocation.resolve(failure.for_request(invocation.request_id))
            environment.meter.never_begun(invocation)
            invocation.ended.set()

    def _start(self, attempt: int) -> None:
        environment = Environment(
            self.launch, self._reaper, attempt, changed=self._changed, records=self.records
        )
        self.environments.append(environment)
        self._create_task(self._run_start(environment))

    def _create_task(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(tell_of_failure)

    def _is_next_debugged(self) -> bool:
        """Says whether the next invocation waits for the debugger."""
        if self._debugger is None or self._for_debugger or self._closing:
            return False
        if self._debugged is None:
            self._start_debugged()
        return self._debugged is not None and not self._debugged.active

    def _start_debugged(self) -> None:
        function = replace(self.function, max_concurrency=None)  # a debugger follows no workers
        environment = Environment(
            replace(self.launch, function=function),
            self._reaper,
            attempt=1,
            changed=self._changed,
            records=self.records,
            debugger=self._debugger,
        )
        self._debugged = environment
        self.environments.append(environment)
        self._create_task(self._run_debugged(environment))

    async def _run_debugged(self, environment: Environment) -> None:
        """Starts the environment beside `start_limit`: it may wait for its debugger for hours."""
        try:
            await environment.start(init_limit_s=0)
        except (LaunchError, OSError) as error:
            _log.error("debug.not_started %s %s", self.function.logical_id, error)
            await environment.close()

    def _debugged_ended(self, environment: Environment) -> None:
        """Lets the invocation that waited run without a debugger, and show what is wrong.

        New code is debugged again at once, anything else from the next invocation on.
        """
        self._debugged = None
        if environment.retired and not self._closing:
            self._start_debugged()
        else:
            self._hand_back()

    def _hand_back(self) -> None:
        if self._for_debugger:
            self._pending.appendleft(self._for_debugger)
            self._for_debugger = None

    async def _run_start(self, environment: Environment) -> None:
        try:
            async with self._start_limit:
                if environment.retired:
                    await environment.close()
                    return
                await environment.start(self._init_limit_s(environment.attempt))
                await environment.init_over.wait()
        except (LaunchError, OSError) as error:
            _log.error("environment.not_started %s %s", self.function.logical_id, error)
            self.environments.remove(environment)
            failure = platform_error("Runtime.InvalidEntrypoint", f"Error: {error}")
            self._fail_pending(failure, environment)
            await environment.close()

    def _init_limit_s(self, attempt: int) -> float:
        if self.function.max_concurrency or self.function.snap_start:
            return max(self._limits.managed_init_s, self.function.timeout_s)
        return self._limits.init_s if attempt == 1 else self.function.timeout_s
