"""sse-starlette: each client has a queue, as in its example of broadcasting."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

clients: set[asyncio.Queue[ServerSentEvent]] = set()
numbers = count(1)


async def events(queue: asyncio.Queue[ServerSentEvent]) -> AsyncIterator[ServerSentEvent]:
    try:
        while True:
            yield await queue.get()
    finally:
        clients.discard(queue)


async def stream(_request: Request) -> EventSourceResponse:
    queue: asyncio.Queue[ServerSentEvent] = asyncio.Queue()
    clients.add(queue)
    return EventSourceResponse(events(queue), send_timeout=30)


async def emit(request: Request) -> Response:
    text = (await request.body()).decode()
    number = str(next(numbers))
    for queue in clients:
        queue.put_nowait(ServerSentEvent(data=text, id=number))
    return Response(status_code=204)


app = Starlette(routes=[Route("/stream", stream), Route("/emit", emit, methods=["POST"])])
