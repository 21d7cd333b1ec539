"""How do all streams of a process that follow the same scopes share one window of metrics?

Theory of operation. A window (dashboard_data/metrics.py) is exact for whoever has read the feed up
to a position, if it counts every entry up to there. It may count more: it then tells what is true
now, as it does for a client that comes back and is sent what it missed. So streams at different
positions share one, and three rules keep it exact:

- A stream joins a window only if that counts every entry up to its position. Otherwise it reads the
  hourly records, after its position: position first, then data. Streams that open together wait for
  one read, if it began with a position that is not before theirs.
- Each stream takes every entry that it passes to the window, which counts it if it is new there.
  So a window counts everything up to the position that is furthest.
- The window remembers in which minutes it counted, so that each stream can tell what its own client
  does not know (untold.py).

Where streams come all the time, windows that are read anew replace the older ones: a stream moves
over to the newest when it tells all minutes, about once a minute. A window that no stream has is
gone.
"""

from collections.abc import Generator, Iterator, Sequence
from threading import Event, Lock
from typing import NamedTuple
from weakref import WeakValueDictionary

from dashboard_data import (
    Clock,
    Cursor,
    DynamoDbMetrics,
    FeedEntry,
    MetricsWindow,
)
from dashboard_data.dynamodb import Record

from stream_function import life
from stream_function.outage import TableUnreadableError
from stream_function.shared_events import SharedEvent, SharedEvents
from stream_function.untold import ChangedMinutes, Told

# contract.md: what a client missed is sent in pieces of bounded size.
MOST_ITEMS = 200
# With the item that goes over it, this is less than what a reader may take 20 s for
# (docs/runtime.md), so that a renewal comes in time after each piece.
MOST_BYTES = 32 * 1024
# A stream that opens reads the records again if the window was read so long ago.
OLDEST_S = 300
KEPT_PIECES = 4

Scopes = tuple[str, ...]
Reading = Generator[None, None, "SharedWindow"]


class Piece(NamedTuple):
    """The items of one write. It `covers` so many entries, of which it shows some."""

    data: bytes
    shown: tuple[FeedEntry, ...]
    covers: int


class SharedWindow:
    """One window, and the events that tell of it. Threads share it."""

    def __init__(
        self,
        events: SharedEvents,
        cursor: Cursor,
        scopes: Scopes,
        records: list[Record],
        now_s: float,
    ) -> None:
        self.epoch = cursor.epoch
        self.scopes = scopes
        self.read_at_s = now_s
        self.changed = ChangedMinutes()
        self._events = events
        self._guard = Lock()
        self._window = MetricsWindow(scopes, records)
        self._counts_up_to = cursor.seq
        self._event_key: object = None
        self._event = SharedEvent(b"", 0)
        self._pieces: dict[tuple[int, int], Piece] = {}

    def serves(self, cursor: Cursor) -> bool:
        """Whether it counts every entry up to this position."""
        return self.epoch == cursor.epoch and self._counts_up_to >= cursor.seq

    def count(self, entries: Sequence[FeedEntry]) -> None:
        """Counts those of these entries that it has not counted. They follow one another."""
        if not entries or entries[-1].seq <= self._counts_up_to:
            return
        with self._guard:
            for entry in entries:
                if entry.seq > self._counts_up_to:
                    if self._window.apply(entry):
                        self.changed.note(entry)
                    self._counts_up_to = entry.seq

    def piece(self, secret: bytes, entries: Sequence[FeedEntry]) -> Piece:
        """Returns the items of the first of these entries, as far as they fit into one piece."""
        at = (entries[0].seq, entries[-1].seq)
        known = self._pieces.get(at)
        if known is None:
            known = self._new_piece(secret, entries)
            with self._guard:
                while len(self._pieces) >= KEPT_PIECES:
                    del self._pieces[next(iter(self._pieces))]
                self._pieces[at] = known
        return known

    def _new_piece(self, secret: bytes, entries: Sequence[FeedEntry]) -> Piece:
        frames: list[bytes] = []
        shown: list[FeedEntry] = []
        size = 0
        covers = 0
        for entry in entries:
            if len(shown) >= MOST_ITEMS or size >= MOST_BYTES:
                break
            covers += 1
            if self._window.covers(entry):
                frames.append(self._events.item(secret, self.epoch, entry))
                shown.append(entry)
                size += len(frames[-1])
        return Piece(b"".join(frames), tuple(shown), covers)

    def event(
        self, secret: bytes, cursor: Cursor | None, told: Told, now_s: float, after: int
    ) -> tuple[SharedEvent, Told]:
        """Returns a `metrics` event of this second, with a larger number than `after`.

        Also how far a stream has told its client that has told it so far before.
        """
        with self._guard:
            minutes = told.untold(self.changed, now_s)
            at = (secret, cursor, self.changed.version, int(now_s), minutes)
            if self._event_key != at or self._event.number <= after:
                snapshot = self._window.snapshot(now_s, minutes=minutes)
                self._event = self._events.metrics(secret, cursor, snapshot)
                self._event_key = at
            return self._event, told.after(self.changed, minutes, now_s)


