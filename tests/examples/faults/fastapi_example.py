"""The FastAPI example, with routes whose source fails or never ends, in each way of streaming."""

import logging
from collections.abc import AsyncIterator

import anyio
import app
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sse_starlette import EventSourceResponse as StarletteEventSourceResponse

PIECE = "x" * 10_000


async def source(fault: str) -> AsyncIterator[str]:
    if fault == "before":
        raise RuntimeError("the source failed before")
    yield "first"
    if fault == "midway":
        await anyio.sleep(0.1)
        raise RuntimeError("the source failed midway")
    try:
        while fault == "endless":
            await anyio.sleep(0.1)
            yield "more"
        if fault == "silent":
            await anyio.sleep_forever()
    finally:
        logging.getLogger().error("the source was closed: %s", fault)
    for _ in range(3_000 if fault == "large" else 0):
        yield PIECE
    yield "last"


@app.app.get("/text/{fault}")
async def text(fault: str) -> StreamingResponse:
    return StreamingResponse(source(fault), media_type="text/plain")


@app.app.get("/fastapi/{fault}", response_class=EventSourceResponse)
async def fastapi(fault: str) -> AsyncIterator[ServerSentEvent]:
    async for item in source(fault):
        yield ServerSentEvent(raw_data=item)


@app.app.get("/starlette/{fault}")
async def starlette(fault: str) -> StarletteEventSourceResponse:
    return StarletteEventSourceResponse(source(fault))


handler = app.handler
