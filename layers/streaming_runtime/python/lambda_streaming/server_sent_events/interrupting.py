"""How is a thread stopped that waits for something? For sources that do not end by themselves.

Python has no way to end a thread. It can raise an exception there, which comes when the thread runs
Python code again. A wait for a socket ends when that is shut down, and one for a condition (those
of `queue.Queue`, `threading.Event` and futures are) when its lock is released.
https://docs.python.org/3/c-api/threads.html#c.PyThreadState_SetAsyncExc
"""

from __future__ import annotations

import ctypes
import gc
import socket
import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType


def interrupt(thread_id: int, exception: type[BaseException]) -> None:
    """Raises `exception` in a thread as soon as it runs Python code, and ends what it waits for."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread_id), ctypes.py_object(exception)
    )
    frame = _frame_of(thread_id)
    if frame is not None:
        _end_wait_for_socket(frame)
        _end_wait_for_condition(frame)


def _frame_of(thread_id: int) -> FrameType | None:
    """Returns the innermost frame of a thread, unless that has ended.

    No garbage is collected meanwhile. Python before 3.11.8 holds the list of threads as it makes
    the frames; a collection then may let another thread run, which waits for that list to end, with
    all of Python stopped for ever: https://github.com/python/cpython/issues/106883
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return sys._current_frames().get(thread_id)
    finally:
        if collects:
            gc.enable()


def _end_wait_for_socket(frame: FrameType) -> None:
    """Shuts the socket down that the innermost frame waits for.

    All that reads from sockets in Python has it as `self` or in `self._sock` there: `socket`,
    `ssl`, `http.client` and urllib3, which boto3 uses, and httpcore, which HTTPX uses.
    """
    waiting = frame.f_locals.get("self")
    for each in (waiting, getattr(waiting, "_sock", None)):
        if isinstance(each, socket.socket):
            try:
                socket.socket.shutdown(each, socket.SHUT_RDWR)  # without the word of TLS
            except OSError:  # it is closed already
                pass


def _end_wait_for_condition(frame: FrameType) -> None:
    """Releases the lock that `threading.Condition.wait` waits for, as `notify` does."""
    if frame.f_code is not threading.Condition.wait.__code__:
        return
    waiter = frame.f_locals.get("waiter")
    try:
        if waiter is not None:
            waiter.release()
    except RuntimeError:  # somebody was faster
        pass
