"""How do the checks reach the server, and which captures do several of them share?"""

import contextlib
import threading
import time
from collections.abc import Callable
from functools import cached_property
from typing import TypeVar
from urllib.parse import quote

from sse_conformance.capture import TIMED_OUT, Capture
from sse_conformance.identity import Identities
from sse_conformance.options import Options
from sse_conformance.producer import Producer
from sse_conformance.target import Target
from sse_conformance.wire import NoTimeError, Request, Stop, Stream, Wire

T = TypeVar("T")
# A browser sends these with each stream (no-store is its cache's mode, not a header).
ACCEPT = ("Accept", b"text/event-stream")
BUSY_S = 0.3
GLANCE_S = 0.5
MOMENT_S = 0.3
_PIECE_S = 0.1
NO_TIME = "no time was left: --total-timeout"
_BUSY = ("status 429", "status 503")
# Timers are late by as much on a busy machine.
SILENCE_TOLERANCE_S = 0.5


class Session:
    """One server under test."""

    def __init__(self, target: Target, options: Options, wire: Wire) -> None:
        self.target = target
        self.options = options
        self.wire = wire
        self.identities = Identities(options)
        self.long = LongCapture(self)
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._producer = Producer(options, self.ask_once)
        self._shared: dict[str, object] = {}

    def request(
        self,
        *,
        method: str = "GET",
        last_event_id: str | bytes | None = None,
        headers: tuple[tuple[str, bytes], ...] = (),
        query: str = "",
        target: Target | None = None,
        with_auth: bool = True,
        encoding: str = "identity",
        body: bytes = b"",
        asked: str = "",
    ) -> Request:
        """Makes a request for the stream; `query` is encoded already."""
        sent = [ACCEPT, ("Accept-Encoding", encoding.encode()), ("Cache-Control", b"no-cache")]
        given = list(self.options.headers)
        if with_auth and self.options.auth_header:
            given.append(self.options.auth_header)
        sent += [(name, value.encode("utf-8")) for name, value in given]
        if last_event_id is not None:
            if isinstance(last_event_id, str):
                last_event_id = last_event_id.encode("utf-8")
            sent.append(("Last-Event-ID", last_event_id))
        replaced = {name.lower() for name, _ in headers}
        sent = [each for each in sent if each[0].lower() not in replaced]
        place = target or self.target
        if query:
            place = place.with_query(query)
        return Request(
            target=place,
            method=method,
            headers=(*sent, *headers),
            body=body,
            asked=asked or method,
        )

    def open(self, request: Request) -> Stream:
        """Opens a stream that the caller closes. Raises NoTimeError after the run's deadline."""
        return self.wire.open(request)

    def open_patiently(self, request: Request, wire: Wire | None = None) -> Stream:
        """Opens a stream, and comes again while the server is busy. The head may have come.

        Slots of streams that the kit left may not be free yet.
        """
        until = time.monotonic() + self.options.timeout_s
        while True:
            stream = (wire or self.wire).open(request)
            left_s = until - time.monotonic()
            stream.read(left_s, stop=lambda each: each.capture.head is not None)
            if not self.is_busy(stream.seen()) or time.monotonic() > until:
                return stream
            stream.close()
            time.sleep(BUSY_S)

    def ask(
        self,
        request: Request,
        *,
        seconds: float | None = None,
        stop: Stop | None = None,
        quiet_s: float | None = None,
    ) -> Capture:
        """Does what `ask_once` does, and comes again while the server is busy."""
        return self.patiently(
            lambda: self.ask_once(request, seconds=seconds, stop=stop, quiet_s=quiet_s),
            self.is_busy,
        )

    def ask_once(
        self,
        request: Request,
        *,
        seconds: float | None = None,
        stop: Stop | None = None,
        quiet_s: float | None = None,
    ) -> Capture:
        """Asks, reads until one of the ends that Stream.read knows, leaves, returns what came."""
        stream = self.open(request)
        if stream.is_over:
            return stream.seen()
        limit_s = self.options.timeout_s if seconds is None else seconds
        stopped = stream.read(limit_s, stop, quiet_s)
        nothing = not stream.is_over and stream.capture.head is None and not stopped
        capture = stream.close()
        if nothing:
            capture.ended = TIMED_OUT
        return capture

    def follow(
        self,
        *,
        last_event_id: str | bytes | None = None,
        stop: Stop | None = None,
        query: str = "",
        headers: tuple[tuple[str, bytes], ...] = (),
    ) -> Capture:
        """Opens the stream as a client that reconnects, and takes what comes in one window.

        The window begins with the first byte of the body; before it there is the timeout. While
        the server is busy (429 or 503 with Retry-After), the client comes again: slots of streams
        that the kit left may not be free yet.
        """
        request = self.request(last_event_id=last_event_id, query=query, headers=headers)
        return self.follow_request(request, stop)

    def follow_request(self, request: Request, stop: Stop | None = None) -> Capture:
        """Does what `follow` does, with any request."""
        window_s = self.options.window_s

        def is_enough(stream: Stream) -> bool:
            if stop and stop(stream):
                return True
            reads = stream.capture.reads
            began_s = reads[0][0] if reads else stream.capture.head_s
            return began_s is not None and stream.age_s > began_s + window_s

        return self.patiently(lambda: self._read_window(request, is_enough), self.is_busy)

    def glance(self, request: Request) -> Capture:
        """Asks, and looks at what comes first: until an event, an error, or a moment after both.

        Comes again while the server is busy.
        """
        moment_s = min(self.options.window_s, GLANCE_S)
        with self.open_patiently(request) as stream:
            if stream.capture.head and stream.capture.head.status == 200:
                stream.read(moment_s, stop=lambda each: bool(each.events))
            else:
                stream.read(moment_s, quiet_s=moment_s / 2)
            return stream.close()

    def patiently(self, ask: Callable[[], T], is_busy: Callable[[T], bool]) -> T:
        """Asks again and again while the server is busy, for as long as the timeout."""
        until = time.monotonic() + self.options.timeout_s
        while True:
            answer = ask()
            if not is_busy(answer) or time.monotonic() > until:
                return answer
            time.sleep(BUSY_S)

    def is_busy(self, capture: Capture) -> bool:
        """Whether the server asks to come again later; `limit` judges how it does."""
        if capture.status not in (429, 503):
            return False
        return self.options.limit is not None or capture.header("Retry-After") is not None

    def _read_window(self, request: Request, is_enough: Stop) -> Capture:
        stream = self.open(request)
        until = time.monotonic() + self.options.timeout_s
        while not stream.is_over and time.monotonic() < until:
            if stream.read(min(0.05, self.options.window_s), is_enough):
                break
        nothing = not stream.is_over and stream.capture.head is None
        capture = stream.close()
        if nothing:
            capture.ended = TIMED_OUT
        return capture

    def shared(self, name: str, make: Callable[[], object]) -> object:
        """Returns what `make` returned the first time; several checks judge one capture."""
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if name not in self._shared:
                self._shared[name] = make()
            return self._shared[name]

    @cached_property
    def can_follow_ids(self) -> bool:
        """Whether the stream's events set ids that a client could send back."""
        return any(event.sets_id and event.id for event in self.long.so_far().events)

    # --- publishing

    def fresh_token(self) -> str:
        """Returns a text that was never published, and that `identity.TOKEN` matches."""
        return self._producer.fresh_token()

    def publish(self, count: int) -> list[str]:
        """Publishes so many fresh texts. Returns those that the producer took."""
        taken = []
        for _ in range(count):
            token = self.fresh_token()
            if not self.emit(token):
                taken.append(token)
        return taken

    def emit(self, text: str) -> str:
        """Publishes one text as the user said. Returns "" or why the producer refused it."""
        try:
            return self._producer.emit(text)
        except NoTimeError:
            return NO_TIME

    def emit_patiently(self, text: str) -> str:
        """Does what `emit` does, and tries again for a while after a refusal for being busy."""
        return self.patiently(lambda: self.emit(text), lambda refusal: refusal.startswith(_BUSY))


