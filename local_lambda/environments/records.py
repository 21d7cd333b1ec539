"""Remembers the last invocations: the lines that Lambda's REPORT has, as values.

The admin page and the log read them. They know no process and no socket.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

KEPT = 200


@dataclass(frozen=True)
class Record:
    """Describes one invocation that is over.

    `function` is a logical id. `started_at_s` is in seconds of the epoch. `status` is `success`,
    `error` (with an `error_type`) or `timeout`. `init_ms` is set for the first invocation of an
    environment, `restore_ms` for that of a restored one, and `max_memory_mb` where the system tells
    it. `request_bytes` and `response_bytes` are the payload's and the reply's.
    """

    function: str
    request_id: str
    pid: int | None
    started_at_s: float
    duration_ms: float
    memory_mb: int
    max_memory_mb: int | None = None
    init_ms: float | None = None
    restore_ms: float | None = None
    status: str = "success"
    error_type: str = ""
    request_bytes: int = 0
    response_bytes: int = 0
    trace_id: str = ""

    @property
    def billed_ms(self) -> int:
        """Returns the whole milliseconds that Lambda bills; the init phase is billed too.

        The restore is billed beside it.
        https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
        """
        return math.ceil(round(self.duration_ms + (self.init_ms or 0), 2))

    @property
    def billed_restore_ms(self) -> int | None:
        return None if self.restore_ms is None else math.ceil(round(self.restore_ms, 2))

    def describe(self) -> dict[str, Any]:
        """Returns the fields as JSON values, `billed_ms` included."""
        return {**vars(self), "billed_ms": self.billed_ms}


class Records:
    """Keeps the last `limit` records of all functions.

    `subscribe` adds a call that gets each record when its invocation is over.
    """

    def __init__(self, limit: int = KEPT) -> None:
        self._kept: deque[Record] = deque(maxlen=limit)
        self._subscribers: list[Callable[[Record], None]] = []

    def add(self, record: Record) -> None:
        self._kept.append(record)
        for tell in tuple(self._subscribers):
            tell(record)

    def latest(self, function: str | None = None) -> list[Record]:
        """Returns the records, newest first: all, or those of one function by logical id."""
        return [each for each in reversed(self._kept) if function in (None, each.function)]

    def find(self, request_id: str) -> Record | None:
        return next((each for each in self.latest() if each.request_id == request_id), None)

    def subscribe(self, tell: Callable[[Record], None]) -> Callable[[], None]:
        """Returns a call that ends the subscription."""
        self._subscribers.append(tell)
        return lambda: self._subscribers.remove(tell)
