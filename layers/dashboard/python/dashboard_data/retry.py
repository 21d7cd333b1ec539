"""What if others write the same records at the same moment? Try again, after random pauses.

Every pause is longer on average than the one before it, so that those who collided spread out.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from dashboard_data.dynamodb import CONDITION_FAILED, Action, Table, error_code

T = TypeVar("T")

MOST_TRIES = 10
FIRST_PAUSE_S = 0.02
LONGEST_PAUSE_S = 0.5

# After these the write may or may not have happened.
UNCERTAIN = frozenset(
    {
        "InternalServerError",
        "InternalFailure",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
# After these it has not.
WITHOUT_EFFECT = frozenset(
    {
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
        "ReplicatedWriteConflictException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "ThrottlingError",
        "ThrottlingException",
        "RequestLimitExceeded",
    }
)
RETRIABLE = WITHOUT_EFFECT | UNCERTAIN


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often a write is tried, and how long it waits before each new try.

    `sleep` takes seconds; `random` gives a number from 0 to 1.
    """

    sleep: Callable[[float], object]
    random: Callable[[], float]
    most_tries: int = MOST_TRIES
    first_pause_s: float = FIRST_PAUSE_S
    longest_pause_s: float = LONGEST_PAUSE_S

    def tries(self) -> Iterator[int]:
        """Yields the number of each try, with a pause before each but the first."""
        for number in range(self.most_tries):
            if number:
                self.pause(number - 1)
            yield number

    def pause(self, pauses_before: int) -> None:
        longest_s = min(self.longest_pause_s, self.first_pause_s * 2**pauses_before)
        self.sleep(self.random() * longest_s)

    def write(self, write: Callable[[], T]) -> T:
        """Returns what `write` returns, which writes one record.

        Tries again while a transaction is in the way. Raises errors that retrying cannot fix.
        """
        for number in self.tries():
            try:
                return write()
            except Exception as error:
                in_the_way = error_code(error) == "TransactionConflictException"
                if not in_the_way or number == self.most_tries - 1:
                    raise
        raise AssertionError("there is at least one try")


def attempt(
    table: Table, actions: Sequence[Action], *, retriable: frozenset[str] = RETRIABLE
) -> frozenset[str]:
    """Tries a transaction once. Returns why it changed nothing: nothing if it is done.

    `retriable`: WITHOUT_EFFECT if twice is not the same as once. Raises errors that retrying cannot
    fix.
    """
    try:
        cancelled = table.transact(actions)
    except Exception as error:
        code = error_code(error)
        if code not in retriable:
            raise
        return frozenset({code})
    if cancelled is None:
        return frozenset()
    if not cancelled.reasons or not cancelled.reasons <= retriable | {CONDITION_FAILED}:
        raise cancelled.error
    return cancelled.reasons
