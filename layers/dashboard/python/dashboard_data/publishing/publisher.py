"""How do items get into the feed, each exactly once, whatever fails on the way?

Others may publish at the same time, and a process may die between any two calls. A crash has then
done a whole transaction or nothing of it, and the marks tell which. So the reply to every error is
to read the table again and to try again, while there is time. What is left is reported, never
dropped.

An hourly record changes only together with the head. So a transaction whose condition on the head
holds has planned with the true records, and after our own success we know all of them without
reading.

Counting must not stop publishing. If the table refuses an hourly record for good, its items are
published without being counted there.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dashboard_data.dynamodb import (
    CONDITION_FAILED,
    Cancelled,
    Clock,
    Record,
    Table,
    cancellation_codes,
    error_code,
    is_server_failure,
)
from dashboard_data.feed.head import Head, read_head
from dashboard_data.feed.item import Item
from dashboard_data.hourly import HourlyMetrics, metrics_partition
from dashboard_data.publishing.publication import (
    Publication,
    ScopeHour,
    batches,
    countable_hours,
    mark_key,
    publication,
)
from dashboard_data.retry import RETRIABLE, Backoff

# Some 8 s of pauses on average.
MOST_TRIES = 12
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 2.0
INVALID = "ValidationException"  # DynamoDB's code for a request that it refuses as a whole
# Codes after which an item may be at fault, so that each is tried alone. After any other, such as
# denied access, all items of a batch fail alike, and keep their order.
ABOUT_ITEMS = frozenset(
    {
        INVALID,
        "ItemCollectionSizeLimitExceededException",
        "SerializationException",
        "TransactionCanceledException",
    }
)
MARGIN_S = 2.0  # an attempt that starts with less time than this could be cut in its middle


def publisher_backoff(sleep: Callable[[float], object], random: Callable[[], float]) -> Backoff:
    """Returns the publisher's own back-off: a batch is worth a longer wait than one write."""
    return Backoff(
        sleep,
        random,
        most_tries=MOST_TRIES,
        first_pause_s=FIRST_PAUSE_S,
        longest_pause_s=LONGEST_PAUSE_S,
    )


@dataclass(slots=True)
class Outcome:
    """`failed` maps the ids of items that are not in the feed to the reason.

    All others are there, now or already. `uncounted` of those published are missing in metrics,
    because the records of the hours `uncountable` could not be written.
    """

    published: int = 0
    duplicates: int = 0
    uncounted: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    uncountable: set[ScopeHour] = field(default_factory=set)


class _Failure(NamedTuple):
    """Why items are not in the feed. `permanent`: the same call cannot succeed later."""

    reason: str
    permanent: bool


class DynamoDbPublisher:
    """Publishes; any number of them at the same time, in any number of processes."""

    def __init__(self, table: Table, clock: Clock, backoff: Backoff) -> None:
        self._table = table
        self._clock = clock
        self._backoff = backoff

    def publish(
        self, items: Sequence[Item], deadline_s: float, *, changed: Collection[str] = ()
    ) -> Outcome:
        """Publishes the items in order, each id once.

        `deadline_s`: epoch seconds by which it has returned. `changed`: ids of items that had been
        written before, which are new only if they were never published. An item that the table
        refuses for good stops none of the others.
        """
        run = _Run(self._table, self._clock, self._backoff, deadline_s, changed)
        run.publish(items)
        return run.outcome


