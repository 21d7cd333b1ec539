"""How does a request get to the server, and what comes back? The only module with sockets.

Checks need the bytes, the chunks and the header lines as they are on the wire, which HTTP
libraries hide.
"""

import contextlib
import math
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from event_stream import Decoder, EventTooLargeError, Received

from sse_conformance import capture as ends
from sse_conformance.capture import Capture
from sse_conformance.errors import HandshakeError, describe
from sse_conformance.http1 import NotHttpError, ResponseReader
from sse_conformance.target import Target

_PIECE_BYTES = 65536
_WIDE_BUFFER_BYTES = 1024 * 1024
_LOOK_S = 0.05
_LONGEST_BODY_BYTES = 64 * 1024 * 1024
Stop = Callable[["Stream"], bool]


class NoTimeError(Exception):
    """The time of the whole run is over, so that nothing more is asked or read."""


@dataclass(frozen=True)
class Request:
    """A request as it is sent; the values of headers are bytes, so that any can be tried."""

    target: Target
    method: str = "GET"
    headers: tuple[tuple[str, bytes], ...] = ()
    body: bytes = b""
    asked: str = "GET"

    def as_bytes(self) -> bytes:
        """Returns the request's bytes."""
        lines = [
            f"{self.method} {self.target.path} HTTP/1.1".encode("latin-1"),
            f"Host: {self.target.authority}".encode("latin-1"),
            *(name.encode("latin-1") + b": " + value for name, value in self.headers),
        ]
        if self.body:
            lines.append(b"Content-Length: %d" % len(self.body))
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


@dataclass
class Wire:
    """Opens connections. The context of TLS is made once, because that takes a while."""

    connect_s: float = 10
    tls: ssl.SSLContext | None = None
    buffer_bytes: int = 0  # size for receive buffers; 0 is the system's choice
    deadline: float = math.inf  # on the monotonic clock; after it nothing is opened or read

    def connect(self, target: Target) -> socket.socket:
        """Returns a connection. Raises OSError (TLS errors are such, too)."""
        left_s = max(0.1, min(self.connect_s, self.deadline - time.monotonic()))
        connection = socket.create_connection((target.host, target.port), left_s)
        try:
            if self.buffer_bytes:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.buffer_bytes)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if target.scheme == "https":
                return self._with_tls(connection, target.host.partition("%")[0])
        except BaseException:
            connection.close()
            raise
        return connection

    def _with_tls(self, connection: socket.socket, name: str) -> ssl.SSLSocket:
        context = self.tls or ssl.create_default_context()
        try:
            return context.wrap_socket(connection, server_hostname=name)
        except TimeoutError:
            raise HandshakeError("TLS: no handshake in time") from None

    def with_buffer(self, some_bytes: int) -> "Wire":
        """Returns a wire whose connections take few bytes before the server must wait."""
        return replace(self, buffer_bytes=some_bytes)

    def open(self, request: Request) -> "Stream":
        """Sends a request. What fails is told by the stream's capture, and never raised.

        Raises NoTimeError after the deadline.
        """
        if time.monotonic() >= self.deadline:
            raise NoTimeError
        stream = Stream(
            Capture(asked=request.asked),
            to_head=request.method == "HEAD",
            deadline=self.deadline,
        )
        try:
            stream.begin(self.connect(request.target), request.as_bytes())
        except (OSError, UnicodeError) as error:
            stream.fail(error)
        return stream


