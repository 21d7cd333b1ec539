"""Handlers for a real execution environment. They note on standard output, line by line."""

import asyncio
import logging
import os
import time
from contextlib import asynccontextmanager

from lambda_streaming import Asgi
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

BACKGROUND_S = 0.3


def note(text):
    print(f"note: {text}", flush=True)


@asynccontextmanager
async def lifespan(app):
    note(f"up in {id(asyncio.get_running_loop())}")
    if "FAILS" in os.environ:
        raise ConnectionError(os.environ["FAILS"])
    yield
    note("down")


async def numbers(count, pause_s=0.0):
    note("open")
    try:
        for number in range(count):
            yield f"{number} "
            await asyncio.sleep(pause_s)
    finally:
        note("closed")


async def streamed(request):
    logging.getLogger("shop").warning("in the application")
    return StreamingResponse(numbers(5, 0.05), media_type="text/plain")


async def endless(request):
    return StreamingResponse(numbers(10_000_000, 0.01), media_type="text/plain")


async def hasty(request):
    """Never waits for anything but its `send`."""
    return StreamingResponse(numbers(10_000_000), media_type="text/plain")


async def blocks():
    async for number in numbers(10_000_000):
        yield number.encode() * 100_000


async def hasty_blocks(request):
    return StreamingResponse(blocks(), media_type="text/plain")


async def silent(request):
    note("silent")
    try:
        await asyncio.sleep(60)
    finally:
        note("ended")


async def background(request):
    async def work():
        await asyncio.sleep(BACKGROUND_S)
        note("worked")

    return PlainTextResponse("ok", background=BackgroundTask(work))


async def loop_id(request):
    return PlainTextResponse(str(id(asyncio.get_running_loop())))


async def together(request):
    """Responds when a second request has come."""
    state = request.app.state
    state.here = getattr(state, "here", 0) + 1
    until = time.monotonic() + 10
    while state.here < 2 and time.monotonic() < until:
        await asyncio.sleep(0.01)
    return PlainTextResponse(f"{state.here} in {id(asyncio.get_running_loop())}")


PAGES = (
    streamed,
    endless,
    hasty,
    hasty_blocks,
    silent,
    background,
    loop_id,
    together,
)
handler = Asgi(
    Starlette(routes=[Route(f"/{page.__name__}", page) for page in PAGES], lifespan=lifespan)
)
