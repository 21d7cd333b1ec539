"""Follows one event stream with hundreds of clients from one thread, and notes who hears what when.

Threads of their own would compete with what they measure: these clients share one selector. They
are on this machine and speak HTTP/1.1 without TLS.
"""

import contextlib
import heapq
import json
import selectors
import socket
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from event_stream import Decoder

ADDRESS_HEADER = "X-Client-Address"
_READ_BYTES = 64 * 1024
_LOOK_S = 0.05

# Returns how long a client waits before it comes again, in seconds; None: it stays away. It is
# asked with the client after each end: a refusal, a cut, or the end of a stream.
Pause = Callable[["StreamClient"], float | None]


class StreamClient:
    """Notes what one client has seen. Times are monotonic, in seconds.

    `statuses` has one entry for each response, and `cuts` counts responses that were cut or did
    not come. `heard` are the ids of items in order; `heard_at` has when each came first.
    `asked` and `live_at` have when each request was made, and when the first data of each stream
    came.
    """

    def __init__(self, number: int, headers: str) -> None:
        self.number = number
        self.statuses: list[int] = []
        self.retry_after_s: float | None = None  # as the last response said
        self.first_retry_after_s: float | None = None
        self.last_headers: dict[str, str] = {}  # names in lower case
        self.asked: list[float] = []
        self.live_at: list[float] = []
        self.asked_at: float | None = None
        self.first_asked_at: float | None = None
        self.first_data_at: float | None = None  # in any of its streams
        self.refused_after_s: list[float] = []
        self.heard: list[str] = []
        self.heard_at: dict[str, float] = {}
        self.resets = 0
        self.last: dict[str, Any] = {}  # the last event of each type
        self.cuts = 0
        self.empty = 0  # streams that ended without any data
        self.is_live = False  # data has come on the stream that is open
        self._headers = headers
        self._last_event_id = ""
        self._socket: socket.socket | None = None
        self._reset()

    def _reset(self) -> None:
        self._buffer = bytearray()
        self._in_body = self._is_chunked = self._is_over = False
        self._decoder = Decoder(last_event_id=self._last_event_id)

    @property
    def retry_ms(self) -> int | None:
        """The reconnection time that the last stream said, if it said one."""
        return self._decoder.retry_ms

    def connect(self, host: str, port: int, target: str) -> socket.socket:
        """Begins to connect; the request is sent when that is done."""
        self._reset()
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._socket.connect_ex((host, port))
        position = f"Last-Event-ID: {self._last_event_id}\r\n" if self._last_event_id else ""
        lines = f"GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\n{self._headers}{position}\r\n"
        self._request = lines.encode()
        self.asked_at = time.monotonic()
        self.asked.append(self.asked_at)
        self.first_asked_at = self.first_asked_at or self.asked_at
        return self._socket

    def send(self) -> None:
        """Sends the request. Raises OSError."""
        assert self._socket
        self._socket.sendall(self._request)

    def receive(self) -> bool:
        """Takes what has come. Returns whether the response is over."""
        assert self._socket
        try:
            data = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if data:
            self._buffer += data
            self._parse(time.monotonic())
        elif not self._is_over:
            self.cuts += 1
        return not data or self._is_over

    def close(self) -> None:
        """Leaves without a goodbye."""
        if self._socket:
            self._socket.close()
            self._socket = None
        if self._in_body and self.statuses[-1] == 200 and not self.is_live:
            self.empty += 1
        self.is_live = False
        self._last_event_id = self._decoder.last_event_id

    def _parse(self, now: float) -> None:
        if not self._in_body:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._take_head(bytes(self._buffer[:end]).decode("latin-1"), now)
            del self._buffer[: end + 4]
        if not self._is_chunked:
            self._is_over = len(self._buffer) >= self._length
            return
        while (end := self._buffer.find(b"\r\n")) >= 0:
            size = int(self._buffer[:end], 16)
            if len(self._buffer) < end + 2 + size + 2:
                return
            self._take(bytes(self._buffer[end + 2 : end + 2 + size]), now)
            del self._buffer[: end + 2 + size + 2]
            if size == 0:
                self._is_over = True
                return

    def _take_head(self, head: str, now: float) -> None:
        status, *lines = head.split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
        }
        self._in_body = True
        self.statuses.append(int(status.split()[1]))
        self._is_chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        self._length = int(headers.get("content-length", 0))
        retry_after = headers.get("retry-after")
        self.retry_after_s = float(retry_after) if retry_after else None
        self.first_retry_after_s = self.first_retry_after_s or self.retry_after_s
        self.last_headers = headers
        if self.statuses[-1] != 200 and self.asked_at:
            self.refused_after_s.append(now - self.asked_at)

    def _take(self, data: bytes, now: float) -> None:
        for event in self._decoder.feed(data) if self.statuses[-1] == 200 else ():
            fields = json.loads(event.data)
            self.first_data_at = self.first_data_at or now
            if not self.is_live:
                self.live_at.append(now)
            self.is_live = True
            self.last[event.type] = fields
            self.resets += event.type == "reset"
            if event.type == "new_item":
                self.heard.append(fields["item_id"])
                self.heard_at.setdefault(fields["item_id"], now)


def _of_proxy(number: int, secret: str) -> str:
    if not secret:
        return ""
    network, client = divmod(number, 10)
    address = f"198.{18 + network // 250}.{network % 250}.{client + 1}"
    return f"{ADDRESS_HEADER}: {address}\r\nX-Proxy-Secret: {secret}\r\n"


def never(_client: StreamClient) -> None:
    """A pause without an end: the client does not come again."""


class ManyClients:
    """Runs `count` clients of `url` in a thread, from `__enter__` on. All begin at once.

    Behind a proxy, whose `secret` the service knows, each has an address of its own, ten of them in
    each network. With `over_s` they begin one after the other, within so many seconds.
    """

    def __init__(
        self, url: str, count: int, pause: Pause = never, secret: str = "", over_s: float = 0
    ) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._target = parts.path
        self._pause = pause
        self.clients = [StreamClient(number, _of_proxy(number, secret)) for number in range(count)]
        self._selector = selectors.DefaultSelector()
        began_at = time.monotonic()
        self._due = [(began_at + over_s * number / count, number) for number in range(count)]
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "ManyClients":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.set()
        self._thread.join(20)
        for client in self.clients:
            client.close()
        self._selector.close()

    @property
    def live(self) -> int:
        return sum(client.is_live for client in self.clients)

    @property
    def over(self) -> int:
        """Returns how many have a complete response and wait, or stay away."""
        return sum(client._socket is None and bool(client.asked_at) for client in self.clients)

    def _run(self) -> None:
        while not self._leaving.is_set():
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                self._connect(self.clients[heapq.heappop(self._due)[1]])
            for key, mask in self._selector.select(_LOOK_S):
                self._serve(key.data, mask)

    def _connect(self, client: StreamClient) -> None:
        connection = client.connect(*self._address, self._target)
        self._selector.register(connection, selectors.EVENT_WRITE, client)

    def _serve(self, client: StreamClient, mask: int) -> None:
        connection = client._socket
        assert connection
        is_over = False
        if mask & selectors.EVENT_WRITE:
            try:
                client.send()
                self._selector.modify(connection, selectors.EVENT_READ, client)
            except OSError:
                client.cuts += 1
                is_over = True
        else:
            is_over = client.receive()
        if is_over:
            with contextlib.suppress(KeyError):
                self._selector.unregister(connection)
            client.close()
            pause_s = self._pause(client)
            if pause_s is not None:
                heapq.heappush(self._due, (time.monotonic() + pause_s, client.number))
