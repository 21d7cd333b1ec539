"""How do items get into the feed, each exactly once, whoever else publishes and whatever fails on the way?

A crash between any two calls has done a whole transaction or nothing of it, and the marks tell which. So every error is
answered by reading the head again and trying again, while there is time. What is left then is reported, never dropped.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dashboard_data.dynamodb import RETRIABLE, Clock, cancellation_codes, error_code
from dashboard_data.feed.head import read_head
from dashboard_data.feed.item import Item
from dashboard_data.publishing.publication import Publication, ScopeHour, chunks, publication

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 2.0
MOST_TRIES = 12  # some 8 s of pauses on average
MARGIN_S = 2.0  # an attempt that starts with less time than this could be cut in its middle


@dataclass(slots=True)
class Outcome:
    """`failed` maps the ids of items that are not in the feed to the reason; all others are there, now or already."""

    published: int = 0
    duplicates: int = 0
    failed: dict[str, str] = field(default_factory=dict)


class _Failure(NamedTuple):
    reason: str
    permanent: bool


@dataclass(slots=True)
class _Progress:
    """What has become of one chunk so far."""

    waiting: list[Item]
    published: int = 0
    duplicates: int = 0
    folded: frozenset[ScopeHour] = frozenset()
    tries: int = 0


class DynamoDbPublisher:
    """Publishes; any number of them at the same time, in any number of processes."""

    def __init__(
        self, client: Any, table: str, clock: Clock, sleep: Callable[[float], object], random: Callable[[], float]
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._sleep = sleep
        self._random = random

    def publish(self, items: Sequence[Item], deadline: float) -> Outcome:
        """Publishes the items in order, each id once. `deadline`: epoch seconds by which it has returned.

        An item that the table refuses for good stops none of the others.
        """
        by_id: dict[str, Item] = {}
        for item in items:
            by_id.setdefault(item.item_id, item)
        outcome = Outcome(duplicates=len(items) - len(by_id))
        ahead = deque(chunks(by_id.values()))
        while ahead:
            progress = _Progress(ahead.popleft())
            failure = self._publish_chunk(progress, deadline)
            outcome.published += progress.published
            outcome.duplicates += progress.duplicates
            if failure and failure.permanent and len(progress.waiting) > 1:
                ahead.extendleft([item] for item in reversed(progress.waiting))
            elif failure:
                outcome.failed |= {item.item_id: failure.reason for item in progress.waiting}
        return outcome

    def _publish_chunk(self, progress: _Progress, deadline: float) -> _Failure | None:
        """Until nothing is waiting, or there is no time or no sense in trying again."""
        while progress.waiting:
            if self._clock() > deadline - MARGIN_S:
                return _Failure("out of time", permanent=False)
            try:
                self._attempt(progress)
            except Exception as error:
                permanent = not _worth_another_try(error)
                if permanent or progress.tries == MOST_TRIES:
                    return _Failure(error_code(error) or type(error).__name__, permanent)
                self._pause(progress)
        return None

    def _attempt(self, progress: _Progress) -> None:
        head = read_head(self._client, self._table)
        planned = publication(self._table, head, progress.waiting, self._clock(), progress.folded)
        try:
            self._client.transact_write_items(TransactItems=planned.actions)
        except Exception as error:
            codes = cancellation_codes(error)
            if codes is None or not self._learn(progress, planned, codes):
                raise
        else:
            progress.published += len(planned.items)
            progress.waiting = []

    def _learn(self, progress: _Progress, planned: Publication, codes: list[str]) -> bool:
        """Takes from a cancelled transaction what makes the next try differ: True if there was anything."""
        reasons = dict(enumerate(codes))
        marked = {planned.marks[at].item_id for at in planned.marks if reasons.get(at) == "ConditionalCheckFailed"}
        too_large = {planned.hours[at] for at in planned.hours if reasons.get(at) == "ValidationError"}
        progress.waiting = [item for item in progress.waiting if item.item_id not in marked]
        progress.duplicates += len(marked)
        learnt = bool(marked) or not too_large <= progress.folded
        progress.folded |= too_large
        return learnt

    def _pause(self, progress: _Progress) -> None:
        self._sleep(self._random() * min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**progress.tries))
        progress.tries += 1


def _worth_another_try(error: Exception) -> bool:
    """A head that moved, a conflict, throttling, a call that may have arrived or not. Not a request that is wrong."""
    codes = cancellation_codes(error)
    if codes is not None:
        return all(code in RETRIABLE or code in ("None", "ConditionalCheckFailed") for code in codes)
    code = error_code(error)
    return not code or code in RETRIABLE
