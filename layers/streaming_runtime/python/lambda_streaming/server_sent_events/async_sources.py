"""How does an event loop read a source? Imported by none but those who have one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from streaming_runtime import asynchronous

from lambda_streaming.server_sent_events.sources import (
    END,
    NOTHING,
    ThreadReader,
    is_asynchronous,
    items_of,
    require_source,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Protocol

    class AsyncReader(Protocol):
        async def take(self, wait_s: float | None) -> Any: ...
        async def close(self) -> None: ...


class Ticking:
    """Yields the items of an asynchronous source, and `b""` while there is none."""

    def __init__(self, source: Any) -> None:
        self._loop = asynchronous.event_loop()
        self._items: Any = asynchronous.pieces_of(async_items_of(source))

    def take(self, wait_s: float) -> Any:
        """Returns an item, or `b""` when none came in that time, or END."""
        if wait_s < asynchronous.TICK_S:
            # One that fires while something else is waited for is only an earlier tick.
            self._loop.call_later(wait_s, self._loop.stop)
        return next(self._items, END)

    def close(self) -> None:
        self._items.close()


async def async_items_of(source: Any) -> AsyncIterator[Any]:
    """Yields the items of a source, which may be a coroutine that gives one, and closes it."""
    if hasattr(source, "__await__") and not hasattr(source, "__aenter__"):
        source = await source
        require_source(source)
    if hasattr(source, "__aenter__"):
        async with source as entered:
            require_source(entered)
            async for item in _each(entered):
                yield item
    else:
        async for item in _each(source):
            yield item


async def _each(source: Any) -> AsyncIterator[Any]:
    if not hasattr(source, "__aiter__"):
        for item in items_of(source):
            yield item
        return
    items = aiter(source)
    try:
        async for item in items:
            yield item
    finally:
        if items is not source:
            await _close(items)
        await _close(source)


async def _close(source: Any) -> None:
    closing = getattr(source, "aclose", None) or getattr(source, "close", None)
    if closing is not None:
        closed = closing()
        if hasattr(closed, "__await__"):
            await closed


def async_reader_of(source: Any, *, in_thread: bool) -> AsyncReader:
    """Returns a reader for code that an event loop runs."""
    if in_thread and not is_asynchronous(source) and not isinstance(source, (list, tuple, range)):
        return AwaitedThreadReader(source)
    return TaskReader(source)


class _Bell:
    """Something that one task waits for, until it is rung or the time is over."""

    def __init__(self) -> None:
        self._waiting: asyncio.Future[None] | None = None

    async def wait(self, wait_s: float | None) -> None:
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        timer = None
        if wait_s is not None:
            timer = loop.call_later(wait_s, self.ring)
        try:
            await self._waiting
        finally:
            self._waiting = None
            if timer is not None:
                timer.cancel()

    def ring(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class TaskReader:
    """Reads in one task from the first item to the last, as timeouts and task groups want it."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._task: asyncio.Task[None] | None = None
        self._is_asked = False
        self._asked = _Bell()
        self._given = _Bell()
        self._item: Any = NOTHING

    async def take(self, wait_s: float | None) -> Any:
        self._is_asked = True
        self._asked.ring()
        if self._task is None:
            self._task = asyncio.create_task(self._read())
            self._task.add_done_callback(lambda _: self._given.ring())
        if self._item is NOTHING and not self._task.done():
            await self._given.wait(wait_s)
        if self._item is not NOTHING:
            item = self._item
            self._item = NOTHING
            return item
        if self._task.done():
            self._task.result()
            return END
        return NOTHING

    async def close(self) -> None:
        """Cancels what the source waits for, or closes it where it yielded."""
        if self._task is None:
            await _close(self._source)
            return
        if self._task.done():
            return
        self._task.cancel()
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.result()

    async def _read(self) -> None:
        items: Any = async_items_of(self._source)
        try:
            async for item in items:
                self._is_asked = False
                self._item = item
                self._given.ring()
                while not self._is_asked:
                    await self._asked.wait(None)
        finally:
            await items.aclose()


class AwaitedThreadReader:
    """Reads a blocking source in a thread of its own, while the event loop goes on."""

    def __init__(self, source: Any) -> None:
        self._reader = ThreadReader(source)
        self._bell = _Bell()

    async def take(self, wait_s: float | None) -> Any:
        loop = asyncio.get_running_loop()
        self._reader.ask(lambda: self._ring_in(loop))
        item = self._reader.take(0)
        if item is not NOTHING:
            return item
        await self._bell.wait(wait_s)
        return self._reader.take(0)

    async def close(self) -> None:
        """Closes it without a pause of its own: whoever is cancelled cannot wait any more."""
        self._reader.close()

    def _ring_in(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            loop.call_soon_threadsafe(self._bell.ring)
        except RuntimeError:  # the loop is closed, and nobody waits any more
            pass
