"""Which event loop does an ASGI application live in, and which thread runs it?

Theory of operation. A process has one such loop, since what an application keeps (pools, locks,
the tasks of its lifespan) belongs to one. Where one invocation runs at a time, the thread of the
handler runs it, and only while it waits for the application: there is no other thread and no
hand-over. As soon as a second thread comes (several invocations in one process, a caller with an
event loop of its own), a thread of the loop's own runs it for good, and who waits is woken. Callers
see no difference.
"""

from __future__ import annotations

import asyncio
import threading

from streaming_runtime import asynchronous
from streaming_runtime.asynchronous import TICK_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

NEVER_S = float("inf")


class ApplicationLoop:
    """An event loop that several callers use, from one thread or from many."""

    def __init__(self) -> None:
        self.loop = asynchronous.event_loop()
        self._home = threading.get_ident()
        self._runs = threading.Lock()  # held by the thread that runs the loop for a moment
        self._is_wanted_in_thread = False
        self._thread: threading.Thread | None = None
        self._is_closing = False

    def now_s(self) -> float:
        """Returns the time of the loop's clock, in seconds."""
        return self.loop.time()

    def call(self, function: Callable[..., object], *arguments: Any) -> None:
        """Calls `function` where no task of the loop runs at the same time.

        Raises RuntimeError inside of the loop itself.
        """
        self._refuse_to_wait_for_itself()
        if self._thread is None:
            with self._runs:
                if self._thread is None:
                    function(*arguments)
                    return
        self.loop.call_soon_threadsafe(function, *arguments)

    def is_run_by_caller(self) -> bool:
        """Whether code in the loop runs in the thread of the caller who waits for it."""
        return self._thread is None

    def wake(self, waiting: threading.Event) -> None:
        """Ends the `wait` of a caller. To be called by code that runs in the loop."""
        if self._thread is None:
            self.loop.stop()
        waiting.set()

    def wait(self, waiting: threading.Event, until_s: float = NEVER_S) -> None:
        """Lets the loop run until somebody wakes the caller, for a tick, or until `until_s`.

        It may end early. Raises Shutdown after SIGTERM, and RuntimeError inside of the loop itself.
        """
        self._refuse_to_wait_for_itself()
        within_s = min(TICK_S, max(0.0, until_s - self.now_s()))
        if self._is_used_from_elsewhere():
            self._is_wanted_in_thread = True
        with self._runs:
            if self._is_wanted_in_thread and self._thread is None:
                self._start_thread()
            if self._thread is None:
                asynchronous.run(self.loop, within_s)
        if self._thread is None:
            asynchronous.raise_postponed()
            return
        waiting.wait(within_s)
        waiting.clear()

    def let_generators_close(self, until_s: float) -> None:
        """Lets asynchronous generators close that were dropped before their end, as by a cancelled
        task: their `finally` blocks run in tasks of the loop's own, which nobody awaits.
        """
        if self._thread is not None:  # it runs on anyway
            return
        quiet_turns = 0
        with self._runs:
            # A turn of the loop makes a task of what was dropped in the one before, and a generator
            # that closes can drop another one.
            while self._thread is None and quiet_turns < 2 and self.now_s() < until_s:
                quiet_turns += 1
                asynchronous.run(self.loop, 0)
                for task in filter(_is_closing, asyncio.all_tasks(self.loop)):
                    quiet_turns = 0
                    task.add_done_callback(lambda _: self.loop.stop())
                if not quiet_turns:
                    asynchronous.run(self.loop, min(TICK_S, max(0.0, until_s - self.now_s())))
        asynchronous.raise_postponed()

    def run_in_thread(self) -> None:
        """Has a thread of its own run the loop from now on."""
        self._is_wanted_in_thread = True
        with self._runs:
            if self._thread is None:
                self._start_thread()

    def close(self) -> None:
        """Cancels all that runs in the loop, and closes it. The process gets a new one."""
        with self._runs:
            self._is_closing = True
            if self._thread is not None:
                self.loop.call_soon_threadsafe(self.loop.stop)
                self._thread.join()
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
                task.add_done_callback(lambda _: self.loop.stop())
                asynchronous.run(self.loop)
            self.loop.close()

    def _is_used_from_elsewhere(self) -> bool:
        return asyncio._get_running_loop() is not None or threading.get_ident() != self._home

    def _refuse_to_wait_for_itself(self) -> None:
        if asyncio._get_running_loop() is self.loop:
            raise RuntimeError(
                "an ASGI handler was called by the very application that it serves: its event loop "
                "would wait for itself"
            )

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._run_for_ever, name="asgi-event-loop", daemon=True)
        self._thread = thread  # before it runs, so that its tasks do not take it for their caller
        thread.start()

    def _run_for_ever(self) -> None:
        asyncio.set_event_loop(self.loop)
        while not (self._is_closing or self.loop.is_closed()):
            try:
                self.loop.run_forever()
            except BaseException as error:  # sys.exit() in a task ends no one else's invocation
                from logging import getLogger

                getLogger(__name__).error("asgi.task_failed: %r", error, exc_info=error)


def _is_closing(task: asyncio.Task[Any]) -> bool:
    return type(task.get_coro()).__name__ == "async_generator_athrow"  # made by `aclose()`


class _Process:
    loop: ApplicationLoop | None = None
    lock = threading.Lock()


def application_loop() -> ApplicationLoop:
    """Returns the loop of this process. One that somebody has closed is replaced."""
    with _Process.lock:
        found = _Process.loop
        if found is None or found.loop.is_closed():
            found = ApplicationLoop()
            _Process.loop = found
        return found
