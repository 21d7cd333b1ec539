"""What do the clients see, and when? One loop that is the Runtime API of ours, or peers' clients.

Ours: the loop hands out invocations and takes the streamed responses, as the platform does.
Peers with a server of their own: the loop connects and reads. Either way, each read of each stream
is looked at in the same way, so what the loop costs is the same for both; it runs on another core.
"""

import re
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.invocations import invocation

DATA = b"data:"
ITEM = re.compile(rb'"item_id":"(bench-\d{8})"')
STAMP = re.compile(rb'"at":(\d+\.\d+)}')
CHUNKS_END = re.compile(rb"\r\n0\r\n(?:[^\r\n]+\r\n)*\r\n\Z")
TAIL_BYTES = 64  # kept, so that nothing between two reads is missed
STATUS = re.compile(rb'"statusCode":\s*(\d{3})|^HTTP/1\.1 (\d{3})')


@dataclass(eq=False)
class Stream:
    """One client's stream. Times are monotonic seconds; None: not yet."""

    asked_at_s: float
    first_byte_at_s: float | None = None
    first_data_at_s: float | None = None
    last_byte_at_s: float = 0.0
    longest_silence_s: float = 0.0
    received: int = 0
    items: int = 0
    status: int = 0
    ended: bool = False
    tail: bytes = b""


@dataclass
class Arrival:
    """When an item reached the first client and the last, and how many."""

    first_s: float
    last_s: float
    clients: int = 1


@dataclass(eq=False)
class _Connection:
    socket: socket.socket
    head: bytes = b""
    stream: Stream | None = None  # its response is being read
    left: int | None = None  # bytes of a body whose length is known
    is_clients: bool = False  # a client's to a server, not a function's to the Runtime API


@dataclass
class Viewers:
    """All streams of one measured process."""

    streams: list[Stream] = field(default_factory=list)
    arrivals: dict[str, Arrival] = field(default_factory=dict)
    stamps_s: list[float] = field(default_factory=list)  # lateness of each stamped event
    waiting: int = 0  # calls to /next that have no invocation yet
    failed: str = ""  # the error that a function reported
    on_next: Callable[[], None] | None = None
    on_data: Callable[[Stream], None] | None = None

    def __post_init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self.runtime_api = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._idle: list[_Connection] = []
        self._wanted: list[Stream] = []
        self._by_id: dict[str, Stream] = {}

    def invoke(self, count: int = 1) -> list[Stream]:
        """Hands out so many invocations: at once, as far as the process asks for them."""
        asked = [Stream(time.monotonic()) for _ in range(count)]
        self.streams += asked
        self._wanted += asked
        self._hand_out()
        return asked

    def connect(self, port: int, path: str = "/stream", count: int = 1) -> list[Stream]:
        """Opens streams of a server."""
        asked = []
        for _ in range(count):
            stream = Stream(time.monotonic())
            opened = socket.create_connection(("127.0.0.1", port))
            connection = _Connection(opened, stream=stream, is_clients=True)
            request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
            connection.socket.sendall(request.encode())
            connection.socket.setblocking(False)
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)
            asked.append(stream)
        self.streams += asked
        return asked

    def until(self, condition: Callable[[], bool], within_s: float) -> bool:
        """Reads until the condition holds. Returns False if it does not hold in time."""
        end_s = time.monotonic() + within_s
        while not condition():
            left_s = end_s - time.monotonic()
            if left_s <= 0 or self.failed:
                return False
            self.turn(min(left_s, 0.1))
        return True

    def for_s(self, seconds: float) -> None:
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0:
            self.turn(left_s)

    def turn(self, within_s: float) -> None:
        """Waits for whatever comes next, and reads it."""
        for key, _ in self._selector.select(within_s):
            if key.data is None:
                self._accept()
            else:
                self._read(key.data)

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            self._selector.unregister(key.fileobj)
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()

    @staticmethod
    def now_s() -> float:
        return time.monotonic()

    @property
    def live(self) -> int:
        """The streams that have had data and go on."""
        return sum(each.first_data_at_s is not None and not each.ended for each in self.streams)

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except BlockingIOError:
                return
            accepted.setblocking(False)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(accepted, selectors.EVENT_READ, _Connection(accepted))

    def _read(self, connection: _Connection) -> None:
        try:
            data = connection.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            self._selector.unregister(connection.socket)
            connection.socket.close()
            if connection.stream:
                connection.stream.ended = True
            if connection in self._idle:
                self._idle.remove(connection)
            return
        if connection.stream:
            self._received(connection, connection.stream, data)
        else:
            self._head(connection, connection.head + data)

    def _head(self, connection: _Connection, data: bytes) -> None:
        """Reads the head of a call of the Runtime API."""
        head, found, rest = data.partition(b"\r\n\r\n")
        if not found:
            connection.head = data
            return
        connection.head = b""
        method, path = head.split(b" ", 2)[:2]
        if method == b"GET" and path.endswith(b"/invocation/next"):
            self._idle.append(connection)
            self.waiting += 1
            if self.on_next:
                self.on_next()
            self._hand_out()
            return
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        connection.left = int(length[1]) if length else None
        if b"/error" in path:
            self.failed = (head + rest).decode("latin-1")
        request_id = path.split(b"/")[-2].decode()
        connection.stream = self._by_id.pop(request_id, None) or Stream(time.monotonic())
        self._received(connection, connection.stream, rest)

    def _received(self, connection: _Connection, stream: Stream, data: bytes) -> None:
        if data:
            self._look(stream, data)
        if connection.left is not None:
            connection.left -= len(data)
            over = connection.left <= 0
        else:
            over = CHUNKS_END.search(stream.tail) is not None
        if over and connection.is_clients:
            stream.ended = True
        elif over:
            stream.ended = True
            connection.stream = None
            connection.left = None
            connection.socket.send(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")

    def _look(self, stream: Stream, data: bytes) -> None:
        now_s = time.monotonic()
        if stream.first_byte_at_s is None:
            stream.first_byte_at_s = now_s
        else:
            silence_s = now_s - stream.last_byte_at_s
            stream.longest_silence_s = max(stream.longest_silence_s, silence_s)
        stream.last_byte_at_s = now_s
        stream.received += len(data)
        kept = len(stream.tail)
        text = stream.tail + data
        if not stream.status and (status := STATUS.search(text)):
            stream.status = int(status[1] or status[2])
        if stream.first_data_at_s is None and DATA in text:
            stream.first_data_at_s = now_s
            if self.on_data:
                self.on_data(stream)
        for found in ITEM.finditer(text):
            if found.end() > kept:  # not seen with the read before
                stream.items += 1
                self._arrived(found[1].decode(), now_s)
        for found in STAMP.finditer(text):
            if found.end() > kept:
                self.stamps_s.append(now_s - float(found[1]))
        stream.tail = text[-TAIL_BYTES:]

    def _arrived(self, item_id: str, now_s: float) -> None:
        arrival = self.arrivals.get(item_id)
        if arrival is None:
            self.arrivals[item_id] = Arrival(now_s, now_s)
            return
        arrival.last_s = now_s
        arrival.clients += 1

    def _hand_out(self) -> None:
        while self._wanted and self._idle:
            stream = self._wanted.pop(0)
            connection = self._idle.pop(0)
            self.waiting -= 1
            request_id, response = invocation()
            self._by_id[request_id] = stream
            connection.socket.sendall(response)