class _Flight:
    """One read of records, for all who wait for it. `seq`: it counts all up to this number."""

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self.is_over = Event()
        self.window: SharedWindow | None = None
        self.error: Exception | None = None


class SharedWindows:
    """The windows of one process."""

    def __init__(self, metrics: DynamoDbMetrics, events: SharedEvents, clock: Clock) -> None:
        self._metrics = metrics
        self._events = events
        self._clock = clock
        self._guard = Lock()
        self._newest: WeakValueDictionary[tuple[str, Scopes], SharedWindow] = WeakValueDictionary()
        self._flights: dict[tuple[str, Scopes], _Flight] = {}

    def newer(self, than: SharedWindow, cursor: Cursor) -> SharedWindow:
        """Returns the newest window of these scopes, if it serves this position."""
        newest = self._newest.get((than.epoch, than.scopes))
        if newest is None or not newest.serves(cursor):
            return than
        return newest

    def joined(self, cursor: Cursor, scopes: Scopes) -> Reading:
        """Yields after each call of the table. Returns a window that serves this position.

        Raises TableUnreadableError.
        """
        at = (cursor.epoch, scopes)
        with self._guard:
            known = self._newest.get(at)
            if known and known.serves(cursor) and self._is_young(known):
                return known
            flight = self._flights.get(at)
            leads = flight is None or flight.seq < cursor.seq
            if leads:
                flight = self._flights[at] = _Flight(cursor.seq)
        assert flight is not None
        if not leads:
            flight.is_over.wait(life.CALL_TIMEOUT_S)
            yield
            if flight.error:
                raise TableUnreadableError from flight.error
            if flight.window:
                return flight.window
            flight = _Flight(cursor.seq)  # that one takes long, or was given up
        return (yield from self._flown(flight, cursor, scopes))

    def _is_young(self, window: SharedWindow) -> bool:
        return abs(self._clock() - window.read_at_s) < OLDEST_S

    def _flown(self, flight: _Flight, cursor: Cursor, scopes: Scopes) -> Reading:
        at = (cursor.epoch, scopes)
        now_s = self._clock()
        try:
            records = []
            for record in self._records(cursor.epoch, scopes):
                if record is None:
                    yield
                else:
                    records.append(record)
            window = SharedWindow(self._events, cursor, scopes, records, now_s)
            flight.window = window
            return window
        except Exception as error:
            flight.error = error
            raise TableUnreadableError from error
        finally:
            with self._guard:
                if flight.window:
                    self._newest[at] = flight.window
                if self._flights.get(at) is flight:
                    del self._flights[at]
            flight.is_over.set()

    def _records(self, epoch: str, scopes: Scopes) -> Iterator[Record | None]:
        """Yields the records of these scopes, and None where another call may follow."""
        for scope in scopes:
            for record in self._metrics.records(epoch, scope):
                yield record
                yield None
            yield None
