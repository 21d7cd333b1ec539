"""Serves HTTP/1.1 on asyncio and h11, with every piece of a body and the trailers.

Lambda's Runtime API needs both, and server frameworks hide them: https://h11.readthedocs.io
"""

import asyncio
import contextlib
import logging
import select
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import h11

from local_lambda.http.messages import Headers, HttpResponse

_log = logging.getLogger(__name__)
_READ_BYTES = 64 * 1024
_MAX_REQUEST_HEAD_BYTES = 1024 * 1024  # a Function URL accepts 1 MB of request line and headers
_BUFFER_BYTES = 64 * 1024
_LINGER_BYTES = 256 * 1024
_LINGER_S = 1.0


class BodyTooLarge(Exception):
    """The request's body is over the limit."""


class ClientGone(Exception):
    """The other side of the connection no longer reads."""


class HttpExchange:
    """Reads one request and sends its response."""

    def __init__(self, connection: "_Connection", request: h11.Request) -> None:
        self._connection = connection
        self.method = request.method.decode()
        self.target = request.target.decode("latin-1")
        self.headers = _decoded(request.headers.raw_items())
        self.trailers: Headers = ()
        self.peer_ip: str = connection.peer_ip
        self.started = False

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yields each piece of the body as it arrives, then sets `trailers`.

        Raises h11.RemoteProtocolError when the body is cut.
        """
        while True:
            event = await self._connection.next_event()
            if isinstance(event, h11.Data):
                yield bytes(event.data)
                continue
            if isinstance(event, h11.EndOfMessage):
                self.trailers = _decoded(list(event.headers))
            elif isinstance(event, h11.ConnectionClosed):
                raise h11.RemoteProtocolError("connection closed within the body")
            return

    async def body(self, limit_bytes: int) -> bytes:
        """Reads the whole body. Raises BodyTooLarge."""
        body = bytearray()
        async for piece in self.pieces():
            body += piece
            if len(body) > limit_bytes:
                raise BodyTooLarge
        return bytes(body)

    async def respond(self, response: HttpResponse) -> None:
        """Sends a complete response."""
        framing = ("content-length", "transfer-encoding")
        headers = [pair for pair in response.headers if pair[0].lower() not in framing]
        if response.status != 204:
            headers.append(("Content-Length", str(len(response.body))))
        await self.start(response.status, tuple(headers))
        if response.body:
            await self.send(response.body)
        await self.finish()

    async def start(self, status: int, headers: Headers) -> None:
        self.started = True
        encoded = [(name.encode("latin-1"), value.strip().encode()) for name, value in headers]
        await self._connection.send(h11.Response(status_code=status, headers=encoded))
        self.bodiless = self.method == "HEAD" or status in (204, 304)

    async def send(self, piece: bytes) -> None:
        if not self.bodiless and piece:
            await self._connection.send(h11.Data(data=piece))

    async def finish(self) -> None:
        await self._connection.send(h11.EndOfMessage())

    def abort(self) -> None:
        """Resets the connection and drops bytes that are still on their way."""
        self._connection.abort()

    async def peer_closed(self) -> None:
        """Returns when the other side closes while it waits for the response."""
        await self._connection.read_until_closed()

    @property
    def is_reset(self) -> bool:
        """Whether the other side has reset the connection, even while nothing is read from it."""
        return self._connection.is_reset

    async def linger(self) -> None:
        """Reads on for a moment after an early response.

        The other side can then read the response before the connection is reset.
        """
        with contextlib.suppress(TimeoutError, h11.RemoteProtocolError, ConnectionError):
            async with asyncio.timeout(_LINGER_S):
                await self.body(_LINGER_BYTES)


def _decoded(headers: list[tuple[bytes, bytes]]) -> Headers:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


Handler = Callable[[HttpExchange], Awaitable[None]]


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_REQUEST_HEAD_BYTES)
        self.peer_ip = (writer.get_extra_info("peername") or ("",))[0]

    async def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            if self._http.they_are_waiting_for_100_continue:
                await self.send(h11.InformationalResponse(status_code=100, headers=[]))
            self._http.receive_data(await self._read())

    async def _read(self) -> bytes:
        try:
            return await self._reader.read(_READ_BYTES)
        except ConnectionError:
            return b""

    async def read_until_closed(self) -> None:
        while data := await self._read():
            self._http.receive_data(data)

    async def send(self, event: h11.Event) -> None:
        data = self._http.send(event) or b""
        if self._writer.transport.is_closing():
            raise ClientGone
        try:
            self._writer.write(data)
            await self._writer.drain()
        except ConnectionError as error:
            raise ClientGone from error

    def abort(self) -> None:
        self._writer.transport.abort()

    @property
    def is_reset(self) -> bool:
        connection = self._writer.get_extra_info("socket")
        if self._writer.transport.is_closing() or connection is None or connection.fileno() < 0:
            return True
        errors = select.poll()
        errors.register(connection, 0)  # errors and hang-ups are reported without being asked for
        return bool(errors.poll(0))

    async def serve(self, handler: Handler) -> None:
        while True:
            event = await self.next_event()
            if not isinstance(event, h11.Request):
                return
            exchange = HttpExchange(self, event)
            await handler(exchange)
            if self._http.our_state not in (h11.DONE, h11.MUST_CLOSE):
                return  # the handler did not finish the response: closing shows that it was cut
            if self._http.their_state is h11.SEND_BODY:
                await exchange.linger()
                return
            if (self._http.our_state, self._http.their_state) != (h11.DONE, h11.DONE):
                return
            self._http.start_next_cycle()


class HttpServer:
    """Listens on 127.0.0.1, hands every request to `handler`, and ends all its tasks on close."""

    def __init__(self, handler: Handler, name: str) -> None:
        self._handler = handler
        self._name = name
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    async def start(self, port: int = 0) -> None:
        """Raises OSError when the port is taken."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port, backlog=512)
        # A slow client is felt early, and evenly. By itself, a buffer may grow to several MB.
        for listener in self._server.sockets:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]

    async def drain(self, within_s: float) -> None:
        """Lets connections read the bytes that a process sent before it exited."""
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=within_s)

    async def close(self) -> None:
        if self._server:
            self._server.close()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer), name=self._name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(reader, writer)
        try:
            await connection.serve(self._handler)
            writer.close()
        except (h11.ProtocolError, ClientGone) as error:
            _log.debug("connection.broken server=%s error=%r", self._name, error)
            connection.abort()
        except Exception:
            _log.exception("connection.failed server=%s", self._name)
            connection.abort()
        finally:
            writer.close()