class _Run:
    """One call of `publish`, and what is known of the table meanwhile."""

    def __init__(
        self,
        table: Table,
        clock: Clock,
        backoff: Backoff,
        deadline_s: float,
        changed: Collection[str],
    ) -> None:
        self.outcome = Outcome()
        self._table = table
        self._clock = clock
        self._backoff = backoff
        self._deadline_s = deadline_s
        self._changed = changed
        self._head: Head | None = None
        self._hours: dict[ScopeHour, HourlyMetrics] = {}

    def publish(self, items: Sequence[Item]) -> None:
        by_id: dict[str, Item] = {}
        for item in items:
            by_id.setdefault(item.item_id, item)
        self.outcome.duplicates += len(items) - len(by_id)
        ahead = deque(batches(by_id.values()))
        while ahead:
            left, failure = self._publish_batch(ahead.popleft())
            if failure is None:
                continue
            if failure.permanent and len(left) > 1 and failure.reason in ABOUT_ITEMS:
                ahead.extendleft([item] for item in reversed(left))
            elif failure.reason != INVALID or not self._publish_uncounted(left[0]):
                self.outcome.failed |= {item.item_id: failure.reason for item in left}

    def _publish_batch(self, items: list[Item]) -> tuple[list[Item], _Failure | None]:
        """Tries until nothing is left, or there is no time or no sense in trying again.

        Returns what is left, and why.
        """
        left = items
        pauses = 0
        while left:
            if self._clock() > self._deadline_s - MARGIN_S:
                return left, _Failure("out of time", permanent=False)
            try:
                left = self._attempt(left)
            except Exception as error:
                self._forget()
                permanent = not _worth_another_try(error)
                if permanent or pauses == self._backoff.most_tries:
                    reason = error_code(error) or type(error).__name__
                    return left, _Failure(reason, permanent)
                self._backoff.pause(pauses)
                pauses += 1
        return [], None

    def _publish_uncounted(self, item: Item) -> bool:
        """Publishes an item that the table refuses, without counting it where counting is refused.

        DynamoDB has refused the whole request here, and did not say for which of its actions.
        Returns False if counting was not what it refused.
        """
        hours = countable_hours(item, self._clock())
        before = frozenset(self.outcome.uncountable)
        for left_out in (hours[:1], hours[1:], hours):
            self.outcome.uncountable = {*before, *left_out}
            _, failure = self._publish_batch([item])
            if failure is None:
                return True
        self.outcome.uncountable = set(before)
        return False

    def _attempt(self, items: list[Item]) -> list[Item]:
        """Tries one transaction. Returns the items to try next."""
        new = self._without_published(items)
        if not new:
            return []
        now_s = self._clock()
        planned = publication(
            self._know(new, now_s),
            self._hours,
            new,
            now_s,
            changed=self._changed,
            uncountable=self.outcome.uncountable,
        )
        cancelled = self._table.transact(planned.actions)
        if cancelled is not None:
            self._forget()
            return self._learn(planned, cancelled)
        self._head = planned.head
        self._hours |= planned.hours
        self.outcome.published += len(new)
        self.outcome.uncounted += planned.uncounted
        return []

    def _without_published(self, items: list[Item]) -> list[Item]:
        """Returns the items without those that had been written before and have a mark.

        Producers may change items all the time. A transaction that fails costs as much as one that
        succeeds, and this read a twentieth of it.
        """
        keys = [mark_key(item.item_id) for item in items if item.item_id in self._changed]
        if not keys:
            return items
        marks = self._table.get_many(keys)
        self.outcome.duplicates += len(marks)
        return [item for item in items if mark_key(item.item_id) not in marks]

    def _know(self, items: Iterable[Item], now_s: float) -> Head:
        """Reads the head, and the hourly records of these items, as far as they are not known."""
        if self._head is None:
            self._head = read_head(self._table)
        wanted = {at for item in items for at in countable_hours(item, now_s)}
        wanted -= self._hours.keys() | self.outcome.uncountable
        keys = {at: (metrics_partition(self._head.epoch, at[0]), at[1]) for at in wanted}
        records = self._table.get_many(keys.values(), consistent=True)
        for at, record_key in keys.items():
            try:
                self._hours[at] = hourly_of(at[0], records.get(record_key))
            except (KeyError, ValueError):  # not written by us: nobody knows what to add to it
                self.outcome.uncountable.add(at)
        return self._head

    def _forget(self) -> None:
        self._head = None
        self._hours = {}

    def _learn(self, planned: Publication, cancelled: Cancelled) -> list[Item]:
        """Takes from a cancelled transaction what makes the next try differ.

        Returns the items to try next. Raises the error if there is nothing to learn.
        """
        codes = dict(enumerate(cancelled.codes))
        marked = {
            item.item_id for at, item in planned.marks.items() if codes.get(at) == CONDITION_FAILED
        }
        refused = {
            hour for at, hour in planned.counted.items() if _is_permanent(codes.get(at, "None"))
        }
        if not marked and not refused:
            raise cancelled.error
        self.outcome.duplicates += len(marked)
        self.outcome.uncountable |= refused
        return [item for item in planned.items if item.item_id not in marked]


def hourly_of(scope: str, record: Record | None) -> HourlyMetrics:
    """Returns the counts in a scope's record; none if there is no record."""
    return HourlyMetrics(scope) if record is None else HourlyMetrics.from_record(record)


def _is_permanent(code: str) -> bool:
    """Whether an action that was cancelled with this code would be cancelled again."""
    return code not in RETRIABLE and code not in ("None", CONDITION_FAILED)


def _worth_another_try(error: Exception) -> bool:
    """Whether the same call may yet succeed.

    So after a head that moved, a conflict, throttling, and a call that may have arrived or not. Not
    after a request that is wrong.
    """
    codes = cancellation_codes(error)
    if codes is not None:
        return not any(_is_permanent(code) for code in codes)
    code = error_code(error)
    return not code or code in RETRIABLE or is_server_failure(error)
