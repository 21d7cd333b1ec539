"""Streams from FastAPI in three ways: plain text, FastAPI's own events, and sse-starlette's."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import anyio
from fastapi import Depends, FastAPI, Header, HTTPException
from fastapi.responses import FileResponse, StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from lambda_streaming import Asgi
from pydantic import BaseModel
from sse_starlette import EventSourceResponse as StarletteEventSourceResponse
from sse_starlette import ServerSentEvent as StarletteServerSentEvent

# Seconds that one step of the work takes here. Your application has real work instead.
STEP_S = 0.3
STORY = "It was a dark and stormy night; the rain fell in torrents."
JOBS = {"tiny": 3, "report": 10}

app = FastAPI(title="Three ways to stream")


@app.get("/", include_in_schema=False)
async def page() -> FileResponse:
    return FileResponse(Path(__file__).parent / "page.html")


async def words() -> AsyncIterator[str]:
    """Yields the words of a story as a language model would."""
    for word in STORY.split():
        yield word + " "
        await anyio.sleep(STEP_S)


@app.get("/story")
async def story() -> StreamingResponse:
    """Streams text, a word at a time: any iterator of text or bytes is a body."""
    return StreamingResponse(words(), media_type="text/plain")


class Progress(BaseModel):
    """The state of a job."""

    done: int
    total: int


def steps_of(name: str) -> int:
    """Returns the number of steps of a job.

    A route that yields runs when its response has begun, which is too late for another status. What
    may refuse a request is a dependency.
    """
    if name not in JOBS:
        raise HTTPException(404, f"there is no job {name}")
    return JOBS[name]


@app.get("/jobs/{name}", response_class=EventSourceResponse)
async def job(
    steps: Annotated[int, Depends(steps_of)], last_event_id: Annotated[int, Header()] = 0
) -> AsyncIterator[ServerSentEvent]:
    """Streams the progress of a job as events, with FastAPI's own means.

    A browser that lost the connection sends the id of the last event that it has, and gets the
    rest: on Lambda that is a new invocation, perhaps in another execution environment.
    """
    for step in range(last_event_id + 1, steps + 1):
        await anyio.sleep(STEP_S)
        progress = Progress(done=step, total=steps)
        yield ServerSentEvent(data=progress, event="progress", id=str(step), retry=1000)
    yield ServerSentEvent(data="done", event="end")


@app.get("/clock")
async def clock(ticks: int = 10) -> StarletteEventSourceResponse:
    """Streams events with sse-starlette, which also sends a comment when nothing happens."""

    async def events() -> AsyncIterator[StarletteServerSentEvent]:
        for tick in range(ticks):
            yield StarletteServerSentEvent(data=str(tick), event="tick", id=str(tick))
            await anyio.sleep(STEP_S)
        yield StarletteServerSentEvent(data="done", event="end")

    return StarletteEventSourceResponse(events(), ping=15)


handler = Asgi(app)
