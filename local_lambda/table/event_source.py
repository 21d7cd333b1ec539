"""Follows a table's stream for one event source mapping: shards, iterators, filters, batches.

https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html
"""

import asyncio
import base64
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_lambda.application import EventSourceMapping
from local_lambda.environments.invocation import Failed, Invocation, Throttled, collect
from local_lambda.filters import matches_any
from local_lambda.table.delivery import Delivery, InvokeFailed, Record

_log = logging.getLogger(__name__)
_LATER_S = 1.0
_RECORDS_LIMIT = 1000


@dataclass
class _Shard:
    start: str  # the kind of iterator to begin with
    iterator: str | None = None
    last_sequence_number: str | None = None
    closed: bool = False


class StreamFollower:
    """`invoke` starts an invocation of the mapping's function with a payload."""

    def __init__(
        self,
        mapping: EventSourceMapping,
        stream_arn: str,
        streams: Any,
        invoke: Callable[[bytes], Awaitable[Invocation]],
        poll_s: float,
    ) -> None:
        self._mapping, self._arn, self._streams, self._poll_s = mapping, stream_arn, streams, poll_s
        self._invoke = invoke
        self._delivery = Delivery(mapping, self._run_function, asyncio.sleep)
        self._shards: dict[str, _Shard] = {}

    async def run(self) -> None:
        """Follows until it is cancelled."""
        await self._persist(self._find_shards, first=True)
        while True:
            found = 0
            for shard_id, shard in tuple(self._shards.items()):
                if not shard.closed:
                    found += await self._persist(self._follow, shard_id, shard)
            if all(shard.closed for shard in self._shards.values()):
                await self._persist(self._find_shards)
            if not found:
                await asyncio.sleep(self._poll_s)

    async def _persist(self, step, *args, **kwargs):
        """An endpoint that fails for a moment is asked again: no record may be lost for it."""
        while True:
            try:
                return await step(*args, **kwargs)
            except (ClientError, BotoCoreError) as error:
                _log.warning("stream.unreadable %s %s", self._mapping.table, error)
                for shard in self._shards.values():
                    shard.iterator = None
                await asyncio.sleep(_LATER_S)

    async def _find_shards(self, first: bool = False) -> None:
        stream = (await asyncio.to_thread(self._streams.describe_stream, StreamArn=self._arn))[
            "StreamDescription"
        ]
        start = "TRIM_HORIZON" if self._mapping.from_start or not first else "LATEST"
        for shard in stream["Shards"]:
            self._shards.setdefault(shard["ShardId"], _Shard(start))
        if not first and all(shard.closed for shard in self._shards.values()):
            await asyncio.sleep(_LATER_S)

    async def _follow(self, shard_id: str, shard: _Shard) -> int:
        """One read and the delivery of what it gave; how many records there were."""
        if shard.iterator is None:
            shard.iterator = await self._iterator(shard_id, shard)
        page = await asyncio.to_thread(
            self._streams.get_records, ShardIterator=shard.iterator, Limit=_RECORDS_LIMIT
        )
        records = page["Records"]
        if records and self._mapping.batching_window_s and len(records) < self._mapping.batch_size:
            # Read the same place again after the window, with what has come by then.
            await asyncio.sleep(self._mapping.batching_window_s)
            page = await asyncio.to_thread(
                self._streams.get_records, ShardIterator=shard.iterator, Limit=_RECORDS_LIMIT
            )
            records = page["Records"]
        await self._deliver([as_event_record(record, self._arn) for record in records])
        if records:
            shard.last_sequence_number = records[-1]["dynamodb"]["SequenceNumber"]
        shard.iterator = page.get("NextShardIterator")
        shard.closed = shard.iterator is None
        return len(records)

    async def _iterator(self, shard_id: str, shard: _Shard) -> str:
        where: dict[str, str] = {"ShardIteratorType": shard.start}
        if shard.last_sequence_number:
            where = {
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "SequenceNumber": shard.last_sequence_number,
            }
        answer = await asyncio.to_thread(
            self._streams.get_shard_iterator, StreamArn=self._arn, ShardId=shard_id, **where
        )
        return answer["ShardIterator"]

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
                await asyncio.sleep(_LATER_S)  # a throttled batch waits; that is no retry
        reply = await collect(await invocation.reply)
        if isinstance(reply, Failed):
            raise InvokeFailed(f"{reply.error_type} {reply.body[:500].decode('utf-8', 'replace')}")
        return reply.body


def as_event_record(record: dict[str, Any], stream_arn: str) -> Record:
    """A record of the streams API as the function gets it."""
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
