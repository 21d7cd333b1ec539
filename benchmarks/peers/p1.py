"""P1: FastAPI and sse-starlette behind uvicorn, as a function with the Lambda Web Adapter has them.

Written as a careful author would: one poll of the table for all clients, one JSON text of an item
for all of them, a queue for each. It has no slots, no resumption, no metrics and no end of life, so
it is a lower bound for what such a service costs. The adapter's own process comes on top.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from typing import Any, Literal

import boto3
from botocore.config import Config
from fastapi import FastAPI
from pydantic import BaseModel, Field
from sse_starlette import EventSourceResponse, ServerSentEvent

TABLE = os.environ["BENCH_TABLE"]
POLL_S = 1.0
PING_S = int(os.environ.get("BENCH_PING_S", "15"))  # sse-starlette's own default
BUCKET = 500
HEAD = {"PK": {"S": "FEED"}, "SK": {"S": "HEAD"}}
QUEUED = 10_000

client = boto3.client(
    "dynamodb", config=Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard"})
)


class NewItem(BaseModel):
    item_id: str
    ticker: str
    tags: list[str]
    sentiment: Literal["positive", "neutral", "negative"]
    score: float = Field(ge=0, le=1)
    timestamp: str
    source_id: str


class Position(BaseModel):
    epoch: str
    seq: int


class Heartbeat(BaseModel):
    timestamp: str
    connections: int


class Problem(BaseModel):
    detail: str


class Hub:
    """One poll of the feed, fanned out over queues."""

    def __init__(self) -> None:
        self.queues: set[asyncio.Queue[str]] = set()
        self._task: asyncio.Task[None] | None = None

    def join(self, position: Position) -> asyncio.Queue[str]:
        queue: asyncio.Queue[str] = asyncio.Queue(QUEUED)
        self.queues.add(queue)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll(position))
        return queue

    def leave(self, queue: asyncio.Queue[str]) -> None:
        self.queues.discard(queue)

    async def _poll(self, position: Position) -> None:
        while self.queues:
            await asyncio.sleep(POLL_S)
            with contextlib.suppress(OSError):
                for text in await asyncio.to_thread(_news, position):
                    for queue in self.queues:
                        with contextlib.suppress(asyncio.QueueFull):
                            queue.put_nowait(text)


def _head() -> Position:
    item = client.get_item(TableName=TABLE, Key=HEAD, ConsistentRead=True)["Item"]
    return Position(epoch=item["epoch"]["S"], seq=int(item["seq"]["N"]))


def _news(position: Position) -> list[str]:
    """Reads the entries after the position, and moves it on."""
    texts: list[str] = []
    while True:
        bucket = (position.seq + 1) // BUCKET
        page: dict[str, Any] = client.query(
            TableName=TABLE,
            KeyConditionExpression="PK = :feed AND SK > :seq",
            ExpressionAttributeValues={
                ":feed": {"S": f"FEED#{position.epoch}#{bucket}"},
                ":seq": {"S": f"{position.seq:012d}"},
            },
        )
        for record in page["Items"]:
            texts.append(NewItem.model_validate_json(record["item"]["S"]).model_dump_json())
            position.seq = int(record["SK"]["S"])
        if not page["Items"] or (position.seq + 1) // BUCKET == bucket:
            return texts


app = FastAPI()
hub = Hub()


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/stream")
async def stream() -> EventSourceResponse:
    position = await asyncio.to_thread(_head)

    async def events() -> AsyncIterator[ServerSentEvent]:
        queue = hub.join(position.model_copy())
        try:
            yield ServerSentEvent(data=position.model_dump_json(), event="position")
            while True:
                text = await queue.get()
                yield ServerSentEvent(data=text, event="new_item")
        finally:
            hub.leave(queue)

    return EventSourceResponse(events(), ping=PING_S)
