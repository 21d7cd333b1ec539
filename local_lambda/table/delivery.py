"""Delivers the records of one shard to a function: in order, at least once, with retries, checkpoints and bisection.

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
_FIRST_BACKOFF_S, _LONGEST_BACKOFF_S = 0.2, 10.0


class InvokeFailed(Exception):
    """The function reported an error, or could not be run."""


class Delivery:
    """`invoke` takes records and gives the function's result as bytes, or raises InvokeFailed."""

    def __init__(
        self,
        mapping: EventSourceMapping,
        invoke: Callable[[Sequence[Record]], Awaitable[bytes]],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._mapping, self._invoke, self._sleep = mapping, invoke, sleep

    async def deliver(self, records: Sequence[Record]) -> None:
        """Returns when every record was taken, or given up after the mapping's number of retries."""
        batches = deque([records])
        retries, backoff_s = 0, _FIRST_BACKOFF_S
        while batches:
            batch = batches.popleft()
            left = await self._left(batch)
            if not left:
                retries, backoff_s = 0, _FIRST_BACKOFF_S
                continue
            if (
                self._mapping.maximum_retries is not None
                and retries >= self._mapping.maximum_retries
            ):
                _log.error(
                    "records.discarded %s %d after %d retries",
                    self._mapping.function,
                    len(left),
                    retries,
                )
                retries, backoff_s = 0, _FIRST_BACKOFF_S
                continue
            retries += 1
            batches.extendleft(reversed(self._split(left, bisect=len(left) == len(batch))))
            await self._sleep(backoff_s)
            backoff_s = min(2 * backoff_s, _LONGEST_BACKOFF_S)

    def _split(self, records: Sequence[Record], bisect: bool) -> list[Sequence[Record]]:
        if not (bisect and self._mapping.bisect and len(records) > 1):
            return [records]
        middle = len(records) // 2
        return [records[:middle], records[middle:]]

    async def _left(self, batch: Sequence[Record]) -> Sequence[Record]:
        """What of the batch has to be delivered again."""
        try:
            result = await self._invoke(batch)
        except InvokeFailed as error:
            _log.warning(
                "records.failed %s %d records: %s", self._mapping.function, len(batch), error
            )
            return batch
        if not self._mapping.report_item_failures:
            return []
        first = first_failure(result, [record["dynamodb"]["SequenceNumber"] for record in batch])
        if first is not None:
            _log.warning(
                "records.partly_failed %s from record %d of %d",
                self._mapping.function,
                first,
                len(batch),
            )
        return [] if first is None else batch[first:]


def first_failure(result: bytes, sequence_numbers: Sequence[str]) -> int | None:
    """The index of the lowest failed record; None when all were taken. Anything malformed fails the whole batch."""
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
