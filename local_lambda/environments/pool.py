"""All execution environments of one function: hands invocations to warm ones, starts new ones, ends idle ones.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

import asyncio
import logging
import os
import time
from collections import deque
from dataclasses import dataclass

from local_lambda.environments.environment import Environment
from local_lambda.environments.invocation import Failed, Invocation, Throttled, platform_error
from local_lambda.environments.launch import Launch, LaunchError
from local_lambda.environments.processes import Reaper

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    init_s: float = (
        10  # https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
    )
    managed_init_s: float = 130
    concurrency: int = 1000  # of one function, when it has no reserved concurrency
    grace_s: float = (
        0.1  # a runtime that has replied asks for the next invocation within moments: wait for it
    )
    keep_warm_s: float = 300
    parallel_starts: int = 2 * (os.cpu_count() or 1)


class FunctionPool:
    """`gate` is shared by all pools: it lets a few environments start at a time, so that many at once on a small
    machine do not make one another exceed the time limit of the init phase."""

    def __init__(
        self, launch: Launch, reaper: Reaper, limits: Limits, gate: asyncio.Semaphore
    ) -> None:
        self.function = launch.function
        self.environments: list[Environment] = []
        self._launch, self._reaper, self._limits, self._gate = launch, reaper, limits, gate
        self._pending: deque[Invocation] = deque()
        self._tasks: set[asyncio.Task] = set()
        self._graces: set[asyncio.TimerHandle] = set()
        self._closing = False
        reserved = launch.function.reserved_concurrency
        self._concurrency = limits.concurrency if reserved is None else reserved

    async def invoke(
        self, payload: bytes, client_context: str | None = None, trace_id: str | None = None
    ) -> Invocation:
        """The invocation, pending or handed over; its `reply` comes later. Raises Throttled."""
        if (
            len(self._pending) + sum(environment.active for environment in self.environments)
            >= self._concurrency
        ):
            _log.warning(
                "invocation.throttled %s limit=%d", self.function.logical_id, self._concurrency
            )
            raise Throttled
        invocation = Invocation(payload, client_context)
        if trace_id:
            invocation.trace_id = trace_id
        self._pending.append(invocation)
        self._dispatch()
        return invocation

    async def close(self) -> None:
        self._closing = True
        for timer in self._graces:
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(environment.close() for environment in tuple(self.environments)))
        while self._pending:
            self._pending.popleft().fail("Runtime.Unavailable", "The emulator is stopping")

    def retire_idle(self) -> None:
        """End environments that nobody has needed for a while, as Lambda does."""
        before_s = time.monotonic() - self._limits.keep_warm_s
        for environment in self.environments:
            if environment.condition == "idle" and environment.idle_since_s < before_s:
                environment.kill()

    def _dispatch(self) -> None:
        """Ready environments first; then as many new ones as those that are on their way will not take."""
        while self._pending and (ready := next((e for e in self.environments if e.ready), None)):
            ready.hand_over(self._pending.popleft())
        missing = len(self._pending) - sum(
            environment.prospects for environment in self.environments
        )
        while missing > 0 and not self._closing and len(self.environments) < self._concurrency:
            self._start(attempt=1)
            missing -= self.function.max_concurrency or 1

    def _changed(self, environment: Environment) -> None:
        if environment.dead and environment in self.environments:
            self.environments.remove(environment)
            if not environment.state.initialised and not self._closing:
                self._init_failed(environment)
        self._dispatch()
        if environment.replied:
            self._after_grace(environment)

    def _after_grace(self, environment: Environment) -> None:
        """Stop counting on a worker that replied and did not come back: its function still works."""

        def forget() -> None:
            self._graces.discard(timer)
            if environment.replied:
                environment.replied = 0
                self._dispatch()

        timer = asyncio.get_running_loop().call_later(self._limits.grace_s, forget)
        self._graces.add(timer)

    def _init_failed(self, environment: Environment) -> None:
        """Lambda runs a failed init once more, as part of the invocation and under the function's timeout."""
        if not self._pending:
            return
        if environment.attempt == 1:
            self._start(attempt=2)
        else:
            self._fail_pending(environment.failure, environment.slots)

    def _fail_pending(self, failure: Failed, count: int) -> None:
        for invocation in [self._pending.popleft() for _ in range(min(count, len(self._pending)))]:
            invocation.resolve(failure)
            invocation.ended.set()

    def _start(self, attempt: int) -> None:
        environment = Environment(self._launch, self._reaper, attempt, self._changed)
        self.environments.append(environment)
        task = asyncio.get_running_loop().create_task(self._run_start(environment))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run_start(self, environment: Environment) -> None:
        try:
            async with self._gate:
                await environment.start(self._init_limit_s(environment.attempt))
                await environment.settled.wait()
        except (LaunchError, OSError) as error:
            _log.error("environment.not_started %s %s", self.function.logical_id, error)
            self.environments.remove(environment)
            self._fail_pending(
                platform_error("Runtime.InvalidEntrypoint", str(error)), environment.slots
            )
            await environment.close()

    def _init_limit_s(self, attempt: int) -> float:
        if self.function.max_concurrency or self.function.snap_start:
            return max(self._limits.managed_init_s, self.function.timeout_s)
        return self._limits.init_s if attempt == 1 else self.function.timeout_s
