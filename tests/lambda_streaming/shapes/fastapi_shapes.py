"""The shapes of FastAPI's pages on streams, JSON lines, events, dependencies and tasks."""

import io
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from tests.lambda_streaming.shapes.source import Rows, async_items, items, note

models: dict[str, str] = {}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
    models["tale"] = "loaded"
    yield {"model": "from the state"}
    models.clear()


app = FastAPI(lifespan=lifespan)


class Item(BaseModel):
    name: str
    price: float = 1.5


class PNGStreamingResponse(StreamingResponse):
    media_type = "image/png"


@app.get("/async-generator")
async def async_generator() -> StreamingResponse:
    async def fake_video_streamer() -> AsyncIterator[str]:
        async for item in async_items():
            yield item

    return StreamingResponse(fake_video_streamer())


@app.get("/generator")
def generator() -> StreamingResponse:
    return StreamingResponse((item for item in items()), media_type="text/plain")


@app.get("/file-like")
def file_like() -> StreamingResponse:
    def iterfile() -> Iterator[bytes]:
        with Rows() as file:
            yield from file

    return StreamingResponse(iterfile(), media_type="video/mp4")


@app.get("/yielded", response_class=StreamingResponse)
async def yielded() -> AsyncIterable[str]:
    async for item in async_items():
        yield item


@app.get("/yielded-blocking", response_class=StreamingResponse)
def yielded_blocking() -> Iterable[str]:
    yield from items()


@app.get("/yielded-image", response_class=PNGStreamingResponse)
def yielded_image() -> Iterable[bytes]:
    image = io.BytesIO(bytes(range(256)) * 64)
    while block := image.read(4096):
        yield block


@app.get("/json-lines")
async def json_lines() -> AsyncIterable[Item]:
    async for name in async_items():
        yield Item(name=name)


@app.get("/json-lines-blocking")
def json_lines_blocking() -> Iterable[Item]:
    for name in items():
        yield Item(name=name)


@app.get("/events", response_class=EventSourceResponse)
async def events() -> AsyncIterable[Item]:
    async for name in async_items():
        yield Item(name=name)


@app.get("/events-blocking", response_class=EventSourceResponse)
def events_blocking() -> Iterable[Item]:
    for name in items():
        yield Item(name=name)


@app.get("/events-fields", response_class=EventSourceResponse)
async def events_fields() -> AsyncIterable[ServerSentEvent]:
    yield ServerSentEvent(comment="stream of item updates")
    number = 0
    async for name in async_items():
        number += 1
        yield ServerSentEvent(data=Item(name=name), event="update", id=str(number), retry=5000)
    yield ServerSentEvent(raw_data="[DONE]", event="done")


@app.get("/events-resumed", response_class=EventSourceResponse)
async def events_resumed(
    last_event_id: Annotated[int | None, Header()] = None,
) -> AsyncIterable[ServerSentEvent]:
    first = last_event_id + 1 if last_event_id is not None else 1
    number = first
    async for name in async_items(first=first):
        yield ServerSentEvent(data=name, id=str(number))
        number += 1


class Prompt(BaseModel):
    text: str


@app.post("/chat", response_class=EventSourceResponse)
async def chat(prompt: Prompt) -> AsyncIterable[ServerSentEvent]:
    yield ServerSentEvent(data=prompt.text, event="token")
    async for word in async_items():
        yield ServerSentEvent(data=word, event="token")
    yield ServerSentEvent(raw_data="[DONE]", event="done")


def session() -> Iterator[str]:
    note("session opened")
    try:
        yield "session"
    finally:
        note("session closed")


@app.get("/dependency")
def dependency(opened: Annotated[str, Depends(session)]) -> StreamingResponse:
    def rows() -> Iterator[str]:
        note(f"streaming with the {opened}")
        yield from items()

    return StreamingResponse(rows())


@app.get("/background")
async def background(tasks: BackgroundTasks) -> StreamingResponse:
    tasks.add_task(note, "task ran")
    return StreamingResponse(async_items())


@app.get("/lifespan")
async def with_lifespan(request: Request) -> dict[str, str]:
    return {"model": request.state.model, "tale": models["tale"]}


@app.get("/refused", response_class=EventSourceResponse)
async def refused() -> AsyncIterable[str]:
    raise HTTPException(418, "refused before the first event")
    yield "never"


@app.get("/crash")
async def crash() -> StreamingResponse:
    raise RuntimeError("before the response")


@app.get("/broken")
async def broken() -> StreamingResponse:
    async def some() -> AsyncIterator[str]:
        async for item in async_items():
            yield item
            if item == "item-2":
                raise RuntimeError("midway")

    return StreamingResponse(some())
