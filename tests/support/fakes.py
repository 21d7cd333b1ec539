"""Fakes that behave like the real things: clock, feed, records, a client that fails on demand."""

import secrets
from collections.abc import Callable, Collection
from dataclasses import replace
from threading import Condition
from typing import Any

from dashboard_data import ResetReason
from dashboard_data.dynamodb import Key, Record
from dashboard_data.feed.cursor import Cursor
from dashboard_data.feed.feed import (
    PAGE_LIMIT,
    RETENTION_S,
    FeedEntry,
    Page,
    Resumption,
    decide_resumption,
)
from dashboard_data.feed.head import Head
from dashboard_data.feed.item import Item

NOON = 1_795_348_800.0  # 2026-11-22T12:00:00Z


class FakeClock:
    """A clock in epoch seconds, which pass only when somebody waits."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds

    sleep = advance

    def pause(self, condition: Condition, seconds: float) -> None:
        """Replaces `Condition.wait`, for a single thread. Some time passes, as in a real wait."""
        self.advance(max(seconds, 1e-6))


class InMemoryFeed:
    """Implements the feed port without a table."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.rebuild()

    def rebuild(self) -> None:
        """Starts the history anew."""
        self._head = Head(secrets.token_hex(5), 0, secrets.token_bytes(32))
        self._entries: list[tuple[FeedEntry, float]] = []

    def publish(self, *items: Item) -> None:
        for item in items:
            self._head = self._head._replace(seq=self._head.seq + 1)
            entry = FeedEntry(
                self._head.seq, replace(item, written_at=item.written_at or self._clock())
            )
            self._entries.append((entry, self._clock() + RETENTION_S))

    def head(self) -> Head:
        return self._head

    def after(self, cursor: Cursor, limit: int = PAGE_LIMIT, known_seq: int = 0) -> Page:
        if cursor.epoch != self._head.epoch or cursor.seq >= self._head.seq:
            return Page((), cursor)
        entries = tuple(entry for entry in self._kept() if entry.seq > cursor.seq)
        if not entries or entries[0].seq != cursor.seq + 1:
            return Page((), cursor, reset=ResetReason.TOO_OLD)
        page = entries[:limit]
        return Page(page, Cursor(cursor.epoch, page[-1].seq), more=len(entries) > limit)

    def page_after(
        self, cursor: Cursor, limit: int = PAGE_LIMIT, *, consistent: bool = False
    ) -> Page:
        return self.after(cursor, limit)

    def resume(self, last_event_id: str | None) -> Resumption:
        decided = decide_resumption(last_event_id, self._head)
        if decided.reset or not self.after(decided.cursor).reset:
            return decided
        return Resumption(self._head.cursor, self._head, ResetReason.TOO_OLD)

    def recent(self, cursor: Cursor, count: int) -> tuple[FeedEntry, ...]:
        return tuple(reversed([entry for entry in self._kept() if entry.seq <= cursor.seq]))[:count]

    def entries(self, epoch: str, seqs: Collection[int]) -> tuple[FeedEntry, ...]:
        kept = self._kept() if epoch == self._head.epoch else []
        return tuple(reversed([entry for entry in kept if entry.seq in seqs]))

    def _kept(self) -> list[FeedEntry]:
        return [entry for entry, expires_at in self._entries if expires_at > self._clock()]


class InMemoryRecords:
    """Implements the records port without a table.

    It holds the head of an InMemoryFeed, and the records that are put beside it.
    """

    def __init__(self, feed: InMemoryFeed) -> None:
        self._feed = feed
        self._records: dict[Key, Record] = {}
        self.reads: list[tuple[frozenset[Key], bool]] = []
        self.error: Exception | None = None

    def put(self, record: Record) -> None:
        self._records[record["PK"]["S"], record["SK"]["S"]] = record

    def remove(self, at: Key) -> None:
        self._records.pop(at, None)

    def get_many(self, keys: Collection[Key], *, consistent: bool = False) -> dict[Key, Record]:
        self.reads.append((frozenset(keys), consistent))
        if self.error:
            raise self.error
        head = self._feed.head()
        head_record: Record = {
            "epoch": {"S": head.epoch},
            "seq": {"N": str(head.seq)},
            "secret": {"B": head.secret},
        }
        records = self._records | {("FEED", "HEAD"): head_record}
        return {at: records[at] for at in keys if at in records}


class TableError(Exception):
    """An error as a DynamoDB client raises it."""

    def __init__(self, code: str, reasons: list[str] | None = None) -> None:
        super().__init__(code)
        self.response: dict[str, Any] = {"Error": {"Code": code}}
        if reasons is not None:
            self.response["CancellationReasons"] = [{"Code": reason} for reason in reasons]


class Crash(BaseException):
    """Raised when the process is gone; nothing catches it."""


Meddle = Callable[[int, str, Callable[[], Any]], Any]


class MeddledClient:
    """A DynamoDB client whose calls go through `meddle(number, name, call)`, numbered from 1."""

    def __init__(self, client: Any, meddle: Meddle | None = None) -> None:
        self._client = client
        self._meddle = meddle or (lambda number, name, call: call())
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)

        def call(**arguments: Any) -> Any:
            self.calls.append((name, arguments))
            return self._meddle(len(self.calls), name, lambda: method(**arguments))

        return call


def failing_at(at: int, error: BaseException, *, after_it_took_effect: bool = False) -> Meddle:
    """Lets the call of this number fail, before or after it took effect."""

    def meddle(number: int, name: str, call: Callable[[], Any]) -> Any:
        if number == at and not after_it_took_effect:
            raise error
        response = call()
        if number == at:
            raise error
        return response

    return meddle


def preceded_at(at: int, action: Callable[[], Any]) -> Meddle:
    """Lets somebody else act just before the call of this number."""

    def meddle(number: int, name: str, call: Callable[[], Any]) -> Any:
        if number == at:
            action()
        return call()

    return meddle


def failing_while(holds: Callable[[str], bool]) -> Meddle:
    """Lets calls fail whose name `holds` selects."""

    def meddle(number: int, name: str, call: Callable[[], Any]) -> Any:
        if holds(name):
            raise TableError("InternalServerError")
        return call()

    return meddle
