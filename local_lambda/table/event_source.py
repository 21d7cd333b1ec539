"""Follows a table's stream for one event source mapping.

Reads the shards, filters their records, and delivers them in batches.

https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
Page API_Operations_Amazon_DynamoDB_Streams.html in
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/
"""

import asyncio
import base64
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from botocore.exceptions import ParamValidationError

from local_lambda.application import EventSourceMapping
from local_lambda.environments.invocation import Failed, Invocation, Throttled, collect
from local_lambda.filters import matches_any
from local_lambda.table.delivery import Delivery, InvokeFailed, Record

_log = logging.getLogger(__name__)
_RETRY_AFTER_S = 1.0
_RECORDS_LIMIT = 1000
_T = TypeVar("_T")
# Codes that say that an iterator is of no use any more.
_NO_ITERATOR = frozenset(
    {
        "ExpiredIteratorException",
        "ResourceNotFoundException",
        "TrimmedDataAccessException",
        "ValidationException",
    }
)


@dataclass
class _Shard:
    start: str  # the type of the first iterator
    iterator: str | None = None
    last_sequence_number: str | None = None
    closed: bool = False

    def after_failure(self, error: Exception) -> None:
        """Forgets the iterator, unless only the iterator knows where the reading stands.

        That is so from the end of the stream on, until the first record is read: another iterator
        would begin behind what has been written since.
        """
        code = getattr(error, "response", {}).get("Error", {}).get("Code")
        is_known = self.last_sequence_number is not None or self.start == "TRIM_HORIZON"
        if is_known or isinstance(error, ParamValidationError) or code in _NO_ITERATOR:
            self.iterator = None


class StreamFollower:
    """Delivers a stream's records. `invoke` starts an invocation of the mapping's function."""

    def __init__(
        self,
        mapping: EventSourceMapping,
        stream_arn: str,
        streams: Any,
        invoke: Callable[[bytes], Awaitable[Invocation]],
        poll_s: float,
    ) -> None:
        self._mapping = mapping
        self._arn = stream_arn
        self._streams = streams
        self._poll_s = poll_s
        self._invoke = invoke
        self._delivery = Delivery(mapping, self._run_function, asyncio.sleep)
        self._shards: dict[str, _Shard] = {}

    async def run(self) -> None:
        """Follows until it is cancelled."""
        await self._until_readable(lambda: self._find_shards(first=True))
        while True:
            found = 0
            for shard_id in tuple(self._shards):
                found += await self._until_readable(partial(self._follow, shard_id))
            if all(shard.closed for shard in self._shards.values()):
                await self._until_readable(self._find_shards)
            if not found:
                await asyncio.sleep(self._poll_s)

    async def _until_readable(self, step: Callable[[], Awaitable[_T]]) -> _T:
        """Repeats the step while the endpoint fails, so that no record is lost.

        A failure may be anything: a response that is cut arrives as one that lacks its parts.
        """
        while True:
            try:
                return await step()
            except Exception as error:
                kind = type(error).__name__
                _log.warning("stream.unreadable %s %s: %s", self._mapping.table, kind, error)
                for shard in self._shards.values():
                    shard.after_failure(error)
                await asyncio.sleep(_RETRY_AFTER_S)

    async def _find_shards(self, first: bool = False) -> None:
        found = await asyncio.to_thread(self._streams.describe_stream, StreamArn=self._arn)
        start = "TRIM_HORIZON" if self._mapping.from_start or not first else "LATEST"
        for shard in found["StreamDescription"]["Shards"]:
            self._shards.setdefault(shard["ShardId"], _Shard(start))
        if not first and all(shard.closed for shard in self._shards.values()):
            await asyncio.sleep(_RETRY_AFTER_S)

    async def _follow(self, shard_id: str) -> int:
        """Reads an open shard once and delivers its records. Returns how many there were."""
        shard = self._shards[shard_id]
        if shard.closed:
            return 0
        if shard.iterator is None:
            shard.iterator = await self._iterator(shard_id, shard)
        page = await self._read(shard.iterator)
        window_s = self._mapping.batching_window_s
        if page["Records"] and window_s and len(page["Records"]) < self._mapping.batch_size:
            # The same place again after the window, when more records have arrived.
            await asyncio.sleep(window_s)
            page = await self._read(shard.iterator)
        records = page["Records"]
        # First of all, so that nothing of a damaged page is delivered.
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        await self._deliver([as_event_record(record, self._arn) for record in records])
        if numbers:
            shard.last_sequence_number = numbers[-1]
        shard.iterator = page.get("NextShardIterator")
        shard.closed = shard.iterator is None
        return len(records)

    async def _read(self, iterator: str) -> dict[str, Any]:
        page: dict[str, Any] = await asyncio.to_thread(
            self._streams.get_records, ShardIterator=iterator, Limit=_RECORDS_LIMIT
        )
        return page

    async def _iterator(self, shard_id: str, shard: _Shard) -> str:
        position = {"ShardIteratorType": shard.start}
        if shard.last_sequence_number:
            position = {
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "SequenceNumber": shard.last_sequence_number,
            }
        found = await asyncio.to_thread(
            self._streams.get_shard_iterator, StreamArn=self._arn, ShardId=shard_id, **position
        )
        return str(found["ShardIterator"])

    async def _deliver(self, records: list[Record]) -> None:
        wanted = [record for record in records if matches_any(self._mapping.patterns, record)]
        for start in range(0, len(wanted), self._mapping.batch_size):
            await self._delivery.deliver(wanted[start : start + self._mapping.batch_size])

    async def _run_function(self, records: Sequence[Record]) -> bytes:
        payload = json.dumps({"Records": records}).encode()
        while True:
            try:
                invocation = await self._invoke(payload)
                break
            except Throttled:
                await asyncio.sleep(_RETRY_AFTER_S)  # waiting does not count as a retry
        reply = await collect(await invocation.reply)
        if isinstance(reply, Failed):
            text = reply.body[:500].decode("utf-8", "replace")
            raise InvokeFailed(f"{reply.error_type} {text}")
        return reply.body


def as_event_record(record: dict[str, Any], stream_arn: str) -> Record:
    """Turns a record of the streams API into the form that the function gets."""
    plain = {key: value for key, value in record.items() if key != "ResponseMetadata"}
    return {**_as_json(plain), "eventSourceARN": stream_arn}


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    if isinstance(value, list | set | tuple):
        return [_as_json(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return int(value.timestamp()) if isinstance(value, datetime) else value
