"""A relay of bytes for each client: an address that stays, and a witness of what was said.

The service sees each relay as a client of its own, since it connects from an address of its own.
"""

import asyncio
import re
import threading
from collections.abc import Coroutine
from typing import Any
from urllib.parse import urlsplit

HEAD_END = b"\r\n\r\n"
WHOLE_END = b"0\r\n\r\n"  # the last chunk
PIECE = 65_536


class Exchange:
    """One request and its response. `status` is None until the response's head has come.

    `whole`: the body's last chunk has come. `over`: the connection has ended, whole or not.
    """

    def __init__(self, request_head: str) -> None:
        self.request_head = request_head
        self.status: int | None = None
        self.connection_id = ""
        self.whole = False
        self.over = False
        self._head = b""
        self._tail = b""

    @property
    def is_stream(self) -> bool:
        return self.request_head.startswith("GET /api/v2/stream?") or (
            self.request_head.startswith("GET /api/v2/stream ")
        )

    @property
    def position_said(self) -> set[str]:
        """Returns how the client said its position: `header`, and the names of parameters."""
        line, _, fields = self.request_head.partition("\r\n")
        said = set(re.findall(r"[?&](last_?event_?id)=[^& ]", line, re.IGNORECASE))
        if re.search(r"^last-event-id: *\S", fields, re.IGNORECASE | re.MULTILINE):
            said.add("header")
        return said

    @property
    def has_opened(self) -> bool:
        """Tells whether this is a stream with a slot. One that could not open is 200, too."""
        return self.status == 200 and self.connection_id != ""

    @property
    def cut(self) -> bool:
        """Tells whether this is a stream that ended in the middle."""
        return self.has_opened and self.over and not self.whole

    def hear(self, data: bytes) -> None:
        """Takes what the service sent."""
        if self.status is None:
            self._head += data
            head, end, data = self._head.partition(HEAD_END)
            if not end:
                return
            text = head.decode("latin-1")
            self.status = int(text.split(" ", 2)[1])
            if found := re.search(r"^x-connection-id: *(\S+)", text, re.IGNORECASE | re.MULTILINE):
                self.connection_id = found[1]
        self._tail = (self._tail + data)[-len(WHOLE_END) :]
        self.whole = self._tail == WHOLE_END


class Relay:
    """Listens at `port` for one client, and connects to the service from the address `source`."""

    def __init__(self, relays: "Relays", source: str) -> None:
        self.port = 0
        self.exchanges: list[Exchange] = []
        self._relays = relays
        self._source = source
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v2/stream"

    @property
    def source(self) -> str:
        return self._source

    def streams(self) -> list[Exchange]:
        return [each for each in self.exchanges if each.is_stream]

    def current(self) -> Exchange | None:
        """Returns the open stream."""
        streams = self.streams()
        last = streams[-1] if streams else None
        if last and last.has_opened and not (last.whole or last.over):
            return last
        return None

    def left_behind(self) -> list[str]:
        """Returns the ids of the connections that were cut: the service may not know it yet."""
        return [each.connection_id for each in self.streams() if each.connection_id and each.cut]

    def count(self, status: int) -> int:
        return sum(each.status == status for each in self.streams())

    def planned_ends(self) -> int:
        return sum(each.whole and each.has_opened for each in self.streams())

    def cuts(self) -> int:
        """Returns how many streams ended in the middle."""
        return sum(each.cut for each in self.streams())

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Refuses connections from now on, and resets those that are open."""
        assert self._server, "it listens"
        self._server.close()
        await self.cut()

    async def cut(self) -> None:
        """Resets the open connections, as a network does that is lost."""
        for writer in tuple(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        exchanges: list[Exchange] = []
        try:
            service = await asyncio.open_connection(
                *self._relays.service, local_addr=(self._source, 0)
            )
        except OSError:
            writer.transport.abort()
            self._open.discard(writer)
            return
        self._open.add(service[1])
        upward = asyncio.create_task(self._pass_requests(reader, service[1], exchanges))
        downward = asyncio.create_task(self._pass_responses(service[0], writer, exchanges))
        await asyncio.wait({upward, downward}, return_when=asyncio.FIRST_COMPLETED)
        for exchange in exchanges:
            exchange.over = True
        for task in (upward, downward):
            task.cancel()
        for each in (writer, service[1]):
            each.transport.abort() if each.transport.is_closing() else each.close()
            self._open.discard(each)

    async def _pass_requests(
        self,
        client: asyncio.StreamReader,
        service: asyncio.StreamWriter,
        exchanges: list[Exchange],
    ) -> None:
        """Notes each request. None has a body, and none comes before the last response's end."""
        unread = b""
        while data := await _piece(client):
            unread += data
            while HEAD_END in unread:
                head, _, unread = unread.partition(HEAD_END)
                exchanges.append(Exchange(head.decode("latin-1")))
                self.exchanges.append(exchanges[-1])
            service.write(data)

    async def _pass_responses(
        self,
        service: asyncio.StreamReader,
        client: asyncio.StreamWriter,
        exchanges: list[Exchange],
    ) -> None:
        while data := await _piece(service):
            if exchanges:
                exchanges[-1].hear(data)
            client.write(data)
        await client.drain()


async def _piece(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(PIECE)
    except OSError:
        return b""


class Relays:
    """Runs relays on a loop in a thread of its own. `service`: host and port that they lead to."""

    def __init__(self) -> None:
        self.service = ("127.0.0.1", 0)
        self._all: list[Relay] = []
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def lead_to(self, service_url: str) -> None:
        address = urlsplit(service_url)
        self.service = (str(address.hostname), int(address.port or 80))

    def add(self, source: str) -> Relay:
        relay = Relay(self, source)
        self._run(relay.listen())
        self._all.append(relay)
        return relay

    def cut(self) -> None:
        """Cuts all open connections."""
        for relay in self._all:
            self._run(relay.cut())

    def shut(self) -> None:
        """Is gone, as a service that restarts: open connections are reset, new ones refused."""
        for relay in self._all:
            self._run(relay.close())

    def open_again(self) -> None:
        for relay in self._all:
            self._run(relay.listen())

    def close(self) -> None:
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)
