"""How is a thread stopped that waits for something? For sources that do not end by themselves.

Python has no way to end a thread. It can raise an exception there, which comes when the thread runs
Python code again; and a wait for a socket ends when that is shut down.
https://docs.python.org/3/c-api/threads.html#c.PyThreadState_SetAsyncExc
"""

from __future__ import annotations

import ctypes
import socket
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType


def interrupt(thread_id: int, exception: type[BaseException]) -> None:
    """Raises `exception` in a thread as soon as it runs Python code, and wakes it from a socket."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread_id), ctypes.py_object(exception)
    )
    waited_for = _socket_in(sys._current_frames().get(thread_id))
    if waited_for is not None:
        try:
            socket.socket.shutdown(waited_for, socket.SHUT_RDWR)  # without the word of TLS
        except OSError:  # it is closed already
            pass


def _socket_in(frame: FrameType | None) -> socket.socket | None:
    """Returns the socket that the innermost frame waits for; None if it waits for anything else.

    All that reads from sockets in Python has it as `self` or in `self._sock` there: `socket`,
    `ssl`, `http.client` and urllib3, which boto3 uses, and httpcore, which HTTPX uses.
    """
    if frame is None:
        return None
    waiting = frame.f_locals.get("self")
    for each in (waiting, getattr(waiting, "_sock", None)):
        if isinstance(each, socket.socket):
            return each
    return None
