"""Tests one execution environment without a process."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

from local_lambda.application import Function
from local_lambda.environments.environment import Environment
from local_lambda.logs import Log


async def _killed_while_waiting() -> list[bool]:
    function = Function("F", "f", handler="a.b", runtime="python3.13", code=Path())
    launch = SimpleNamespace(function=function, settings=SimpleNamespace(region="us-east-1"))
    environment = Environment(launch, SimpleNamespace(log=Log()), 1, lambda _: None)
    waiting = asyncio.ensure_future(environment.next_invocation())
    await asyncio.sleep(0)
    ready = [environment.ready]
    environment.kill()
    ready.append(environment.ready)
    waiting.cancel()
    return ready


def test_an_environment_that_is_being_killed_gets_no_invocation_any_more():
    assert asyncio.run(_killed_while_waiting()) == [True, False]
