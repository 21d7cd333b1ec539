"""How is a source read, so that its silence is noticed? Blocking ones in a thread of their own.

A reader has `take(wait_s)`, which returns an item, NOTHING when none came in that time, or END, and
raises what the source raises; and `close()`. The source works only while it is asked for an item,
as a generator does.
"""

from __future__ import annotations

import sys
import threading
from contextvars import copy_context
from importlib import import_module

from streaming_runtime.scopes import after_response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Protocol

    class Reader(Protocol):
        def take(self, wait_s: float) -> Any: ...
        def close(self) -> None: ...


PACKAGE = "lambda_streaming.server_sent_events"
NOTHING = object()
END = object()
PATIENCE_S = 0.1  # how long the end of a stream waits for its source's end, twice at the most
WHOLE = (str, bytes, bytearray, memoryview, dict, int, float)


def require_source(source: Any) -> None:
    """Raises TypeError, with a sentence, for what gives no items one after the other."""
    kind = type(source).__name__
    if hasattr(source, "__code__") or isinstance(source, type):
        raise TypeError(f"sse() takes a source of items, not a {kind}: a call is missing")
    if source is None or isinstance(source, WHOLE) or hasattr(source, "model_dump"):
        hint = ""
        if isinstance(source, dict):
            hint = "; of a response of boto3, hand over the stream that is in it"
        raise TypeError(f"sse() takes a source of items, and {kind} is a single one{hint}")
    if isinstance(source, (set, frozenset)):
        raise TypeError(f"sse() takes a source of items in order, and a {kind} has none")
    if not any(hasattr(source, name) for name in SOURCES):
        raise TypeError(f"sse() takes an iterator or an async iterator of items, not {kind}")


SOURCES = ("__iter__", "__next__", "__enter__", "__aiter__", "__aenter__", "__await__")


def is_asynchronous(source: Any) -> bool:
    """Whether an event loop must read `source`. What can be read without one is, as in bodies."""
    if hasattr(source, "__await__"):  # a task has `__iter__`, too
        return True
    return not any(hasattr(source, name) for name in ("__iter__", "__next__", "__enter__"))


def reader_of(source: Any, *, in_thread: bool) -> Reader:
    """Returns a reader for code that blocks.

    `in_thread`: a blocking source must not keep the caller waiting. A list or tuple never does.
    """
    if is_asynchronous(source):
        return LoopReader(source)
    if in_thread and not isinstance(source, (list, tuple, range)):
        return ThreadReader(source)
    return DirectReader(source)


def items_of(source: Any) -> Iterator[Any]:
    """Yields the items of a blocking source, and closes it."""
    if hasattr(source, "__iter__") or hasattr(source, "__next__"):
        items = source
        if hasattr(source, "__iter__"):
            items = iter(source)
        try:
            while (item := next(items, END)) is not END:
                yield item
        finally:
            if items is not source:
                _close(items)
            _close(source)
    else:
        with source as entered:
            require_source(entered)
            yield from items_of(iter(entered))


def _close(source: Any) -> None:
    if hasattr(source, "close"):
        source.close()


class DirectReader:
    """Reads in the caller's thread, however long that takes."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._items: Any = None

    def take(self, wait_s: float) -> Any:  # noqa: ARG002
        if self._items is None:
            self._items = items_of(self._source)
        return next(self._items, END)

    def close(self) -> None:
        if self._items is not None:
            self._items.close()
        else:
            _close(self._source)


class LoopReader:
    """Reads an asynchronous source by the event loop of the runtime's worker."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._items: Any = None

    def take(self, wait_s: float) -> Any:
        if self._items is None:
            self._items = import_module(f"{PACKAGE}.async_sources").Ticking(self._source)
        item = self._items.take(wait_s)
        if type(item) is bytes and not item:
            return NOTHING
        return item

    def close(self) -> None:
        if self._items is not None:
            self._items.close()
        else:
            import_module("streaming_runtime.asynchronous").close(self._source)


class Stopped(BaseException):
    """Ends a source that still waits for something when its stream is closed."""


class ThreadReader:
    """Reads a blocking source in a thread, which starts with the first item that is asked for.

    Two locks are the whole exchange: `_asked` is released for each item that is wanted, and
    `_given` for each that is there. So the thread is never ahead of its reader.
    """

    def __init__(self, source: Any) -> None:
        self._source = source
        self._thread: threading.Thread | None = None
        self._asked = threading.Lock()
        self._given = threading.Lock()
        self._asked.acquire()
        self._given.acquire()
        self._edge = threading.Lock()  # held while the thread enters or leaves the source
        self._is_asked = False
        self._is_stopped = False
        self._is_inside = False
        self._is_interrupted = False
        self._wake: Callable[[], object] | None = None
        self._item: Any = None
        self._error: BaseException | None = None

    def take(self, wait_s: float) -> Any:
        self.ask()
        if not self._given.acquire(timeout=wait_s):
            return NOTHING
        self._is_asked = False
        item = self._item
        self._item = None
        if self._error is not None:
            error = self._error
            self._error = None
            raise error
        return item

    def ask(self, wake: Callable[[], object] | None = None) -> None:
        """Asks for an item, unless one is on its way. `wake` is called in the thread when it is."""
        if self._is_asked or self._is_stopped:
            return
        self._wake = wake
        self._is_asked = True
        if self._thread is None:
            work = copy_context().run
            self._thread = threading.Thread(
                target=work, args=(self._work,), name="lambda_streaming.sse", daemon=True
            )
            self._thread.start()
        self._asked.release()

    def close(self) -> None:
        """Has the thread close the source, and waits for the thread's end if that comes soon.

        A source that is busy is interrupted. What it waits for may last longer than that: then the
        client gets its end, and the thread is waited for after the response. Raises what the
        closing raises.
        """
        if self._is_stopped:
            return
        self._is_stopped = True
        thread = self._thread
        if thread is None:
            _close(self._source)
            return
        if self._asked.locked():
            self._asked.release()
        thread.join(PATIENCE_S)
        if thread.is_alive():
            self._interrupt(thread)
            thread.join(PATIENCE_S)
        if thread.is_alive() and after_response(thread.join):
            from logging import getLogger

            getLogger(__name__).warning(
                "sse.source_waits: the source does not come back from a wait that nothing can "
                "interrupt, and the invocation lasts until it does, or until the timeout"
            )
        elif self._error is not None and not self._is_interrupted:
            raise self._error

    def _work(self) -> None:
        items: Any = items_of(self._source)
        try:
            self._read(items)
        except BaseException as error:
            self._error = error
        try:
            items.close()
        except BaseException as error:
            self._error = self._error or error
        self._give(END)

    def _read(self, items: Iterator[Any]) -> None:
        has_begun = False
        while True:
            self._asked.acquire()
            with self._edge:
                if self._is_stopped:
                    if not has_begun:  # a generator that never began closes nothing
                        _close(self._source)
                    return
                self._is_inside = True
            has_begun = True
            item = next(items, END)
            with self._edge:
                self._is_inside = False
            if item is END:
                return
            self._give(item)

    def _give(self, item: Any) -> None:
        wake = self._wake
        self._item = item
        try:
            self._given.release()
        except RuntimeError:  # nobody has taken the last item: the reader is closed
            return
        if wake is not None:
            wake()

    def _interrupt(self, thread: threading.Thread) -> None:
        self._is_interrupted = True
        with self._edge:
            if self._is_inside and thread.ident is not None:
                import_module(f"{PACKAGE}.interrupting").interrupt(thread.ident, Stopped)


def running_loop() -> bool:
    """Whether an event loop runs in this thread."""
    asyncio: Any = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None