class LongCapture:
    """Two streams that listen from the start, beside all other checks, until these are done."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._streams: list[Stream] = []
        self._leave = threading.Event()
        self._listened_s = 0.0  # how long it had listened when nothing more was to be published

    @property
    def wanted_s(self) -> float:
        """How long the first stream listens at least."""
        return self._session.options.heartbeat_s + self._session.options.window_s

    def start(self, first: Stream) -> None:
        """Goes on with the stream that was opened to look at the server, and opens a neighbour."""
        self._streams = [first]
        self._listen(first)
        if self._session.options.limit == 1:
            self._streams.append(Stream(Capture(asked="no second client: --limit 1")))
            return
        request = self._session.request(asked="GET by a second client")
        neighbour = self._session.open_patiently(request)
        self._streams.append(neighbour)
        self._listen(neighbour)

    def _listen(self, stream: Stream) -> None:
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: Stream) -> None:
        with contextlib.suppress(NoTimeError):
            while not stream.is_over and not self._leave.is_set():
                stream.read(_PIECE_S)

    def so_far(self) -> Capture:
        """Returns all that the first stream received until now."""
        return self._streams[0].seen()

    def neighbour_so_far(self) -> Capture:
        """Returns all that the second stream received until now."""
        return self._streams[1].seen()

    def count_open(self) -> int:
        """Returns how many of the two streams are open."""
        return sum(not stream.is_over and stream.seen().is_stream for stream in self._streams)

    def wait(self, seconds: float, enough: Callable[[], bool]) -> bool:
        """Waits until `enough`, or until both streams are over or time is up."""
        until = min(time.monotonic() + seconds, self._session.wire.deadline)
        while time.monotonic() < until:
            if enough():
                return True
            if all(stream.is_over for stream in self._streams):
                return enough()
            time.sleep(0.02)
        return enough()

    def finish(self) -> Capture:
        """Waits until the longest silence can be judged; returns what the first stream received.

        The silence at the end counts only when it is known how it ends: by a byte, which is a
        heartbeat as the kit publishes nothing any more, or by being too long.
        """
        self._listened_s = self._listened_s or max(self.wanted_s, self._streams[0].age_s)
        longest_s = self.wanted_s + self._session.options.heartbeat_s + 1
        self.wait(longest_s, self._is_enough)
        return self._streams[0].seen()

    def _is_enough(self) -> bool:
        stream = self._streams[0]
        if stream.is_over:
            return True
        if stream.age_s < self._listened_s:
            return False
        silence_s = stream.age_s - stream.last_read_s
        is_too_long = silence_s > self._session.options.heartbeat_s + SILENCE_TOLERANCE_S
        return is_too_long or stream.last_read_s >= self._listened_s

    def close(self) -> None:
        """Leaves both streams."""
        self._leave.set()
        for stream in self._streams:
            stream.close()


def has_begun(stream: Stream) -> bool:
    """Whether the body began, or had a moment to: a live stream may have nothing to say yet."""
    return bool(stream.body_bytes) or had_a_moment(stream)


def had_a_moment(stream: Stream) -> bool:
    """Whether the head came, and some time for what follows it at once."""
    head_s = stream.capture.head_s
    return head_s is not None and stream.age_s > head_s + MOMENT_S


def as_query(name: str, value: str) -> str:
    """Encodes one parameter of a query."""
    return f"{name}={quote(value, safe='')}"
