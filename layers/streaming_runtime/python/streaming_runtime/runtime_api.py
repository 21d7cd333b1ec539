"""The Runtime API, one method for each call.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import _socket  # `socket` makes enumerations of its numbers, for a tenth of the runtime's start
import sys

# Taken before the function is imported: some libraries put something else in the modules.
from _socket import getaddrinfo
from _socket import socket as Socket
from binascii import b2a_base64
from collections import namedtuple
from io import BufferedReader, RawIOBase
from select import POLLIN, poll

from streaming_runtime.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    Bytes = bytes | bytearray | memoryview

USER_AGENT = f"lambda-streaming/{__version__}"
ERROR_TYPE = "Lambda-Runtime-Function-Error-Type"
XRAY_CAUSE = "Lambda-Runtime-Function-XRay-Error-Cause"
ERROR_BODY = "Lambda-Runtime-Function-Error-Body"
# For an error that is no trailer. The real limit is unknown; 1 MiB in AWS's emulator.
ERROR_LIMIT_BYTES = 262_144
# Undocumented: a trailer block over 4,096 bytes destroys the response. With this much JSON it
# stays under 4,000.
TRAILER_ERROR_LIMIT_BYTES = 2_790
LONGEST_LINE_BYTES = 1 << 20
# A reader has to take this much within one write timeout; a large piece may take longer than that.
SLICE_BYTES = 65_536
DO_NOT_WAIT = _socket.MSG_DONTWAIT
SIOCOUTQ = 0x5411  # Linux: https://man7.org/linux/man-pages/man7/tcp.7.html
TICK_MS = 200  # the longest wait without a look for signals

# A length that no memory holds raises the last two.
NO_RESPONSE = (OSError, ValueError, IndexError, MemoryError, OverflowError)

Response = namedtuple("Response", ["status", "headers", "body"])  # header names in lower case


class Invocation:
    """One invocation, as /next tells it.

    All but `body` are named after the headers, without their common beginning: text, None where
    absent. `body` is bytes, until somebody takes it.
    """

    _fields = (
        "aws_request_id",
        "deadline_ms",
        "invoked_function_arn",
        "trace_id",
        "client_context",
        "cognito_identity",
        "aws_tenant_id",
        "invocation_id",
        "body",
        "content_type",
    )
    __slots__ = _fields

    def __init__(
        self,
        aws_request_id: str | None,
        deadline_ms: Any,
        invoked_function_arn: str | None,
        trace_id: str | None,
        client_context: str | None,
        cognito_identity: str | None,
        aws_tenant_id: str | None,
        invocation_id: str | None,
        body: bytes | None,
        content_type: str = "application/json",
    ) -> None:
        self.aws_request_id: Any = aws_request_id  # no invocation of Lambda is without
        self.deadline_ms = deadline_ms
        self.invoked_function_arn = invoked_function_arn
        self.trace_id = trace_id
        self.client_context = client_context
        self.cognito_identity = cognito_identity
        self.aws_tenant_id = aws_tenant_id
        self.invocation_id = invocation_id
        self.body = body
        self.content_type = content_type

    def take_body(self) -> bytes:
        """Returns the body, once: a response that streams for minutes does not keep it."""
        body = self.body or b""
        self.body = None
        return body


class PlatformGone(Exception):
    """The Runtime API cannot be reached, hung up or talks nonsense.

    For the platform this invocation is over.
    """


class Forked(SystemExit):
    """This process was forked by the function's code, and came back to the runtime's.

    The invocation is its parent's, and so is the connection.
    """

    happened = False  # kept by `loop.py`


class Stalled(PlatformGone):
    """Nobody takes in time what was written: most likely the client does not read."""


def chunk(data: bytes) -> bytes:
    """Frames `data` as one chunk. Never call it with nothing: an empty chunk ends the body.

    https://www.rfc-editor.org/rfc/rfc9112#section-7.1
    """
    return b"%x\r\n%b\r\n" % (len(data), data)


def last_chunk(error_type: str | None = None, error_json: bytes = b"") -> bytes:
    """Returns the end of the body, with error trailers when there is an error type.

    `error_json`: at most TRAILER_ERROR_LIMIT_BYTES.
    """
    if error_type is None:
        return b"0\r\n\r\n"
    error_body = b2a_base64(error_json, newline=False).decode()
    trailers = f"{ERROR_TYPE}: {error_type}\r\n{ERROR_BODY}: {error_body}\r\n"
    return f"0\r\n{trailers}\r\n".encode()


class RuntimeApi:
    """One worker's way to the Runtime API at `address` (`host:port`).

    It keeps one connection for everything but streams, which have one each. `ascii_only`: reports
    of errors escape all other characters. `hears_signals`: it is used in the main thread, where
    signals are handled. In any other thread a wait for the next invocation wakes nobody up.
    """

    def __init__(
        self, address: str, *, ascii_only: bool = True, hears_signals: bool = True
    ) -> None:
        self.address = address
        self._ascii_only = ascii_only
        self._tick_ms = TICK_MS if hears_signals else None
        self._kept: _Connection | None = None

    def next(self) -> Invocation | Response:
        """Waits, without limit, for an Invocation. Returns the Response if the platform refuses."""
        response = self._call("GET", "invocation/next")
        if response.status != 200:
            return response
        fields: dict[str, Any] = {
            field: response.headers.get(f"lambda-runtime-{field.replace('_', '-')}") or None
            for field in Invocation._fields[:-2]
        }
        fields["content_type"] = response.headers.get("content-type") or "application/json"
        return Invocation(body=response.body, **fields)

    def restore_next(self) -> None:
        """Blocks through the snapshot; no connection from before it is left.

        Raises PlatformGone when refused, too.
        """
        response = self._call("GET", "restore/next")
        self._disconnect()
        if response.status >= 400:
            raise PlatformGone(f"restore/next: {response.status}")

    def respond(
        self, invocation: Invocation, body: bytes, content_type: str = "application/json"
    ) -> Response:
        """Sends a response in buffered mode."""
        headers = {"Content-Type": content_type, **_echo(invocation)}
        path = f"invocation/{invocation.aws_request_id}/response"
        return self._call("POST", path, headers=headers, body=body)

    def open_stream(
        self,
        invocation: Invocation,
        *,
        first: Iterable[bytes],
        content_type: str,
        write_timeout_s: float | None,
    ) -> ResponseStream:
        """Begins a streamed response, on a connection of its own. Nothing is sent yet."""
        # Made here and not deeper, as each call of a class takes 1 KiB of a thread's stack.
        connection = _Connection(self.address, write_timeout_s, TICK_MS)
        return ResponseStream(
            connection,
            invocation,
            first=first,
            content_type=content_type,
            write_timeout_s=write_timeout_s,
        )

    def error(
        self, phase: str, error: BaseException, invocation: Invocation | None = None
    ) -> Response:
        """Reports that `phase` failed: `init`, `restore`, or `invocation/<id>` before any byte."""
        # Only failures pay for it.
        from streaming_runtime.reports import fitted, header_type, report, xray_cause

        headers = {
            "Content-Type": "application/vnd.aws.lambda.error+json",
            **_echo(invocation),
            ERROR_TYPE: header_type(error),
        }
        request_id = None
        if invocation:
            request_id = invocation.aws_request_id
            cause = xray_cause(error)
            if cause:
                headers[XRAY_CAUSE] = cause
        fields = report(error, request_id)
        body = fitted(fields, ERROR_LIMIT_BYTES, ascii_only=self._ascii_only)
        return self._call("POST", f"{phase}/error", headers=headers, body=body)

    def _call(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Response:
        sent = dict(headers or {})
        if method == "POST":
            sent["Content-Length"] = str(len(body))
        try:
            if self._kept is None:
                self._kept = _Connection(self.address, None, self._tick_ms)
            request_head = self._kept.request_head(method, path, sent)
            response = self._kept.exchange(request_head + body)
        except BaseException:  # a signal in between, too: what comes next would be anything
            self._disconnect()
            raise
        if response.status >= 400 or response.headers.get("connection", "").lower() == "close":
            self._disconnect()
        return response

    def _disconnect(self) -> None:
        kept = self._kept
        self._kept = None
        if kept:
            kept.close()


class ResponseStream:
    """One streamed response: each write is one chunk in one send.

    The pieces in `first` go out with the first write, or with the end. `write_timeout_s`: how long
    the platform may take over each 64 KB, seconds; None is without limit.
    """

    def __init__(
        self,
        connection: _Connection,
        invocation: Invocation,
        *,
        first: Iterable[bytes],
        content_type: str,
        write_timeout_s: float | None = None,
    ) -> None:
        headers = {
            "Content-Type": content_type,
            "Lambda-Runtime-Function-Response-Mode": "streaming",
            "Transfer-Encoding": "chunked",
            "Trailer": f"{ERROR_TYPE}, {ERROR_BODY}",
            **_echo(invocation),
        }
        path = f"invocation/{invocation.aws_request_id}/response"
        self._write_timeout_s = write_timeout_s
        self._request_id = invocation.aws_request_id
        self.sent_bytes = 0
        self._is_whole = True  # all that was written ends with a whole chunk
        self._gone: PlatformGone | None = None
        self._connection = connection
        self._unsent = self._connection.request_head("POST", path, headers)
        self._unsent += b"".join([chunk(piece) for piece in first if piece])

    def write(self, piece: Bytes) -> None:
        """Sends `piece`, one byte or more; blocks while the reader is slow.

        A large piece is not copied. Raises PlatformGone; `end` then returns the reason, or raises
        Stalled again.
        """
        self._is_whole = False  # it stays so, whatever interrupts this
        size = len(piece)
        try:
            if size <= SLICE_BYTES:
                # `%b` takes all three kinds of bytes, which mypy does not know.
                data = b"%b%x\r\n%b\r\n" % (self._unsent, size, piece)  # type: ignore[str-format]
                self.sent_bytes += len(data)
                self._connection.send(data)
            else:
                head = b"%b%x\r\n" % (self._unsent, size)
                self.sent_bytes += len(head) + size + 2
                self._connection.send_parts(head, piece, b"\r\n")
        except PlatformGone as gone:
            self._gone = gone
            raise
        self._unsent = b""
        self._is_whole = True

    def write_without_wait(self, piece: Bytes) -> bool:
        """Sends a small piece if there is room for it. Returns False if there is none.

        It raises nothing: the next write does.
        """
        if not self._is_whole:
            return False
        data = self._unsent + chunk(bytes(piece))
        sent = self._connection.send_without_wait(data)
        if sent == 0:
            return False
        self.sent_bytes += len(data)
        self._unsent = data[sent:]  # the next write begins with it
        return True

    def end(self, error: BaseException | None = None) -> Response:
        """Ends the body, with error trailers if there is an error.

        Returns the platform's verdict, which may have come long before. Raises Stalled if there is
        none by the time in which even a slow reader has taken everything, and PlatformGone if a
        signal interrupted a write. Nothing is ever sent after a chunk that was cut off.
        """
        try:
            if isinstance(self._gone, Stalled):
                raise self._gone
            end = b""  # after a failed write there may be a verdict to read
            if self._is_whole:
                end = self._unsent + _end_of_body(error, self._request_id)
            elif self._gone is None:
                raise PlatformGone("a signal interrupted the write of a piece")
            return self._connection.exchange(end, within_s=self._longest_s())
        finally:
            self._connection.close()

    def unsent_bytes(self) -> int:
        """Returns how many bytes the platform has not read yet, as far as that can be known."""
        return self._connection.left_bytes() + self._connection.unread_bytes()

    def _longest_s(self) -> float | None:
        """Returns how long the slowest reader that is served needs for all that was sent."""
        if self._write_timeout_s is None:
            return None
        return self._write_timeout_s * (1 + self.sent_bytes // SLICE_BYTES)


class _Connection:
    """One HTTP/1.1 connection. Raises nothing but PlatformGone.

    `write_timeout_s`: for each slice of what is sent; None is without limit. `tick_ms`: the longest
    wait without a look for signals; None for a thread that gets none. (`http.client` would cost
    20 ms of a cold start.)

    It has a buffer only while it reads: thousands may wait at a time.
    """

    __slots__ = ("_address", "_socket", "_tick_ms", "_write_timeout_s")

    def __init__(
        self,
        address: str,
        write_timeout_s: float | None,
        tick_ms: int | None,
    ) -> None:
        if Forked.happened:
            raise Forked(0)
        self._address = address
        self._write_timeout_s = write_timeout_s
        self._tick_ms = tick_ms
        host, _, port = address.rpartition(":")
        try:
            self._socket = _connected(host.strip("[]"), int(port))
        except OSError as error:
            raise PlatformGone(f"connecting to {address}: {error}") from error
        self._socket.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        if write_timeout_s is not None:
            # A full buffer takes more only when a third of it is free. So a large one hides a
            # reader that reads nothing, and makes a slow one look as if it did not read.
            self._socket.setsockopt(_socket.SOL_SOCKET, _socket.SO_SNDBUF, SLICE_BYTES)

    def close(self) -> None:
        self._socket.close()

    def reset(self) -> None:
        """Closes at once, and tells so to a platform that reads nothing.

        Bytes that still wait here are dropped. An ordinary close would come behind them.
        """
        now = (1).to_bytes(4, sys.byteorder) + bytes(4)  # lingering is on, for 0 seconds
        self._socket.setsockopt(_socket.SOL_SOCKET, _socket.SO_LINGER, now)
        self.close()

    def send(self, data: bytes) -> None:
        """Sends all of `data`, mostly in one call. Raises Stalled when it is not taken in time."""
        if Forked.happened:
            raise Forked(0)
        sent = 0
        try:
            try:
                sent = self._socket.send(data, DO_NOT_WAIT)
            except BlockingIOError:
                pass
            if sent < len(data):
                self._send_slowly((data,), sent)
        except OSError as error:
            raise self._failed(error) from error

    def send_parts(self, *parts: Bytes) -> None:
        """Sends all of `parts`. Raises Stalled when a slice of them is not taken in time."""
        if Forked.happened:
            raise Forked(0)
        sent = 0
        try:
            try:
                sent = self._socket.sendmsg(parts, (), DO_NOT_WAIT)
            except BlockingIOError:
                pass
            self._send_slowly(parts, sent)
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> PlatformGone:
        """Returns what a write that failed means."""
        if isinstance(error, TimeoutError):
            self.reset()
            return Stalled(f"less than {SLICE_BYTES} bytes were read in {self._write_timeout_s} s")
        return PlatformGone(f"writing: {error}")

    def send_without_wait(self, data: bytes) -> int:
        """Returns how many bytes of `data` were sent: none if there is no room, or nobody there."""
        try:
            return self._socket.send(data, DO_NOT_WAIT)
        except OSError:
            return 0

    def _send_slowly(self, parts: Iterable[Bytes], sent: int) -> None:
        """Sends what is left of `parts` after the first `sent` bytes, in slices."""
        self._socket.settimeout(self._write_timeout_s)
        for part in parts:
            for start in range(sent, len(part), SLICE_BYTES):
                self._socket.sendall(memoryview(part)[start : start + SLICE_BYTES])
            sent = max(0, sent - len(part))
        self._socket.settimeout(None)

    def request_head(self, method: str, path: str, headers: Mapping[str, str]) -> bytes:
        headers = {"Host": self._address, "User-Agent": USER_AGENT, **headers}
        request_line = f"{method} /2018-06-01/runtime/{path} HTTP/1.1"
        return "\r\n".join([request_line, *map(": ".join, headers.items()), "", ""]).encode()

    def exchange(self, data: bytes, within_s: float | None = None) -> Response:
        """Sends the end of a request, if there is one, and waits for the whole response.

        Raises Stalled if none begins within `within_s` seconds; None is without limit.
        """
        try:
            if data:
                self.send(data)
        except Stalled:
            raise
        except PlatformGone:
            pass  # a response from before it hung up can still be read
        try:
            self._wait_until_readable(within_s)
            return _response(BufferedReader(_Received(self._socket)))
        except NO_RESPONSE as error:
            raise PlatformGone(f"reading: {error}") from error

    def _wait_until_readable(self, within_s: float | None) -> None:
        readable = poll()
        readable.register(self._socket, POLLIN)
        if within_s is None and self._tick_ms is None:
            readable.poll()
            return
        waited_ms = 0
        waited_since_ms = 0  # when the other side took something last
        left_bytes = 0
        if within_s is not None:
            left_bytes = self.left_bytes()
        while not readable.poll(TICK_MS):  # a signal just before a wait is only seen after it
            waited_ms += TICK_MS
            if within_s is None or self._write_timeout_s is None:
                continue
            before_bytes = left_bytes
            left_bytes = self.left_bytes()
            if left_bytes == 0 or left_bytes < before_bytes:
                waited_since_ms = waited_ms
            is_stuck = waited_ms - waited_since_ms >= self._write_timeout_s * 1000
            if is_stuck or waited_ms >= within_s * 1000:
                self.reset()
                raise Stalled(f"the end was not read within {waited_ms / 1000:g} s")

    def left_bytes(self) -> int:
        """Returns how many bytes wait in this socket still; 0 where that cannot be known."""
        import fcntl  # only streams pay for it, after their last byte

        left = bytearray(4)
        try:
            fcntl.ioctl(self._socket, SIOCOUTQ, left)
        except OSError:
            return 0
        return int.from_bytes(left, sys.byteorder)

    def unread_bytes(self) -> int:
        """Returns how many bytes wait in the other side's socket; 0 where that cannot be known.

        On Lambda the other side is on this machine, and the kernel lists its sockets.
        https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html
        """
        try:
            theirs = f":{self._socket.getpeername()[1]:04X}"
            ours = f":{self._socket.getsockname()[1]:04X}"
            for path in ("/proc/net/tcp", "/proc/net/tcp6"):
                with open(path) as table:
                    for line in table:
                        fields = line.split()
                        if fields[1].endswith(theirs) and fields[2].endswith(ours):
                            return int(fields[4].partition(":")[2], 16)
        except (OSError, IndexError, ValueError):
            pass
        return 0


def _response(reader: BufferedReader) -> Response:
    """Reads a whole response. Raises OSError, ValueError or IndexError."""
    status = 100
    while status < 200:  # 100 Continue and its kin announce the real one
        status = int(_line(reader).split(b" ", 2)[1])
        headers = _headers(reader)
    return Response(status, headers, _body(reader, headers))


def _line(reader: BufferedReader) -> bytes:
    line = reader.readline(LONGEST_LINE_BYTES)
    if not line.endswith(b"\n"):
        raise ConnectionError("the connection was closed")
    return line.rstrip(b"\r\n")


def _headers(reader: BufferedReader) -> dict[str, str]:
    headers: dict[str, str] = {}
    while line := _line(reader):
        if b"\r" in line:  # it would stand in the heads of our requests
            raise ValueError("a header holds a lone CR")
        name, _, value = line.decode("utf-8", "replace").partition(":")
        headers[name.lower()] = value.strip()
    return headers


def _body(reader: BufferedReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return _exactly(reader, int(headers.get("content-length", 0)))
    pieces = []
    while size := int(_line(reader).partition(b";")[0], 16):
        pieces.append(_exactly(reader, size + 2)[:size])
    _headers(reader)  # trailers: the Runtime API has none that matter
    return b"".join(pieces)


def _exactly(reader: BufferedReader, size: int) -> bytes:
    data = reader.read(size)
    if len(data) < size:
        raise ConnectionError("the connection was closed inside a body")
    return data


def _end_of_body(error: BaseException | None, request_id: str) -> bytes:
    if error is None:
        return last_chunk()
    from streaming_runtime.reports import fitted, header_type, report

    error_json = fitted(report(error, request_id), TRAILER_ERROR_LIMIT_BYTES)
    return last_chunk(header_type(error), error_json)


class _Received(RawIOBase):
    """A file of the bytes that a socket receives."""

    def __init__(self, receiving: Socket) -> None:
        self._receiving = receiving

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        return self._receiving.recv_into(buffer)


def _connected(host: str, port: int) -> Socket:
    """Returns a socket without a timeout, whatever `socket.setdefaulttimeout` says.

    Raises OSError.
    """
    failure: OSError = ConnectionError("no address")
    for family, address in _addresses(host, port):
        found = Socket(family, _socket.SOCK_STREAM)
        try:
            found.settimeout(None)
            found.connect(address)
            return found
        except OSError as error:
            found.close()
            failure = error
    raise failure


def _addresses(host: str, port: int) -> list[tuple[int, Any]]:
    """Returns families and addresses. Lambda's is an IPv4 address, which needs no look-up.

    A look-up takes a page of every thread's stack for good, and a quarter of a connection's time.
    Raises OSError.
    """
    try:
        _socket.inet_pton(_socket.AF_INET, host)
    except OSError:
        found = getaddrinfo(host, port, 0, _socket.SOCK_STREAM)
        return [(family, address) for family, _, _, _, address in found]
    return [(_socket.AF_INET, (host, port))]


def _echo(invocation: Invocation | None) -> dict[str, str]:
    """Returns the header that names the invocation, where the platform gave it an id."""
    if invocation and invocation.invocation_id:
        return {"Lambda-Runtime-Invocation-Id": invocation.invocation_id}
    return {}
