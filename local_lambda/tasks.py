"""Tasks that nobody awaits: one that fails says so, and what shall run for ever goes on."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

_log = logging.getLogger(__name__)


async def for_ever(
    name: str, step: Callable[[], Awaitable[None]], pause_s: Callable[[], float]
) -> None:
    """Takes the step again and again, with a pause after each, until it is cancelled.

    A step that fails is logged with its traceback, and ends nothing. One that goes on failing in
    the same way is logged once.
    """
    told = ""
    while True:
        try:
            await step()
            told = ""
        except Exception as error:
            if repr(error) != told:
                told = repr(error)
                _log.exception("task.failed %s; it goes on", name)
        await asyncio.sleep(pause_s())


def tell_of_failure(task: asyncio.Task[None]) -> None:
    """Logs how a task failed, for `add_done_callback`. One that is cancelled did not fail."""
    if not task.cancelled() and (error := task.exception()):
        _log.error("task.failed %s", task.get_name(), exc_info=error)
