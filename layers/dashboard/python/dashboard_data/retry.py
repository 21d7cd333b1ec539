"""What if others write the same records at the same moment? Tries again, after growing random pauses."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from dashboard_data.dynamodb import RETRIABLE, cancellation_codes, error_code

MOST_TRIES = 10
FIRST_PAUSE_S = 0.02
LONGEST_PAUSE_S = 0.5
REFUSED = "ConditionalCheckFailed"
WITHOUT_EFFECT = RETRIABLE - {"InternalServerError", "ServiceUnavailable"}  # after these nobody knows


class Contention:
    """How a client's writes get past those of others."""

    def __init__(self, client: Any, sleep: Callable[[float], object], random: Callable[[], float]) -> None:
        self._client = client
        self._sleep = sleep
        self._random = random

    def tries(self) -> Iterator[int]:
        """The number of each try, and a pause before each but the first."""
        for attempt in range(MOST_TRIES):
            if attempt:
                self._sleep(self._random() * min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (attempt - 1)))
            yield attempt

    def transact(self, actions: Sequence[dict[str, Any]], retriable: frozenset[str] = RETRIABLE) -> frozenset[str]:
        """One try: why the transaction was cancelled, nothing if it is through.

        Raises what no other try would help against. `retriable`: WITHOUT_EFFECT if twice is not the same as once.
        """
        try:
            self._client.transact_write_items(TransactItems=list(actions))
        except Exception as error:
            codes = cancellation_codes(error) or [error_code(error)]
            reasons = frozenset(codes) - {"None"}
            if not reasons or not reasons <= retriable | {REFUSED}:
                raise
            return reasons
        return frozenset()

    def write(self, operation: str, **arguments: Any) -> dict[str, Any] | None:
        """The answer to a call that writes one record; None if its condition does not hold.

        Raises what the client raises, once trying again is of no use.
        """
        for attempt in self.tries():
            try:
                return getattr(self._client, operation)(**arguments)
            except Exception as error:
                code = error_code(error)
                if code == f"{REFUSED}Exception":
                    return None
                if code != "TransactionConflictException" or attempt == MOST_TRIES - 1:
                    raise
        return None
