"""How do items get into the feed, each exactly once, whatever fails on the way?

Others may publish at the same time, and a process may die between any two calls. A crash has then
done a whole transaction or nothing of it, and the marks tell which. So the reply to every error is
to read the head again and to try again, while there is time. What is left is reported, never
dropped.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dashboard_data.dynamodb import (
    CONDITION_FAILED,
    Cancelled,
    Clock,
    Table,
    cancellation_codes,
    error_code,
)
from dashboard_data.feed.head import read_head
from dashboard_data.feed.item import Item
from dashboard_data.publishing.publication import Publication, ScopeHour, batches, publication
from dashboard_data.retry import RETRIABLE, Backoff

# Some 8 s of pauses on average.
MOST_TRIES = 12
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 2.0
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

    All others are there, now or already.
    """

    published: int = 0
    duplicates: int = 0
    failed: dict[str, str] = field(default_factory=dict)


class _Failure(NamedTuple):
    reason: str
    permanent: bool


@dataclass(slots=True)
class _Progress:
    """The state of one batch."""

    waiting: list[Item]
    published: int = 0
    duplicates: int = 0
    folded: frozenset[ScopeHour] = frozenset()
    pauses: int = 0


class DynamoDbPublisher:
    """Publishes; any number of them at the same time, in any number of processes."""

    def __init__(self, table: Table, clock: Clock, backoff: Backoff) -> None:
        self._table = table
        self._clock = clock
        self._backoff = backoff

    def publish(self, items: Sequence[Item], deadline_s: float) -> Outcome:
        """Publishes the items in order, each id once.

        `deadline_s`: epoch seconds by which it has returned. An item that the table refuses for
        good stops none of the others.
        """
        by_id: dict[str, Item] = {}
        for item in items:
            by_id.setdefault(item.item_id, item)
        outcome = Outcome(duplicates=len(items) - len(by_id))
        ahead = deque(batches(by_id.values()))
        while ahead:
            progress = _Progress(ahead.popleft())
            failure = self._publish_batch(progress, deadline_s)
            outcome.published += progress.published
            outcome.duplicates += progress.duplicates
            if failure and failure.permanent and len(progress.waiting) > 1:
                ahead.extendleft([item] for item in reversed(progress.waiting))
            elif failure:
                outcome.failed |= {item.item_id: failure.reason for item in progress.waiting}
        return outcome

    def _publish_batch(self, progress: _Progress, deadline_s: float) -> _Failure | None:
        """Tries until nothing is waiting, or there is no time or no sense in trying again."""
        while progress.waiting:
            if self._clock() > deadline_s - MARGIN_S:
                return _Failure("out of time", permanent=False)
            try:
                self._attempt(progress)
            except Exception as error:
                permanent = not _worth_another_try(error)
                if permanent or progress.pauses == self._backoff.most_tries:
                    return _Failure(error_code(error) or type(error).__name__, permanent)
                self._backoff.pause(progress.pauses)
                progress.pauses += 1
        return None

    def _attempt(self, progress: _Progress) -> None:
        head = read_head(self._table)
        planned = publication(head, progress.waiting, self._clock(), progress.folded)
        cancelled = self._table.transact(planned.actions)
        if cancelled is None:
            progress.published += len(planned.items)
            progress.waiting = []
        elif not _learn(progress, planned, cancelled):
            raise cancelled.error


def _learn(progress: _Progress, planned: Publication, cancelled: Cancelled) -> bool:
    """Takes from a cancelled transaction what makes the next try differ.

    Returns whether there was anything.
    """
    codes = dict(enumerate(cancelled.codes))
    marked = {
        item.item_id for at, item in planned.marks.items() if codes.get(at) == CONDITION_FAILED
    }
    too_large = {hour for at, hour in planned.hours.items() if codes.get(at) == "ValidationError"}
    progress.waiting = [item for item in progress.waiting if item.item_id not in marked]
    progress.duplicates += len(marked)
    learnt = bool(marked) or not too_large <= progress.folded
    progress.folded |= too_large
    return learnt


def _worth_another_try(error: Exception) -> bool:
    """Whether the same call may yet succeed.

    So after a head that moved, a conflict, throttling, and a call that may have arrived or not. Not
    after a request that is wrong.
    """
    codes = cancellation_codes(error)
    if codes is not None:
        return all(code in RETRIABLE or code in ("None", CONDITION_FAILED) for code in codes)
    code = error_code(error)
    return not code or code in RETRIABLE
