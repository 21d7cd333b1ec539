"""The shapes of Litestar's page on responses: streams and events."""

from collections.abc import AsyncIterator

from litestar import Litestar, get
from litestar.response import ServerSentEvent, ServerSentEventMessage, Stream

from tests.lambda_streaming.shapes.source import async_items, items


@get("/stream")
async def stream() -> Stream:
    return Stream(async_items(), media_type="text/plain")


@get("/stream-blocking", sync_to_thread=False)
def stream_blocking() -> Stream:
    return Stream(items(), media_type="text/plain")


@get("/events", sync_to_thread=False)
def events() -> ServerSentEvent:
    async def generate() -> AsyncIterator[ServerSentEventMessage]:
        number = 0
        async for item in async_items():
            number += 1
            yield ServerSentEventMessage(data=item, id=number, event="item", retry=1000)

    return ServerSentEvent(generate())


app = Litestar([stream, stream_blocking, events])
