"""The FastAPI example, with routes whose source fails or never ends, in each way of streaming."""

import logging
from collections.abc import AsyncIterator

import anyio
import app
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sse_starlette import EventSourceResponse as StarletteEventSourceResponse
from starlette.types import Receive, Scope, Send

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


class Polite(Response):
    """Asks whether the client is there, as none of the ready-made responses does by itself."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not await request.is_disconnected():
            await send({"type": "http.response.body", "body": b"more", "more_body": True})
            await anyio.sleep(0.02)
        logging.getLogger().error("the application saw the end")


@app.app.get("/until-disconnected")
async def until_disconnected() -> Polite:
    return Polite()


@app.app.get("/fastapi/{fault}", response_class=EventSourceResponse)
async def fastapi(fault: str) -> AsyncIterator[ServerSentEvent]:
    async for item in source(fault):
        yield ServerSentEvent(raw_data=item)


@app.app.get("/starlette/{fault}")
async def starlette(fault: str) -> StarletteEventSourceResponse:
    return StarletteEventSourceResponse(source(fault))


handler = app.handler
