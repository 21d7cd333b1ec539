"""A Runtime API that hands out a script and keeps what is posted, for both clients alike.

It reads and writes HTTP itself, so that headers go out exactly as the script says.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
NEXT = "invocation/next"


@dataclass
class Request:
    """One invocation: the payload, and headers beside the usual ones. None leaves a header out."""

    request_id: str
    body: bytes = b"{}"
    headers: dict[str, str | None] = field(default_factory=dict)

    def head(self) -> bytes:
        headers = {
            "Content-Type": "application/json",  # the stock client crashes without it
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 60_000),
            "Lambda-Runtime-Invoked-Function-Arn": FUNCTION_ARN,
            "Content-Length": str(len(self.body)),
            **self.headers,
        }
        lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
        return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode()


@dataclass
class Post:
    """One POST of the client: the path below `runtime/`, the headers in lower case, the body."""

    path: str
    headers: dict[str, str]
    body: bytes


class ScriptedPlatform:
    """Serves `script` once, then holds every further call of `next`, and sets `finished`.

    `on_next` is called whenever the client asks for an invocation, before it gets one.
    """

    def __init__(self, script: list[Request], on_next: Callable[[], object]) -> None:
        self._script = list(script)
        self._on_next = on_next
        self.posts: list[Post] = []
        self.finished = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        for connection in self._connections:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        reader = connection.makefile("rb")
        try:
            while line := reader.readline():
                method, target, _ = line.decode("latin-1").split(" ", 2)
                path = target.removeprefix("/2018-06-01/runtime/")
                headers = _headers(reader)
                if headers.get("expect"):
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = _body(reader, headers)
                if method == "GET" and path == NEXT:
                    self._on_next()
                    if not self._script:
                        self.finished.set()
                        return
                    request = self._script.pop(0)
                    connection.sendall(request.head() + request.body)
                else:
                    if method == "POST":
                        self.posts.append(Post(path, headers, body))
                    status = b"202 Accepted" if method == "POST" else b"200 OK"
                    connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
        except (OSError, ValueError):
            pass


def _headers(reader) -> dict[str, str]:
    headers = {}
    while line := reader.readline().rstrip(b"\r\n"):
        name, _, value = line.decode("utf-8", "replace").partition(":")
        headers[name.lower()] = value.strip()
    return headers


def _body(reader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding") != "chunked":
        return reader.read(int(headers.get("content-length", 0)))
    pieces = []
    while size := int(reader.readline(), 16):
        pieces.append(reader.read(size + 2)[:size])
    _headers(reader)
    return b"".join(pieces)
