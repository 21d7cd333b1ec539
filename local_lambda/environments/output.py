"""Reads what a process group writes, line by line.

`drain` reads at once what is there already, so that a line which a function wrote before its reply
is in the log before the invocation's report, and under its own request id.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable

_READ_BYTES = 64 * 1024
_MAX_LINE_BYTES = 256 * 1024
# A pipe holds 64 KiB, or up to 1 MiB when a program has enlarged it.
_DRAIN_READS = 16


class Output:
    """Reads a pipe and hands each line to `write`, without its end."""

    def __init__(self, read_end: int, write: Callable[[str], None]) -> None:
        self._fd: int | None = read_end
        self._write = write
        self._rest = b""
        os.set_blocking(read_end, False)
        asyncio.get_running_loop().add_reader(read_end, self._read)

    @property
    def is_over(self) -> bool:
        return self._fd is None

    def drain(self, *, is_whole: bool = False) -> None:
        """Reads what has been written so far.

        `is_whole`: who writes is between two invocations, so what has no line end is a line, too.
        The last line of a logged traceback has none.
        """
        for _ in range(_DRAIN_READS):
            if not self._read():
                break
        else:
            return
        if is_whole:
            self._hand_on_rest()

    def close(self) -> None:
        """Reads what is there, and reads no more."""
        self.drain()
        self._end()

    def _read(self) -> bool:
        """Reads once. Returns whether there may be more."""
        if self._fd is None:
            return False
        try:
            piece = os.read(self._fd, _READ_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            piece = b""
        if not piece:
            self._end()
            return False
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > _MAX_LINE_BYTES:
            lines.append(self._rest)
            self._rest = b""
        self._hand_on(lines)
        return True

    def _hand_on(self, lines: list[bytes]) -> None:
        for line in lines:
            # As on Lambda, "\r" ends a line but not the record.
            for part in line.rstrip(b"\r").split(b"\r"):
                self._write(part.decode("utf-8", "replace"))

    def _end(self) -> None:
        if self._fd is None:
            return
        with contextlib.suppress(RuntimeError):  # the loop may be closed already
            asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)
        self._fd = None
        self._hand_on_rest()

    def _hand_on_rest(self) -> None:
        if self._rest:
            self._hand_on([self._rest])
            self._rest = b""
