"""Serves HTTP/1.1 on asyncio and h11, with every piece of a body and the trailers.

Lambda's Runtime API needs both, and server frameworks hide them: https://h11.readthedocs.io
"""

import asyncio
import contextlib
import logging
import select
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus

import h11

from local_lambda.http import addresses
from local_lambda.http.messages import Headers, HttpResponse, json_response

_log = logging.getLogger(__name__)
_READ_BYTES = 64 * 1024
_MAX_REQUEST_HEAD_BYTES = 1024 * 1024  # a Function URL accepts 1 MB of request line and headers
_BUFFER_BYTES = 64 * 1024
_LINGER_BYTES = 1024 * 1024 * 1024
_LINGER_S = 1.0
_BACKLOG = 512


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
        self._is_ambiguous = _has_two_lengths(request)
        self.started = False
        self.sent_bytes = 0  # counts the body alone
        self.status = 0
        self.sent_headers: Headers = ()
        self.keeps_bytes = 0  # so much of the response's body stays in `kept`
        self.kept = bytearray()

    @property
    def path(self) -> str:
        """Returns the target for logs: without the query, which may hold what is secret."""
        return self.target.partition("?")[0]

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
        """Sends a complete response; closes the connection if the request is not read whole."""
        framing = ("content-length", "transfer-encoding")
        headers = [pair for pair in response.headers if pair[0].lower() not in framing]
        if response.status != 204:
            headers.append(("Content-Length", str(len(response.body))))
        if self._is_ambiguous or not self._connection.request_ended():
            headers.append(("Connection", "close"))
        await self.start(response.status, tuple(headers), reason=response.reason)
        if response.body:
            await self.send(response.body)
        await self.finish()

    async def start(self, status: int, headers: Headers, reason: str = "") -> None:
        """Sends status and headers, which `is_header` has accepted."""
        self.started = True
        self.status, self.sent_headers = status, headers
        self.bodiless = self.method == "HEAD" or status in (204, 304)
        await self._connection.send(
            h11.Response(
                status_code=status,
                headers=_encoded(headers),
                reason=(reason or _reason(status)).encode("latin-1", "replace"),
            )
        )

    async def send(self, piece: bytes) -> None:
        if not self.bodiless and piece:
            await self._connection.send(h11.Data(data=piece))
            self.sent_bytes += len(piece)
            self.kept += piece[: max(0, self.keeps_bytes - len(self.kept))]

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


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _encoded(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.strip().encode("latin-1")) for name, value in headers]


def _decoded(headers: list[tuple[bytes, bytes]]) -> Headers:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


Handler = Callable[[HttpExchange], Awaitable[None]]


class _Connection:
    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, linger_s: float
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._linger_s = linger_s
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

    def request_ended(self) -> bool:
        """Drops what has arrived of a request's body. Returns whether that was all."""
        with contextlib.suppress(h11.RemoteProtocolError):
            while self._http.their_state is h11.SEND_BODY:
                if self._http.next_event() is h11.NEED_DATA:
                    break
        return self._http.their_state not in (h11.SEND_BODY, h11.ERROR)

    async def serve(self, handler: Handler) -> None:
        """Serves one request after the other. Malformed HTTP gets 400."""
        try:
            await self._serve(handler)
        except h11.RemoteProtocolError as error:
            if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
                raise
            await self._refuse(error)

    async def _refuse(self, error: h11.RemoteProtocolError) -> None:
        _log.info("request.malformed %s", error)
        response = json_response(error.error_status_hint, '{"message":"Bad Request"}')
        headers = (*response.headers, ("Content-Length", str(len(response.body))))
        await self.send(
            h11.Response(
                status_code=response.status,
                headers=_encoded((*headers, ("Connection", "close"))),
                reason=_reason(response.status).encode(),
            )
        )
        await self.send(h11.Data(data=response.body))
        await self.send(h11.EndOfMessage())
        await self._linger()

    async def _linger(self) -> None:
        """Ends the sending half and reads on for a while after an early response.

        The other side can then read the response before the connection is reset.
        """
        with contextlib.suppress(TimeoutError, OSError):
            self._writer.write_eof()
            async with asyncio.timeout(self._linger_s):
                left_bytes = _LINGER_BYTES
                while left_bytes > 0 and (data := await self._read()):
                    left_bytes -= len(data)

    async def _serve(self, handler: Handler) -> None:
        while True:
            event = await self.next_event()
            if not isinstance(event, h11.Request):
                return
            if event.http_version not in (b"1.0", b"1.1"):
                raise h11.RemoteProtocolError("not HTTP/1.0 or 1.1", error_status_hint=505)
            if _head_bytes(event) > _MAX_REQUEST_HEAD_BYTES:  # h11 looks at incomplete heads only
                raise h11.RemoteProtocolError("the head is too long", error_status_hint=431)
            exchange = HttpExchange(self, event)
            await handler(exchange)
            if self._http.our_state not in (h11.DONE, h11.MUST_CLOSE):
                return  # the handler did not finish the response: closing shows that it was cut
            if not self.request_ended():
                await self._linger()
                return
            if (self._http.our_state, self._http.their_state) != (h11.DONE, h11.DONE):
                return
            if _has_two_lengths(event):
                await self._linger()
                return
            self._http.start_next_cycle()


def _has_two_lengths(request: h11.Request) -> bool:
    """Whether the chunks have a length beside them: then a server must close (RFC 9112, 6.1)."""
    names = {name for name, _ in request.headers}
    return {b"content-length", b"transfer-encoding"} <= names


def _head_bytes(request: h11.Request) -> int:
    fields = sum(len(name) + len(value) + len(b": \r\n") for name, value in request.headers)
    return len(request.method) + len(request.target) + len(b"  HTTP/1.1\r\n") + fields


class HttpServer:
    """Listens, hands every request to `handler`, and ends all its tasks on close.

    After a response that came before the end of its request, a connection is read on for
    `linger_s`.
    """

    def __init__(self, handler: Handler, name: str, linger_s: float = _LINGER_S) -> None:
        self._handler = handler
        self._name = name
        self._linger_s = linger_s
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.host = addresses.LOOPBACK
        self.port = 0

    @property
    def url(self) -> str:
        """Returns the URL for clients on this machine."""
        return addresses.origin(self.host, self.port)

    @property
    def network_url(self) -> str | None:
        """Returns the URL for clients in the network, or None if it is for this machine alone."""
        return addresses.network_origin(self.host, self.port)

    async def start(self, port: int = 0, host: str = addresses.LOOPBACK) -> None:
        """Raises OSError when the port is taken, or `host` is not an address of this machine."""
        self.host = host
        # asyncio's own binding loses the reason of a failure.
        listening = addresses.listen(host, port)
        self._server = await asyncio.start_server(self._accept, sock=listening, backlog=_BACKLOG)
        # A slow client is felt early, and evenly. By itself, a buffer may grow to several MB.
        for listener in self._server.sockets:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            # Otherwise the body waits up to 40 ms for the client's acknowledgement of the head.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = self._server.sockets[0].getsockname()[1]

    def serve_with(self, handler: Handler) -> None:
        """Hands further requests to another handler, also those of open connections."""
        self._handler = handler

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
        connection = _Connection(reader, writer, self._linger_s)
        try:
            await connection.serve(lambda exchange: self._handler(exchange))
            writer.close()
        except (h11.ProtocolError, ClientGone) as error:
            _log.debug("connection.broken server=%s error=%r", self._name, error)
            connection.abort()
        except Exception:
            _log.exception("connection.failed server=%s", self._name)
            connection.abort()
        finally:
            writer.close()
