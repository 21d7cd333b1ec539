"""A small HTTP/1.1 client at the level of bytes.

It sends what other clients refuse to send, keeps the time at which each piece of a body arrives,
and tells a body that ended from one that was cut.
"""

import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self
from urllib.parse import urlsplit

USER_AGENT = "lambda-sse-verify"
CONNECT_S = 10.0
RECEIVE_BYTES = 65_536
LONGEST_HEAD_BYTES = 1 << 20


class NotHttp(Exception):
    """Something came that is no HTTP response. The message says what is wrong."""


class Ending(StrEnum):
    """How a body ended. `OPEN`: it had not when the time was up."""

    WHOLE = "whole"
    CUT = "cut"
    OPEN = "open"


@dataclass(frozen=True)
class Address:
    """Where a front is, with the path that stands before every other one."""

    is_tls: bool
    host: str
    port: int
    base_path: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no address like https://...")
        is_tls = parts.scheme == "https"
        port = parts.port or (443 if is_tls else 80)
        return cls(is_tls, parts.hostname, port, parts.path.rstrip("/"))

    @property
    def host_header(self) -> str:
        usual = 443 if self.is_tls else 80
        return self.host if self.port == usual else f"{self.host}:{self.port}"


@dataclass
class Reply:
    """A response. Header names are in lower case; `pieces` have the seconds since the request."""

    status: int
    headers: list[tuple[str, str]]
    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    ending: Ending = Ending.OPEN
    duration_s: float = 0.0

    @property
    def body(self) -> bytes:
        return b"".join(data for _, data in self.pieces)

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def value(self, name: str) -> str | None:
        return next(iter(self.values(name)), None)


class Connection:
    """One connection. Times are in seconds. Its methods raise OSError and NotHttp."""

    def __init__(self, address: Address, protocols: tuple[str, ...] = ("http/1.1",)) -> None:
        self.address = address
        raw = socket.create_connection((address.host, address.port), timeout=CONNECT_S)
        self._socket = raw
        self.protocol: str | None = None
        if address.is_tls:
            context = ssl.create_default_context()
            context.set_alpn_protocols(list(protocols))
            secure = context.wrap_socket(raw, server_hostname=address.host)
            self.protocol = secure.selected_alpn_protocol()
            self._socket = secure
        self._buffer = b""
        self._deadline = 0.0
        self._sent_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Sends bytes. A server that has refused already may stop reading: that is no error."""
        self._sent_at = time.monotonic()
        self._socket.settimeout(CONNECT_S * 6)
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def read(
        self,
        within_s: float,
        method: str = "GET",
        until: Callable[[Reply], bool] = lambda _: False,
    ) -> Reply:
        """Reads a response to its end, until `until` is true for it, or the time is up.

        Raises TimeoutError if not even its head came.
        """
        self._deadline = time.monotonic() + within_s
        reply = self._head()
        while 100 <= reply.status < 200:
            reply = self._head()
        try:
            reply.ending = self._body(reply, method, until)
        except TimeoutError:
            reply.ending = Ending.OPEN
        except (EOFError, OSError):
            reply.ending = Ending.CUT
        reply.duration_s = time.monotonic() - self._sent_at
        return reply

    def is_closed(self, within_s: float) -> bool:
        """Whether the server closes the connection in that time."""
        self._deadline = time.monotonic() + within_s
        try:
            while True:
                self._receive()
        except TimeoutError:
            return False
        except (EOFError, OSError):
            return True

    def _head(self) -> Reply:
        lines = []
        while line := self._line():
            lines.append(line.decode("latin-1"))
        if not lines or not lines[0].startswith("HTTP/1."):
            raise NotHttp("what came is no HTTP/1 response")
        words = lines[0].split(" ", 2)
        if len(words) < 2 or not words[1].isdecimal():
            raise NotHttp("the response has no status")
        pairs = [line.partition(":")[::2] for line in lines[1:]]
        return Reply(int(words[1]), [(name.lower(), value.strip()) for name, value in pairs])

    def _body(self, reply: Reply, method: str, until: Callable[[Reply], bool]) -> Ending:
        if method == "HEAD" or reply.status in (204, 304):
            return Ending.WHOLE
        if (reply.value("transfer-encoding") or "").lower() == "chunked":
            return self._chunks(reply, until)
        length = reply.value("content-length")
        left = int(length) if length is not None else None
        while left is None or left > 0:
            try:
                data = self._take(left)
            except EOFError:
                return Ending.WHOLE if left is None else Ending.CUT
            self._note(reply, data)
            left = None if left is None else left - len(data)
            if until(reply):
                return Ending.OPEN
        return Ending.WHOLE

    def _chunks(self, reply: Reply, until: Callable[[Reply], bool]) -> Ending:
        while left := int(self._line().partition(b";")[0], 16):
            while left > 0:
                data = self._take(left)
                self._note(reply, data)
                left -= len(data)
            self._line()
            if until(reply):
                return Ending.OPEN
        while self._line():  # trailers
            pass
        return Ending.WHOLE

    def _note(self, reply: Reply, data: bytes) -> None:
        reply.pieces.append((time.monotonic() - self._sent_at, data))

    def _line(self) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > LONGEST_HEAD_BYTES:
                raise NotHttp("a line does not end")
            self._buffer += self._receive()
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r")

    def _take(self, most: int | None) -> bytes:
        """Returns what is there, or comes next, and `most` bytes of it at most."""
        data = self._buffer or self._receive()
        most = len(data) if most is None else most
        self._buffer = data[most:]
        return data[:most]

    def _receive(self) -> bytes:
        """Raises TimeoutError at the deadline, EOFError at the end, and other OSErrors."""
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._socket.settimeout(left_s)
        data = self._socket.recv(RECEIVE_BYTES)
        if not data:
            raise EOFError
        return data


def written(
    address: Address,
    path: str,
    method: str = "GET",
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    version: str = "1.1",
) -> bytes:
    """Returns a request as bytes."""
    lines = [
        f"{method} {address.base_path}{path} HTTP/{version}",
        f"Host: {address.host_header}",
        f"User-Agent: {USER_AGENT}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    if body or method in ("POST", "PUT"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
