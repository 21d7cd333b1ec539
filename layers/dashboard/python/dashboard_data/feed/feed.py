"""What comes after this position? The ordered, gap-free source of items for all streams."""

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from dashboard_data import dynamodb
from dashboard_data.dynamodb import Clock, Key, Record, Table, expired, key, text, texts
from dashboard_data.feed.cursor import Cursor, is_signed_with, parse_event_id
from dashboard_data.feed.head import Head, read_head
from dashboard_data.feed.item import Item

RETENTION_S = 24 * 3600
PAGE_LIMIT = 500
BUCKET = 500  # numbers in one partition, so that none grows without bound


class ResetReason(StrEnum):
    """Why a position cannot be carried on from: the `reason` of a `reset` event."""

    UNKNOWN = "unknown"  # malformed, or not signed by us
    REBUILT = "rebuilt"  # from another epoch
    TOO_OLD = "too-old"  # the entries after it are past retention
    FUTURE = "future"  # a number that was never given


class FeedEntry(NamedTuple):
    """An item with its number. `uncounted`: scopes whose hourly record does not count it."""

    seq: int
    item: Item
    uncounted: frozenset[str] = frozenset()


class Page(NamedTuple):
    """Entries that follow a cursor without a gap; `cursor` is the position after them.

    `more`: there may be more to read at once. `reset`: the entries after the cursor are gone.
    """

    entries: tuple[FeedEntry, ...]
    cursor: Cursor
    more: bool = False
    reset: ResetReason | None = None


class Resumption(NamedTuple):
    """Where a stream starts.

    With `reset` it starts from the current state; otherwise it misses nothing.
    """

    cursor: Cursor
    head: Head
    reset: ResetReason | None = None


class Feed(Protocol):
    def head(self) -> Head:
        """Returns where the feed stands now, never from a stale copy."""
        ...

    def after(self, cursor: Cursor, limit: int = PAGE_LIMIT, known_seq: int = 0) -> Page:
        """Returns the entries after the cursor.

        `known_seq`: a number that the caller knows to have been given.
        """
        ...

    def page_after(
        self, cursor: Cursor, limit: int = PAGE_LIMIT, *, consistent: bool = False
    ) -> Page:
        """Makes one call for these entries. The page may lag unless `consistent`: see `lags`."""
        ...

    def resume(self, last_event_id: str | None) -> Resumption:
        """Returns where a client with this `Last-Event-ID` starts; None is a first connection.

        It never raises because of the id.
        """
        ...

    def recent(self, cursor: Cursor, count: int) -> tuple[FeedEntry, ...]:
        """Returns the newest entries up to the cursor, newest first."""
        ...

    def entries(self, epoch: str, seqs: Collection[int]) -> tuple[FeedEntry, ...]:
        """Returns the entries of these numbers that are still kept, newest first."""
        ...


def decide_resumption(last_event_id: str | None, head: Head) -> Resumption:
    """Decides all that can be decided without looking whether the next entry is still there."""
    if last_event_id is None:
        return Resumption(head.cursor, head)
    parsed = parse_event_id(last_event_id)
    if parsed is None:
        return Resumption(head.cursor, head, ResetReason.UNKNOWN)
    if parsed.cursor.epoch != head.epoch:
        return Resumption(head.cursor, head, ResetReason.REBUILT)
    if not is_signed_with(head.secret, parsed):
        return Resumption(head.cursor, head, ResetReason.UNKNOWN)
    if parsed.cursor.seq > head.seq:
        return Resumption(head.cursor, head, ResetReason.FUTURE)
    return Resumption(parsed.cursor, head)


def is_gap_free(entries: Iterable[FeedEntry], cursor: Cursor) -> bool:
    """Whether the entries follow the cursor without a gap.

    Numbers are gap-free by construction, so a missing one shows.
    """
    return all(entry.seq == expected for expected, entry in enumerate(entries, cursor.seq + 1))


def lags(page: Page, known_seq: int) -> bool:
    """Whether the page may come from a stale copy, so that it has to be read consistently.

    That shows by a hole, or by ending before `known_seq`, a number that is known to be given.
    """
    ends_early = not page.more and page.cursor.seq < known_seq
    return page.reset is not None or ends_early


