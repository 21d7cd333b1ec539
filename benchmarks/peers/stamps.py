"""One stream of stamped events, for the time from a handler's yield to its client.

`handler` runs under our runtime, with our encoder; `app` behind uvicorn, with sse-starlette's. Both
yield the same events of some 230 bytes, at the same pace.
"""

import asyncio
import os
import time

EVENTS = int(os.environ.get("BENCH_EVENTS", "500"))
PAUSE_S = 0.002
FILLER = "x" * 190


def text() -> str:
    return f'{{"filler":"{FILLER}","at":{time.monotonic():.6f}}}'


def handler(_event, _context):
    from event_stream import encode

    def pieces():
        yield encode("hello")
        for _ in range(EVENTS):
            time.sleep(PAUSE_S)
            yield encode(text(), event="stamp")

    headers = {"Content-Type": "text/event-stream"}
    return {"statusCode": 200, "headers": headers, "body": pieces()}


def application():
    from fastapi import FastAPI
    from sse_starlette import EventSourceResponse, ServerSentEvent

    app = FastAPI()

    @app.get("/stream")
    async def stream() -> EventSourceResponse:
        async def events():
            yield ServerSentEvent(data="hello")
            for _ in range(EVENTS):
                await asyncio.sleep(PAUSE_S)
                yield ServerSentEvent(data=text(), event="stamp")

        return EventSourceResponse(events())

    return app
