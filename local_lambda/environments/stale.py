"""Relays TCP connections to one endpoint, and can forget those that are open.

A restored environment still has the sockets of its snapshot, but nobody is at the other end. It
does not see that: the sockets look open until it writes, and then the connection is reset.
"""

import asyncio
import contextlib
import socket
import struct
from urllib.parse import urlsplit

_READ_BYTES = 64 * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class StaleRelay:
    """Listens on this machine at `url`, and passes everything on to `host` and `port`."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._generation = 0  # connections of an earlier one are forgotten
        self._ends: set[asyncio.StreamWriter] = set()
        self.url = ""

    @classmethod
    def before(cls, url: str) -> "StaleRelay | None":
        """Returns a relay to a URL. There is none to an https URL, whose name would not fit."""
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            return None
        return cls(parts.hostname, parts.port or 80)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    def forget(self) -> None:
        """Closes the far ends of all open connections; the near ends are not told."""
        self._generation += 1
        for end in self._ends:
            end.close()
        self._ends.clear()

    async def close(self) -> None:
        if self._server:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._relay(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        generation = self._generation
        back: asyncio.Task[None] | None = None
        far: asyncio.StreamWriter | None = None
        try:
            answers, far = await asyncio.open_connection(*self._target)
            self._ends.add(far)
            back = asyncio.get_running_loop().create_task(self._back(answers, writer, generation))
            while data := await reader.read(_READ_BYTES):
                if generation != self._generation:
                    _reset(writer)
                    return
                far.write(data)
                await far.drain()
        except OSError:
            _reset(writer)
        finally:
            if back:
                back.cancel()
            if far:
                self._ends.discard(far)
                far.close()
            writer.close()

    async def _back(
        self, answers: asyncio.StreamReader, writer: asyncio.StreamWriter, generation: int
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await answers.read(_READ_BYTES):
                writer.write(data)
                await writer.drain()
            if generation == self._generation:
                writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    near = writer.get_extra_info("socket")
    if near is not None and near.fileno() >= 0:
        near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()
