"""The Runtime API, one method for each call: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html"""

import select
import socket
from collections import namedtuple
from contextlib import suppress

from streaming_runtime.answer import ERROR_BODY, ERROR_TYPE, TRAILER_ERROR_LIMIT_BYTES, chunk, last_chunk
from streaming_runtime.errors import fitted, header_type, report
from streaming_runtime.version import __version__

USER_AGENT = f"lambda-streaming/{__version__}"
ERROR_LIMIT_BYTES = 262_144  # of an error that is no trailer; the real limit is unknown, 1 MiB in AWS's emulator
# Named after the headers of /next without their common beginning. Text, None where absent.
FIELDS = "aws_request_id deadline_ms invoked_function_arn trace_id client_context cognito_identity aws_tenant_id"
Invocation = namedtuple("Invocation", [*FIELDS.split(), "invocation_id", "body"])  # body: bytes
Response = namedtuple("Response", "status headers body")  # headers: dict, names in lower case


class PlatformGone(Exception):
    """The Runtime API cannot be reached, hung up or talks nonsense: for the platform this invocation is over."""


class RuntimeApi:
    """One worker's way to the Runtime API at `address` (`host:port`): a kept connection, and one for each stream."""

    def __init__(self, address):
        self.address, self._kept = address, None

    def next(self):
        """Wait, without limit, for an Invocation. Returns the Response instead when the platform refuses."""
        response = self._call("GET", "invocation/next")
        if response.status != 200:
            return response
        names = [f"lambda-runtime-{field.replace('_', '-')}" for field in Invocation._fields[:-1]]
        return Invocation(*(response.headers.get(name) or None for name in names), body=response.body)

    def restore_next(self):
        """Block through the snapshot; no connection from before it is left. Raises PlatformGone when refused too."""
        response = self._call("GET", "restore/next")
        self._disconnect()
        if response.status >= 400:
            raise PlatformGone(f"restore/next: {response.status}")

    def respond(self, invocation, body, content_type="application/json"):
        """Answer in buffered mode."""
        headers = {"Content-Type": content_type, **_echo(invocation)}
        return self._call("POST", f"invocation/{invocation.aws_request_id}/response", headers, body)

    def error(self, phase, error, invocation=None):
        """Tell that `phase` (`init`, `restore`, or `invocation/<id>` before any byte of its answer) failed."""
        headers = {"Content-Type": "application/vnd.aws.lambda.error+json", **_echo(invocation)}
        headers[ERROR_TYPE] = header_type(error)
        return self._call("POST", f"{phase}/error", headers, fitted(report(error), ERROR_LIMIT_BYTES))

    def _call(self, method, path, headers=(), body=b""):
        headers = {**headers, "Content-Length": str(len(body))} if method == "POST" else {}
        try:
            self._kept = self._kept or _Connection(self.address)
            response = self._kept.exchange(self._kept.head(method, path, headers) + body)
        except BaseException:  # a signal in between included: nobody knows what this connection would say next
            self._disconnect()
            raise
        if response.status >= 400 or response.headers.get("connection", "").lower() == "close":
            self._disconnect()
        return response

    def _disconnect(self):
        kept, self._kept = self._kept, None
        if kept:
            kept.close()


class ResponseStream:
    """One streamed answer, each write one chunk in one send; `pieces` go out with the first of them or with the end."""

    def __init__(self, address, invocation, pieces, content_type):
        headers = {"Content-Type": content_type, "Lambda-Runtime-Function-Response-Mode": "streaming"}
        headers |= {"Transfer-Encoding": "chunked", "Trailer": f"{ERROR_TYPE}, {ERROR_BODY}", **_echo(invocation)}
        self._connection = _Connection(address)
        head = self._connection.head("POST", f"invocation/{invocation.aws_request_id}/response", headers)
        self._unsent = head + b"".join(chunk(piece) for piece in pieces if piece)

    def write(self, piece):
        """Send `piece`, one byte or more; blocks while the reader is slow. Raises PlatformGone: `end` tells why."""
        unsent, self._unsent = self._unsent, b""
        self._connection.send(unsent + chunk(piece))

    def end(self, error=None):
        """End the body, with error trailers when there is an error, and return the platform's verdict, early or not."""
        trailers = (header_type(error), fitted(report(error), TRAILER_ERROR_LIMIT_BYTES)) if error else ()
        try:
            return self._connection.exchange(self._unsent + last_chunk(*trailers))
        finally:
            self._connection.close()


class _Connection:
    """One HTTP/1.1 connection. Raises nothing but PlatformGone. (`http.client` would cost 20 ms of a cold start.)"""

    def __init__(self, address):
        self._address = address
        host, _, port = address.rpartition(":")
        try:
            self._socket = socket.create_connection((host.strip("[]"), int(port)))
        except OSError as error:
            raise PlatformGone(f"connecting to {address}: {error}") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = self._socket.makefile("rb")

    def close(self):
        self._reader.close()
        self._socket.close()

    def send(self, data):
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise PlatformGone(f"writing: {error}") from error
        except BaseException:  # a signal, perhaps inside a chunk: nothing may follow that
            self.close()
            raise

    def head(self, method, path, headers):
        headers = {"Host": self._address, "User-Agent": USER_AGENT, **headers}
        lines = [f"{method} /2018-06-01/runtime/{path} HTTP/1.1", *map(": ".join, headers.items())]
        return "\r\n".join([*lines, "", ""]).encode()

    def exchange(self, data):
        """Send the end of a request, wait without limit for the response and read all of it."""
        with suppress(PlatformGone):  # what it said before it hung up, perhaps long before the end, can still be read
            self.send(data)
        readable, status = select.poll(), 100
        try:
            readable.register(self._socket, select.POLLIN)
            while not readable.poll(200):  # a signal that comes just before a wait is only seen after it
                pass
            while status < 200:  # 100 Continue and its kin announce the real one
                status = int(self._line().split(b" ", 2)[1])
                headers = self._headers()
            return Response(status, headers, self._body(headers))
        except (OSError, ValueError, IndexError) as error:
            raise PlatformGone(f"reading: {error}") from error

    def _line(self):
        line = self._reader.readline(1 << 20)
        if not line.endswith(b"\n"):
            raise ConnectionError("the connection was closed")
        return line.rstrip(b"\r\n")

    def _headers(self):
        headers = {}
        while line := self._line():
            name, _, value = line.decode("utf-8", "replace").partition(":")
            headers[name.lower()] = value.strip()
        return headers

    def _body(self, headers):
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return self._exactly(int(headers.get("content-length", 0)))
        pieces = []
        while size := int(self._line().partition(b";")[0], 16):
            pieces.append(self._exactly(size + 2)[:size])
        self._headers()  # trailers: the Runtime API has none that matter
        return b"".join(pieces)

    def _exactly(self, size):
        data = self._reader.read(size)
        if len(data) < size:
            raise ConnectionError("the connection was closed inside a body")
        return data


def _echo(invocation):
    return {"Lambda-Runtime-Invocation-Id": invocation.invocation_id} if invocation and invocation.invocation_id else {}