@dataclass
class Stream:
    """An open response, which is read as far as the caller wants it to be."""

    capture: Capture
    to_head: bool = False
    events: list[Received] = field(default_factory=list)  # all that a client dispatched so far
    last_read_s: float = 0.0
    deadline: float = math.inf
    _socket: socket.socket | None = None
    _started: float = 0.0

    def begin(self, connection: socket.socket, request: bytes) -> None:
        """Sends the request on a fresh connection."""
        self._socket = connection
        self._reader = ResponseReader(to_head=self.to_head)
        self._decoder: Decoder | None = Decoder()
        self._started = time.monotonic()
        self.capture.ended = ends.LEFT
        connection.sendall(request)

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def age_s(self) -> float:
        """Seconds since the request was sent."""
        return time.monotonic() - self._started

    @property
    def is_over(self) -> bool:
        """Whether nothing more can come."""
        return self._socket is None

    @property
    def body_bytes(self) -> int:
        """How many bytes of the body came so far."""
        return len(self._reader.body) if self._started else 0

    def fail(self, error: Exception) -> None:
        """Keeps why nothing (more) can be read."""
        self.capture.error = describe(error)
        self.capture.ended = ends.CUT if self.capture.head else ends.FAILED
        self._release()

    def read(self, seconds: float, stop: Stop | None = None, quiet_s: float | None = None) -> bool:
        """Reads until `stop` says so, the response is over, or time is up.

        quiet_s: also ends when a body has begun and no byte came for that long.

        Returns whether `stop` said so. Raises NoTimeError if the deadline was over before.
        """
        if time.monotonic() >= self.deadline:
            raise NoTimeError
        until = min(time.monotonic() + seconds, self.deadline)
        while not self.is_over and self.capture.ended != ends.COMPLETE:
            if stop and stop(self):
                return True
            wait_s = until - time.monotonic()
            if quiet_s is not None and self.body_bytes:
                wait_s = min(wait_s, self.last_read_s + quiet_s - self.age_s)
            if wait_s <= 0:
                return False
            # `stop` may look at the time as well.
            self._receive(min(wait_s, _LOOK_S) if stop else wait_s)
        return bool(stop and stop(self))

    def read_slowly(self, some_bytes: int, wait_s: float) -> None:
        """Reads once, at most so many bytes: a client that hardly reads."""
        if not self.is_over:
            self._receive(wait_s, some_bytes)

    def widen(self) -> None:
        """Gives the connection a large buffer again, so that it can be read as fast as others."""
        if self._socket:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _WIDE_BUFFER_BYTES)

    def send(self, data: bytes) -> None:
        """Sends more on the same connection."""
        if self._socket:
            try:
                self._socket.sendall(data)
            except OSError as error:
                self.fail(error)

    def next_response(self, request: Request) -> "Stream":
        """Sends another request on the same connection, after a complete response."""
        following = Stream(
            Capture(asked=request.asked),
            to_head=request.method == "HEAD",
            deadline=self.deadline,
        )
        connection, self._socket = self._socket, None
        if connection is None:
            following.capture.error = "the connection is closed"
            return following
        try:
            following.begin(connection, request.as_bytes())
        except OSError as error:
            following.fail(error)
        return following

    def close(self, abruptly: bool = False) -> Capture:
        """Leaves, and returns all that came. With `abruptly` by a reset, as a lost client does."""
        if abruptly and self._socket:
            with contextlib.suppress(OSError):
                linger = struct.pack("ii", 1, 0)
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._release()
        return self.seen()

    def seen(self) -> Capture:
        """Returns all that came so far."""
        if not self._started:
            return self.capture
        reader = self._reader
        return replace(
            self.capture,
            head=reader.head,
            body=bytes(reader.body),
            reads=list(self.capture.reads),
            lasted_s=self.capture.lasted_s or self.age_s,
            framing=reader.framing,
            faults=list(reader.faults),
            after_end=reader.after_end,
        )

    def _release(self) -> None:
        if self._socket:
            self.capture.lasted_s = self.age_s
            self._socket.close()
            self._socket = None

    def _receive(self, wait_s: float, most_bytes: int = _PIECE_BYTES) -> None:
        connection = self._socket
        if connection is None:
            return
        try:
            connection.settimeout(max(wait_s, 0.001))
            data = connection.recv(most_bytes)
        except TimeoutError:
            return
        except OSError as error:
            if self._socket:  # else another thread has closed it
                self.fail(error)
            return
        try:
            self._take(data)
        except NotHttpError as error:
            self.capture.error = str(error)
            self.capture.ended = ends.FAILED
            self._release()

    def _take(self, data: bytes) -> None:
        reader = self._reader
        before = len(reader.body)
        reader.feed(data)
        if not data:
            reader.end()
        self.last_read_s = self.age_s
        if reader.head and self.capture.head is None:
            self.capture.head = reader.head
            self.capture.head_s = self.last_read_s
        if len(reader.body) > before:
            self.capture.reads.append((self.last_read_s, len(reader.body)))
            self._decode(bytes(reader.body[before:]))
        if reader.is_complete:
            self.capture.ended = ends.COMPLETE
            if not data or reader.framing == "close":
                self._release()
            else:
                self.capture.lasted_s = self.age_s
                self._close_unless_kept()
        elif not data or len(reader.body) > _LONGEST_BODY_BYTES:
            self.capture.ended = ends.CUT if reader.head else ends.FAILED
            self.capture.error = "the connection was closed"
            self._release()

    def _close_unless_kept(self) -> None:
        """A complete response is over; its connection is kept for HEAD, whose check asks again."""
        if not self.to_head:
            self._release()

    def _decode(self, piece: bytes) -> None:
        if self._decoder is None:
            return
        try:
            self.events += self._decoder.feed(piece)
        except EventTooLargeError:
            self._decoder = None


def close_all(streams: Iterable[Stream]) -> None:
    """Leaves all these streams."""
    for stream in streams:
        stream.close()
