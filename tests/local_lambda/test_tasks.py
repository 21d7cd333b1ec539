"""Tests that tasks which nobody awaits do not end without a word."""

import asyncio
import contextlib

import pytest

from local_lambda.reload import ChangeNamer
from local_lambda.tasks import for_ever, tell_of_failure


class Steps:
    """Fails at the steps whose numbers are named, and says when a number is reached."""

    def __init__(self, failing):
        self._failing = failing
        self.taken = 0

    async def __call__(self):
        self.taken += 1
        if error := self._failing.get(self.taken):
            raise error


async def taken(steps, until):
    running = asyncio.create_task(for_ever("the steps", steps, lambda: 0.0))
    async with asyncio.timeout(10):
        while steps.taken < until and not running.done():
            await asyncio.sleep(0)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


@pytest.mark.parametrize("error", [OSError("gone"), KeyError("Records"), RecursionError()])
def test_a_step_that_fails_is_told_and_ends_nothing(caplog, error):
    steps = Steps({2: error})
    asyncio.run(taken(steps, until=5))
    assert steps.taken >= 5
    (record,) = caplog.records
    assert record.getMessage() == "task.failed the steps; it goes on"
    assert type(error).__name__ in caplog.text


def test_what_goes_on_failing_is_told_once_and_again_after_a_step_that_passed(caplog):
    steps = Steps({number: ValueError("x") for number in (1, 2, 3, 5)})
    asyncio.run(taken(steps, until=7))
    assert len(caplog.records) == 2


def test_a_task_that_fails_says_so_and_one_that_is_cancelled_does_not(caplog):
    async def fail():
        raise KeyError("Shards")

    async def both():
        tasks = [
            asyncio.create_task(fail(), name="stream of T"),
            asyncio.create_task(asyncio.sleep(60), name="another"),
        ]
        for task in tasks:
            task.add_done_callback(tell_of_failure)
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(both())
    (record,) = caplog.records
    assert record.getMessage() == "task.failed stream of T"
    assert "KeyError: 'Shards'" in caplog.text


def test_looking_for_changes_goes_on_after_a_look_that_failed(caplog):
    class Pools(dict):
        looked = 0

        def items(self):
            self.looked += 1
            if self.looked == 1:
                raise RuntimeError("dictionary changed size during iteration")
            return super().items()

    pools = Pools()

    async def look():
        running = asyncio.create_task(ChangeNamer(pools).run())
        async with asyncio.timeout(10):
            while pools.looked < 2 and not running.done():
                await asyncio.sleep(0.01)
        running.cancel()

    asyncio.run(look())
    assert pools.looked >= 2
    assert "task.failed code.changed" in caplog.text
