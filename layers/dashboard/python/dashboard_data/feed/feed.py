"""What comes after this position? The ordered, gap-free source of items that every stream follows."""

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from dashboard_data.dynamodb import Clock, Record, expired, key, text
from dashboard_data.feed.cursor import Cursor, genuine, parse_event_id
from dashboard_data.feed.head import Head, read_head
from dashboard_data.feed.item import Item

RETENTION_S = 24 * 3600
PAGE_LIMIT = 500
BUCKET = 500  # numbers to a partition, so that none grows without bound

# Why a position cannot be carried on from: the `reason` of a `reset` event.
UNKNOWN = "unknown"  # malformed, or not signed by us
REBUILT = "rebuilt"  # of another epoch
TOO_OLD = "too-old"  # what came next is past retention
FUTURE = "future"  # a number that was never given


class FeedEntry(NamedTuple):
    seq: int
    item: Item


class Page(NamedTuple):
    """Entries that follow a cursor without a gap; `cursor` is the position after them.

    `more`: there may be more to read at once. `reset`: what follows the cursor is gone, there are no entries.
    """

    entries: tuple[FeedEntry, ...]
    cursor: Cursor
    more: bool = False
    reset: str | None = None


class Resumption(NamedTuple):
    """Where a stream starts. With `reset` it starts from the current state, otherwise it misses nothing."""

    cursor: Cursor
    head: Head
    reset: str | None = None


class Feed(Protocol):
    def head(self) -> Head:
        """Where the feed stands now, never from a stale copy."""
        ...

    def after(self, cursor: Cursor, limit: int = PAGE_LIMIT, known_seq: int = 0) -> Page:
        """What follows the cursor. `known_seq`: a number that the caller knows to have been given."""
        ...

    def resume(self, last_event_id: str | None) -> Resumption:
        """Where a client with this `Last-Event-ID` starts, None for a first connection.

        It never raises for what the id says.
        """
        ...

    def recent(self, cursor: Cursor, count: int) -> tuple[FeedEntry, ...]:
        """The newest entries up to the cursor, newest first."""
        ...


def decide_resumption(last_event_id: str | None, head: Head) -> Resumption:
    """All that can be decided without looking whether the next entry is still there."""
    if last_event_id is None:
        return Resumption(head.cursor, head)
    parsed = parse_event_id(last_event_id)
    if parsed is None:
        return Resumption(head.cursor, head, UNKNOWN)
    if parsed.cursor.epoch != head.epoch:
        return Resumption(head.cursor, head, REBUILT)
    if not genuine(parsed, head.secret):
        return Resumption(head.cursor, head, UNKNOWN)
    if parsed.cursor.seq > head.seq:
        return Resumption(head.cursor, head, FUTURE)
    return Resumption(parsed.cursor, head)


def follows(entries: Iterable[FeedEntry], cursor: Cursor) -> bool:
    """Numbers are gap-free by construction, so a missing one shows."""
    return all(entry.seq == expected for expected, entry in enumerate(entries, cursor.seq + 1))


class DynamoDbFeed:
    """The feed in the table. It keeps no state, so any number of threads may share one."""

    def __init__(self, client: Any, table: str, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def head(self) -> Head:
        return read_head(self._client, self._table)

    def after(self, cursor: Cursor, limit: int = PAGE_LIMIT, known_seq: int = 0) -> Page:
        """One eventually consistent Query when nothing is new: half a read unit, whatever the table holds.

        A stale copy shows by a hole, or by ending before `known_seq`: the same Query is then made consistently.
        """
        page = self._read(cursor, limit, consistent=False)
        ends_early = not page.more and page.cursor.seq < known_seq
        return self._read(cursor, limit, consistent=True) if page.reset or ends_early else page

    def resume(self, last_event_id: str | None) -> Resumption:
        decided = decide_resumption(last_event_id, self.head())
        if decided.reset or decided.cursor.seq == decided.head.seq or self._next_is_there(decided.cursor):
            return decided
        return Resumption(decided.head.cursor, decided.head, TOO_OLD)

    def recent(self, cursor: Cursor, count: int) -> tuple[FeedEntry, ...]:
        found: list[FeedEntry] = []
        oldest = max(1, cursor.seq - count + 1)
        if cursor.seq < oldest:
            return ()  # DynamoDB refuses an empty range
        for bucket in range(bucket_of(cursor.seq), bucket_of(oldest) - 1, -1):
            records = self._query(
                Cursor(cursor.epoch, bucket * BUCKET),
                "SK BETWEEN :seq AND :newest",
                {":seq": text(seq_text(oldest)), ":newest": text(seq_text(cursor.seq))},
                ScanIndexForward=False,
            )["Items"]
            found += self._entries(records)
        return tuple(found)

    def _read(self, cursor: Cursor, limit: int, *, consistent: bool) -> Page:
        position = {":seq": text(seq_text(cursor.seq))}
        answer = self._query(_next(cursor), "SK > :seq", position, Limit=limit, ConsistentRead=consistent)
        entries = self._entries(answer["Items"])
        if not follows(entries, cursor) or (answer["Items"] and not entries):
            return Page((), cursor, reset=TOO_OLD)
        if not entries:
            return Page((), cursor)
        reached = Cursor(cursor.epoch, entries[-1].seq)
        ends_a_bucket = bucket_of(reached.seq) != bucket_of(reached.seq + 1)
        return Page(entries, reached, more=ends_a_bucket or "LastEvaluatedKey" in answer)

    def _query(self, within: Cursor, condition: str, values: Record, **arguments: Any) -> dict[str, Any]:
        return self._client.query(
            TableName=self._table,
            KeyConditionExpression=f"PK = :feed AND {condition}",
            ExpressionAttributeValues={":feed": text(feed_partition(within))} | values,
            **arguments,
        )

    def _entries(self, records: list[Record]) -> tuple[FeedEntry, ...]:
        now = self._clock()
        return tuple([entry_from_record(record) for record in records if not expired(record, now)])

    def _next_is_there(self, cursor: Cursor) -> bool:
        answer = self._client.get_item(TableName=self._table, Key=entry_key(_next(cursor)), ConsistentRead=True)
        return "Item" in answer and not expired(answer["Item"], self._clock())


def bucket_of(seq: int) -> int:
    return seq // BUCKET


def feed_partition(cursor: Cursor) -> str:
    return f"FEED#{cursor.epoch}#{bucket_of(cursor.seq)}"


def seq_text(seq: int) -> str:
    return f"{seq:012d}"


def entry_key(cursor: Cursor) -> Record:
    return key(feed_partition(cursor), seq_text(cursor.seq))


def _next(cursor: Cursor) -> Cursor:
    return Cursor(cursor.epoch, cursor.seq + 1)


def entry_from_record(record: Record) -> FeedEntry:
    return FeedEntry(int(record["SK"]["S"]), Item.from_text(record["item"]["S"]))


def entry_record(cursor: Cursor, item: Item, now: float) -> Record:
    return entry_key(cursor) | {"item": text(item.to_text()), "expires_at": {"N": str(int(now) + RETENTION_S)}}
