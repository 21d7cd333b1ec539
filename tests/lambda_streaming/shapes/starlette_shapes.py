"""The shapes of Starlette's pages on responses, background tasks, requests and the lifespan."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from sse_starlette import EventSourceResponse, JSONServerSentEvent, ServerSentEvent
from starlette.applications import Starlette
from starlette.background import BackgroundTask, BackgroundTasks
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from tests.lambda_streaming.shapes.source import async_items, items, note


async def slow_numbers(request: Request) -> Response:
    return StreamingResponse(async_items(), media_type="text/html")


async def blocking(request: Request) -> Response:
    return StreamingResponse(items(), media_type="text/plain")


async def file(request: Request) -> Response:
    return FileResponse(Path(__file__), media_type="text/x-python")


async def download(request: Request) -> Response:
    return FileResponse(Path(__file__), filename="shäpes.py")


async def background(request: Request) -> Response:
    return StreamingResponse(async_items(), background=BackgroundTask(note, "task ran"))


async def background_tasks(request: Request) -> Response:
    async def second() -> None:
        await asyncio.sleep(0)
        note("second task ran")

    tasks = BackgroundTasks()
    tasks.add_task(note, "first task ran")
    tasks.add_task(second)
    return JSONResponse({"accepted": True}, status_code=202, background=tasks)


async def events(request: Request) -> Response:
    async def publish() -> AsyncIterator[dict[str, Any]]:
        number = 0
        async for item in async_items():
            number += 1
            yield {"event": "item", "id": str(number), "retry": 3000, "data": item}

    return EventSourceResponse(publish())


async def events_of_classes(request: Request) -> Response:
    async def publish() -> AsyncIterator[ServerSentEvent]:
        yield ServerSentEvent(comment="hello")
        async for item in async_items():
            yield JSONServerSentEvent({"item": item}, event="item")

    return EventSourceResponse(publish(), sep="\n", headers={"x-own": "yes"})


async def until_disconnected(request: Request) -> Response:
    async def publish() -> AsyncIterator[dict[str, str]]:
        async for item in async_items(count=1_000):
            if await request.is_disconnected():
                note("saw the client leave")
                break
            yield {"data": item}

    return EventSourceResponse(publish())


async def broken(request: Request) -> Response:
    async def some() -> AsyncIterator[str]:
        async for item in async_items():
            yield item
            if item == "item-2":
                raise RuntimeError("midway")

    return StreamingResponse(some())


async def broken_at_once(request: Request) -> Response:
    async def none() -> AsyncIterator[str]:
        raise RuntimeError("before the first piece")
        yield "never"

    return StreamingResponse(none())


async def crash(request: Request) -> Response:
    raise RuntimeError("before the response")


async def connected(request: Request) -> Response:
    async def publish() -> AsyncIterator[str]:
        async for item in async_items():
            yield f"{item} {await request.is_disconnected()}\n"

    return StreamingResponse(publish(), media_type="text/plain")


async def upload(request: Request) -> Response:
    sizes = [len(block) async for block in request.stream()]
    return JSONResponse({"bytes": sum(sizes)})


async def state(request: Request) -> Response:
    return JSONResponse({"opened": request.state.opened})


async def named(request: Request) -> Response:
    return JSONResponse({"url": request.url_for("inner").path, "name": request.path_params["name"]})


@contextlib.asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
    yield {"opened": "once"}


class AddHeader(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        response.headers["x-process"] = "added"
        return response


app = Starlette(
    routes=[
        Route("/", slow_numbers),
        Route("/blocking", blocking),
        Route("/file", file),
        Route("/download", download),
        Route("/background", background),
        Route("/background-tasks", background_tasks),
        Route("/events", events),
        Route("/events-of-classes", events_of_classes),
        Route("/until-disconnected", until_disconnected),
        Route("/connected", connected),
        Route("/broken", broken),
        Route("/broken-at-once", broken_at_once),
        Route("/crash", crash),
        Route("/upload", upload, methods=["POST"]),
        Route("/state", state),
        Route("/names/{name}", named),
        Mount("/mounted", routes=[Route("/inner", slow_numbers, name="inner")]),
    ],
    middleware=[Middleware(AddHeader)],
    lifespan=lifespan,
)
