"""How does synchronous code wait for a coroutine, and read an asynchronous body piece by piece?

Each worker has one event loop, which is kept between invocations: clients that belong to it can be
used again. It runs only while this module waits for something. Imported by none but those who use
it, since `asyncio` costs a cold start some twenty milliseconds.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
import warnings
from contextvars import copy_context

from streaming_runtime.body import BLOCK_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from contextvars import Context
    from typing import Any

TICK_S = 0.1  # the longest time without a look at the clock and at SIGTERM


class _Own(threading.local):
    loop: asyncio.AbstractEventLoop | None = None
    is_running: bool = False
    postponed: BaseException | None = None


_OWN = _Own()


def postpone(error: BaseException) -> bool:
    """Keeps what a signal handler wants to raise, if the event loop of this thread runs now.

    Raised inside of the loop it would not reach the caller who waits: the loop might take it for
    the exception of a callback. Returns False, and keeps nothing, where it can be raised at once.
    """
    if _OWN.is_running:
        _OWN.postponed = error
    return _OWN.is_running


def interruptible(function: Callable[[Any], bool], argument: Any) -> bool:
    """Calls `function` inside of the loop, where a signal handler may raise its exception at once.

    That is for a call that can block for long. Its caller must let no exception out into the loop.
    """
    was_running = _OWN.is_running
    _OWN.is_running = False
    try:
        return function(argument)
    finally:
        _OWN.is_running = was_running


def raise_postponed() -> None:
    """Raises what was postponed since the last time; for callers that have no `check`."""
    error = _OWN.postponed
    _OWN.postponed = None
    if error is not None:
        raise error


def awaited(awaitable: Awaitable[Any], check: Callable[[], None]) -> Any:
    """Returns what `awaitable` results in. Raises what it raises.

    `check` is called while it waits; what that raises is raised after the cancellation has run its
    course. Context variables that the awaited code sets are set for the caller, too, as they are
    after an ordinary call.
    """
    loop = event_loop()
    context = copy_context()
    task = loop.create_task(_result_of(awaitable), context=context)
    task.add_done_callback(lambda _: loop.stop())
    try:
        while not task.done():
            run(loop)
            if not task.done():
                check()
    finally:
        _cancel(loop, task)
    _carry_over(context)
    return task.result()


def pieces_of(body: Any) -> Iterator[Any]:
    """Yields the pieces of an asynchronous body, and `b""` while there is none.

    It is an async iterator, an async context manager around one, or a file whose `read` is a
    coroutine. All of it runs in one task, as timeouts and task groups want it. Between two pieces
    that task waits: the source is not faster than the reader. Closing this generator cancels what
    the body waits for, or closes it where it yielded, and waits for the end of that.
    """
    loop = event_loop()
    table = _Table(loop)
    task = loop.create_task(_lay_out(body, table), context=copy_context())
    task.add_done_callback(lambda _: loop.stop())
    try:
        while True:
            run(loop)
            if table.is_laid:
                yield table.take()
            elif task.done():
                break
            else:
                yield b""
    finally:
        table.is_closed = True
        _cancel(loop, task)
    task.result()


def close(body: Any) -> None:
    """Closes an asynchronous body, whether it was read or not."""
    closing = getattr(body, "aclose", None) or getattr(body, "close", None)
    if closing is None:
        return
    closed = closing()
    if hasattr(closed, "__await__"):
        awaited(closed, lambda: None)


class _Table:
    """Where the task lays a piece, and the reader takes it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._piece: Any = None
        self._taken: asyncio.Future[None] | None = None
        self.is_closed = False

    @property
    def is_laid(self) -> bool:
        return self._taken is not None

    def take(self) -> Any:
        """Returns the piece. The task goes on when the loop runs next."""
        if self._taken is not None and not self._taken.done():
            self._taken.set_result(None)
        self._taken = None
        piece = self._piece
        self._piece = None
        return piece

    async def lay(self, piece: Any) -> None:
        """Lays `piece` down, and waits until it is taken and the reader wants the next one."""
        if self.is_closed:  # the body has caught its cancellation, and goes on
            raise asyncio.CancelledError
        self._piece = piece
        self._taken = self._loop.create_future()
        self._loop.stop()
        await self._taken


async def _lay_out(body: Any, table: _Table) -> None:
    if hasattr(body, "__aenter__"):
        async with body as entered:
            await _lay_out_pieces(entered, table)
    else:
        await _lay_out_pieces(body, table)


async def _lay_out_pieces(body: Any, table: _Table) -> None:
    pieces = _iterator_of(body)
    try:
        async for piece in pieces:
            await table.lay(piece)
    finally:
        if hasattr(pieces, "aclose"):
            await pieces.aclose()


def _iterator_of(body: Any) -> AsyncIterator[Any]:
    if inspect.iscoroutinefunction(getattr(body, "read", None)):
        return _blocks_of(body)
    if hasattr(body, "aiter_bytes"):
        iterator: AsyncIterator[Any] = body.aiter_bytes()
        return iterator
    if hasattr(body, "__aiter__"):
        return aiter(body)
    if hasattr(body, "__iter__") and not isinstance(body, (str, bytes, dict)):
        return _each_of(body)
    raise TypeError(f"body must give an async iterator of bytes or str, not {type(body).__name__}")


async def _blocks_of(file: Any) -> AsyncIterator[Any]:
    """A file is read in blocks. By lines it could be thousands of pieces, or a single one."""
    while block := await file.read(BLOCK_BYTES):
        yield block


async def _each_of(pieces: Any) -> AsyncIterator[Any]:
    for piece in pieces:
        yield piece


async def _result_of(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def event_loop() -> asyncio.AbstractEventLoop:
    """Returns this worker's loop: the one that the function has set, or a new one.

    A loop that was closed, or that another thread still runs, is replaced.
    """
    loop = _OWN.loop
    if loop is None:
        loop = _loop_of_the_function()
    if loop is None or loop.is_closed() or loop.is_running():
        loop = asyncio.new_event_loop()
    if loop is not _OWN.loop:
        asyncio.set_event_loop(loop)
        _OWN.loop = loop
    return loop


def _loop_of_the_function() -> asyncio.AbstractEventLoop | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # until 3.14 it could make one itself
        try:
            return asyncio.get_event_loop()
        except RuntimeError:
            return None


def run(loop: asyncio.AbstractEventLoop, within_s: float = TICK_S) -> None:
    """Runs `loop` until somebody stops it, for `within_s` seconds at most."""
    timer = loop.call_later(within_s, loop.stop)
    _OWN.postponed = None  # one from before was for callers who have a `check`
    _OWN.is_running = True
    try:
        loop.run_forever()
    finally:
        _OWN.is_running = False
        timer.cancel()


def _cancel(loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any]) -> None:
    """Sees `task` to its end. Raises what its `finally` blocks raise."""
    if task.done():
        if not task.cancelled():
            task.exception()  # asked for, so that asyncio does not log that nobody did
        return
    task.cancel()
    while not task.done():
        run(loop)
    if not task.cancelled():
        task.result()


def _carry_over(context: Context) -> None:
    missing = object()
    for variable, value in context.items():
        if variable.get(missing) is not value:
            variable.set(value)