class DynamoDbFeed:
    """The feed in the table. It keeps no state, so any number of threads may share one."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def head(self) -> Head:
        return read_head(self._table)

    def after(self, cursor: Cursor, limit: int = PAGE_LIMIT, known_seq: int = 0) -> Page:
        """Costs half a read unit when nothing is new, whatever the table holds.

        That is one eventually consistent Query. If its page lags, the same Query is made
        consistently.
        """
        page = self.page_after(cursor, limit)
        if lags(page, known_seq):
            return self.page_after(cursor, limit, consistent=True)
        return page

    def resume(self, last_event_id: str | None) -> Resumption:
        decided = decide_resumption(last_event_id, self.head())
        if decided.reset or decided.cursor.seq == decided.head.seq:
            return decided
        if self._next_is_there(decided.cursor):
            return decided
        return Resumption(decided.head.cursor, decided.head, ResetReason.TOO_OLD)

    def recent(self, cursor: Cursor, count: int) -> tuple[FeedEntry, ...]:
        found: list[FeedEntry] = []
        oldest = max(1, cursor.seq - count + 1)
        if cursor.seq < oldest:
            return ()  # DynamoDB refuses an empty range
        for bucket in range(bucket_of(cursor.seq), bucket_of(oldest) - 1, -1):
            page = self._query(
                Cursor(cursor.epoch, bucket * BUCKET),
                "SK BETWEEN :seq AND :newest",
                {":seq": text(seq_text(oldest)), ":newest": text(seq_text(cursor.seq))},
                ScanIndexForward=False,
            )
            found += self._readable(page.records)
            if page.more:
                break  # the entries were too large for one page: no hole is left between them
        return tuple(found)

    def entries(self, epoch: str, seqs: Collection[int]) -> tuple[FeedEntry, ...]:
        """Reads them with one call, consistently, up to 100 of them."""
        newest_first = sorted(set(seqs), reverse=True)
        keys = [entry_key(Cursor(epoch, seq)) for seq in newest_first]
        found = self._table.get_many(keys, consistent=True)
        return self._readable([found[at] for at in keys if at in found])

    def page_after(
        self, cursor: Cursor, limit: int = PAGE_LIMIT, *, consistent: bool = False
    ) -> Page:
        page = self._query(
            _next(cursor),
            "SK > :seq",
            {":seq": text(seq_text(cursor.seq))},
            Limit=limit,
            ConsistentRead=consistent,
        )
        entries = self._entries(page.records)
        if not is_gap_free(entries, cursor) or (page.records and not entries):
            return Page((), cursor, reset=ResetReason.TOO_OLD)
        if not entries:
            return Page((), cursor)
        reached = Cursor(cursor.epoch, entries[-1].seq)
        ends_a_bucket = bucket_of(reached.seq) != bucket_of(reached.seq + 1)
        return Page(entries, reached, more=ends_a_bucket or page.more)

    def _query(
        self, within: Cursor, condition: str, values: Record, **options: Any
    ) -> dynamodb.Page:
        values = {":feed": text(feed_partition(within))} | values
        return self._table.query_page(f"PK = :feed AND {condition}", values, **options)

    def _entries(self, records: list[Record]) -> tuple[FeedEntry, ...]:
        now_s = self._clock()
        return tuple(
            [entry_from_record(record) for record in records if not expired(record, now_s)]
        )

    def _readable(self, records: list[Record]) -> tuple[FeedEntry, ...]:
        """Returns these entries without those that are damaged: whoever lists misses one item."""
        now_s = self._clock()

        def read(record: Record) -> FeedEntry | None:
            return None if expired(record, now_s) else entry_from_record(record)

        return tuple(self._table.readable(records, read))

    def _next_is_there(self, cursor: Cursor) -> bool:
        record = self._table.get(entry_key(_next(cursor)))
        return record is not None and not expired(record, self._clock())


def bucket_of(seq: int) -> int:
    return seq // BUCKET


def feed_partition(cursor: Cursor) -> str:
    return f"FEED#{cursor.epoch}#{bucket_of(cursor.seq)}"


def seq_text(seq: int) -> str:
    return f"{seq:012d}"


def entry_key(cursor: Cursor) -> Key:
    return feed_partition(cursor), seq_text(cursor.seq)


def _next(cursor: Cursor) -> Cursor:
    return Cursor(cursor.epoch, cursor.seq + 1)


def entry_from_record(record: Record) -> FeedEntry:
    scopes = record.get("uncounted", {}).get("L", ())
    return FeedEntry(
        seq=int(record["SK"]["S"]),
        item=Item.from_text(record["item"]["S"]),
        uncounted=frozenset([scope["S"] for scope in scopes]),
    )


def entry_record(epoch: str, entry: FeedEntry, now_s: float) -> Record:
    """Returns the record of an entry, which expires after the retention window."""
    record = key(*entry_key(Cursor(epoch, entry.seq))) | {
        "item": text(entry.item.to_text()),
        "expires_at": {"N": str(int(now_s) + RETENTION_S)},
    }
    if entry.uncounted:
        record["uncounted"] = texts(sorted(entry.uncounted))
    return record
