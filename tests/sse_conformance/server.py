"""A small event stream server without a fault; each test changes one method, for one defect."""

import contextlib
import itertools
import json
import random
import socket
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from event_stream import encode

TICK_S = 0.02


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: list[tuple[str, bytes]]
    body: bytes = b""
    raw_query: str = ""

    def header(self, name: str) -> bytes | None:
        """Returns the value of the first line of this name."""
        return next((value for each, value in self.headers if each == name.lower()), None)


@dataclass
class Server:
    """Streams items; they flow by themselves, or come by POST to /emit. Times in seconds."""

    flows: bool = True
    heartbeat_s: float = 0.05
    life_s: float | None = None
    limit: int | None = None
    token: str | None = None
    origin: str | None = None
    items: list[str] = field(default_factory=list)
    open_streams: int = 0
    ends: threading.Event = field(default_factory=threading.Event)

    def __enter__(self):
        self.changed = threading.Condition()
        self.numbers = itertools.count(1)
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}/stream"
        self.emit_url = self.url.replace("/stream", "/emit")
        threading.Thread(target=self._accept, daemon=True).start()
        if self.flows:
            threading.Thread(target=self._tick, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        with contextlib.suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        with self.changed:
            self.changed.notify_all()

    # --- the feed

    def _tick(self):
        while not self.ends.wait(TICK_S):
            self.publish(f"item {next(self.numbers)}")

    def publish(self, text):
        """Adds one item."""
        with self.changed:
            self.items.append(text)
            self.changed.notify_all()

    # --- connections

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(20)
            received = bytearray()
            while (asked := read_request(connection, received)) is not None:
                if not self.answer(connection, asked):
                    return

    def answer(self, connection, asked):
        """Sends one response. Returns whether the connection can be used again."""
        if asked.path == "/emit" and asked.method == "POST":
            self.publish(asked.body.decode())
            return self.refuse(connection, asked, "202 Accepted")
        return self.answer_stream(connection, asked)

    def answer_stream(self, connection, asked):
        if asked.method == "OPTIONS" and self.origin:
            return self.preflight(connection, asked)
        if asked.method not in ("GET", "HEAD"):
            return self.refuse(connection, asked, "405 Method Not Allowed", [("Allow", "GET")])
        if not self.is_let_in(asked):
            bearer = [("WWW-Authenticate", "Bearer")]
            return self.refuse(connection, asked, "401 Unauthorized", bearer)
        if asked.method == "HEAD":
            return self.answer_head(connection, asked)
        with self.changed:
            is_full = self.limit is not None and self.open_streams >= self.limit
            self.open_streams += not is_full
        if is_full:
            later = [("Retry-After", "1")]
            return self.refuse(connection, asked, "503 Service Unavailable", later)
        try:
            self.stream(connection, asked)
        finally:
            with self.changed:
                self.open_streams -= 1
        return False

    def refuse(self, connection, asked, status, headers=()):
        body = b"" if asked.method == "HEAD" else json.dumps({"detail": status}).encode()
        head = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        head += [*headers, *self.cors(asked)]
        connection.sendall(as_head(status, head) + body)
        return True

    def is_let_in(self, asked):
        if self.token is None:
            return True
        return asked.header("Authorization") == f"Bearer {self.token}".encode()

    def cors(self, asked):
        if self.origin is None:
            return []
        if asked.header("Origin") != self.origin.encode():
            return [("Vary", "Origin")]
        return [("Vary", "Origin"), ("Access-Control-Allow-Origin", self.origin)]

    def preflight(self, connection, asked):
        headers = self.cors(asked)
        if len(headers) > 1:
            allowed = "Authorization, Last-Event-ID, Cache-Control"
            headers.append(("Access-Control-Allow-Methods", "GET"))
            headers.append(("Access-Control-Allow-Headers", allowed))
        connection.sendall(as_head("204 No Content", headers))
        return True

    def answer_head(self, connection, asked):
        connection.sendall(as_head("200 OK", self.stream_headers(asked)))
        return True

    # --- the stream

    def stream_headers(self, asked):
        return [
            ("Content-Type", "text/event-stream; charset=utf-8"),
            ("Cache-Control", "no-store"),
            ("X-Accel-Buffering", "no"),
            ("Transfer-Encoding", "chunked"),
            *self.cors(asked),
        ]

    def position(self, asked):
        """Returns how many items the client has, None if it said none, or -1 if it is unknown."""
        said = asked.header("Last-Event-ID")
        if said is None:
            query = asked.query.get("last_event_id") or asked.query.get("lastEventId")
            said = query[0].encode() if query else None
        if said is None:
            return None
        number = said.removeprefix(b"i")
        is_known = said[:1] == b"i" and number.isdigit() and len(number) < 9
        return int(number) if is_known and int(number) <= len(self.items) else -1

    def retry_ms(self):
        return random.randint(200, 8_000)

    def stream(self, connection, asked):
        connection.sendall(as_head("200 OK", self.stream_headers(asked)))
        position = self.position(asked)
        at = len(self.items) if position in (None, -1) else position
        opening = "reset" if position == -1 else "hello"
        self.send(connection, self.opening(opening, at))
        started = time.monotonic()
        while not self.ends.is_set():
            new = self.wait_for_items(at)
            at += len(new)
            if new:
                self.send(connection, b"".join(self.event(number, text) for number, text in new))
            else:
                self.send(connection, self.comment())
            if self.life_s and time.monotonic() > started + self.life_s:
                self.send_end(connection)
                return

    def wait_for_items(self, at):
        """Returns the items after `at` with their numbers, or nothing after a heartbeat's time."""
        with self.changed:
            self.changed.wait_for(
                lambda: len(self.items) > at or self.ends.is_set(), self.heartbeat_s
            )
            return list(enumerate(self.items[at:], at + 1))

    def opening(self, kind, at):
        """Returns the first event: what it is about, the position, and when to come back."""
        return encode(kind, event=kind, id=f"i{at}", retry_ms=self.retry_ms())

    def event(self, number, text):
        return encode(text, event="item", id=f"i{number}")

    def comment(self):
        return b":\n"

    def send(self, connection, data):
        connection.sendall(b"%x\r\n%s\r\n" % (len(data), data))

    def send_end(self, connection):
        connection.sendall(b"0\r\n\r\n")


def as_head(status, headers):
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def read_request(connection, received):
    """Returns the next request on a connection, or None at its end."""
    while b"\r\n\r\n" not in received:
        data = connection.recv(65536)
        if not data or data[0] == 0x16:  # the end, or a client that wants TLS
            return None
        received += data
    head, _, rest = bytes(received).partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    method, target, _ = lines[0].decode("latin-1").split(" ", 2)
    parts = urlsplit(target)
    headers = []
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        headers.append((name.decode("latin-1").lower(), value.strip()))
    asked = Asked(method, parts.path, parse_qs(parts.query), headers, raw_query=parts.query)
    length = int(asked.header("Content-Length") or 0)
    body = bytearray(rest)
    while len(body) < length:
        body += connection.recv(65536)
    asked.body = bytes(body[:length])
    received[:] = body[length:]
    return asked
