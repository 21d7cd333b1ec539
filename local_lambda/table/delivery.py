"""Delivers the records of one shard to a function, in order and at least once.

Failed batches are retried, resumed at a checkpoint, or bisected.

https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
"""

import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from local_lambda.application import EventSourceMapping

_log = logging.getLogger(__name__)
Record = dict[str, Any]
_FIRST_BACKOFF_S = 0.2
_LONGEST_BACKOFF_S = 10.0


class InvokeFailed(Exception):
    """The function reported an error, or could not be run."""


class Delivery:
    """Delivers batches for one event source mapping.

    `invoke` takes records and returns the function's result as bytes, or raises InvokeFailed.
    """

    def __init__(
        self,
        mapping: EventSourceMapping,
        invoke: Callable[[Sequence[Record]], Awaitable[bytes]],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._mapping = mapping
        self._invoke = invoke
        self._sleep = sleep

    async def deliver(self, records: Sequence[Record]) -> None:
        """Returns when every record was accepted, or discarded after the mapping's retries."""
        batches = deque([records])
        retries = 0
        backoff_s = _FIRST_BACKOFF_S
        while batches:
            batch = batches.popleft()
            left = await self._undelivered(batch)
            if not left or self._discards(left, retries):
                retries = 0
                backoff_s = _FIRST_BACKOFF_S
                continue
            retries += 1
            parts = self._split(left, bisect=len(left) == len(batch))
            batches.extendleft(reversed(parts))
            await self._sleep(backoff_s)
            backoff_s = min(2 * backoff_s, _LONGEST_BACKOFF_S)

    def _discards(self, records: Sequence[Record], retries: int) -> bool:
        """Returns whether the retries are used up, and logs that the records are discarded."""
        maximum = self._mapping.maximum_retries
        if maximum is None or retries < maximum:
            return False
        _log.error(
            "records.discarded %s %d after %d retries",
            self._mapping.function,
            len(records),
            retries,
        )
        return True

    def _split(self, records: Sequence[Record], bisect: bool) -> list[Sequence[Record]]:
        if not (bisect and self._mapping.bisect and len(records) > 1):
            return [records]
        middle = len(records) // 2
        return [records[:middle], records[middle:]]

    async def _undelivered(self, batch: Sequence[Record]) -> Sequence[Record]:
        """Invokes the function with the batch. Returns the records to deliver again."""
        try:
            result = await self._invoke(batch)
        except InvokeFailed as error:
            function = self._mapping.function
            _log.warning("records.failed %s %d records: %s", function, len(batch), error)
            return batch
        if not self._mapping.report_item_failures:
            return []
        sequence_numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        first = first_failure(result, sequence_numbers)
        if first is None:
            return []
        _log.warning(
            "records.partly_failed %s from record %d of %d",
            self._mapping.function,
            first,
            len(batch),
        )
        return batch[first:]


def first_failure(result: bytes, sequence_numbers: Sequence[str]) -> int | None:
    """Returns the index of the lowest failed record, or None when no record failed.

    A malformed report fails the whole batch.
    """
    try:
        fields = json.loads(result) if result else None
    except ValueError:
        return 0
    if not fields:
        return None
    failures = fields.get("batchItemFailures") if isinstance(fields, dict) else None
    if not failures:
        return None
    try:
        return min(sequence_numbers.index(failure["itemIdentifier"]) for failure in failures)
    except (KeyError, TypeError, ValueError):
        return 0
