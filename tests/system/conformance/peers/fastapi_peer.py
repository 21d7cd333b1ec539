"""FastAPI with its own events, resuming by Last-Event-ID as its tutorial shows."""

import asyncio
from collections.abc import AsyncIterable
from typing import Annotated

from fastapi import FastAPI, Header, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

app = FastAPI()
texts: list[str] = []
more = asyncio.Condition()


@app.get("/stream", response_class=EventSourceResponse)
async def stream(
    last_event_id: Annotated[int | None, Header()] = None,
) -> AsyncIterable[ServerSentEvent]:
    position = len(texts) if last_event_id is None else last_event_id + 1
    while True:
        async with more:
            while len(texts) <= position:
                await more.wait()
        yield ServerSentEvent(raw_data=texts[position], id=str(position))
        position += 1


@app.post("/emit")
async def emit(request: Request) -> None:
    texts.append((await request.body()).decode())
    async with more:
        more.notify_all()
