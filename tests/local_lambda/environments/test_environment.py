"""Tests one execution environment without a process."""

import asyncio
from types import SimpleNamespace

from local_lambda.environments.environment import Environment


async def _killed_while_waiting() -> list[bool]:
    function = SimpleNamespace(logical_id="F", max_concurrency=None, arn=lambda region: "arn")
    launch = SimpleNamespace(function=function, settings=SimpleNamespace(region="us-east-1"))
    environment = Environment(launch, None, 1, lambda _: None)
    waiting = asyncio.ensure_future(environment.next_invocation())
    await asyncio.sleep(0)
    ready = [environment.ready]
    environment.kill()
    ready.append(environment.ready)
    waiting.cancel()
    return ready


def test_an_environment_that_is_being_killed_gets_no_invocation_any_more():
    assert asyncio.run(_killed_while_waiting()) == [True, False]
