"""Where does a function run that cannot run in the thread of its test?

Threads are kept, since an event loop belongs to each, and clients that were made in one invocation
are used in the next.
"""

from __future__ import annotations

import queue
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Works = queue.SimpleQueue[Callable[[], object]]

_IDLE: list[Works] = []


def run_apart(work: Callable[[], object]) -> None:
    """Calls `work` in another thread, and does not wait for it."""
    works: Works
    if _IDLE:
        works = _IDLE.pop()
    else:
        works = queue.SimpleQueue()
        name = "lambda_streaming.testing"
        threading.Thread(target=_run, args=(works,), name=name, daemon=True).start()
    works.put(work)


def run_here_or_apart(work: Callable[[], object]) -> None:
    """Calls `work` and waits for it; in another thread if an event loop runs in this one.

    An async test runs in such a loop, and the runtime has its own. Raises what `work` raises.
    """
    asyncio: Any = sys.modules.get("asyncio")
    if asyncio is None or asyncio._get_running_loop() is None:
        work()
        return
    failures: list[BaseException] = []
    ended = threading.Event()

    def working() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)
        finally:
            ended.set()

    run_apart(working)
    ended.wait()
    for failure in failures:
        raise failure


def _run(works: Works) -> None:
    while True:
        works.get()()
        _IDLE.append(works)
