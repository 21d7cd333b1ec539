"""One warm stream that sends items as fast as they go: what one event costs, from fields to wire.

`handler` is our runtime with the service's own events, whose ids are signed; `application` is
uvicorn with sse-starlette and a pydantic model. The items are there already: no table is in it.
"""

import os
import sys

EVENTS = int(os.environ.get("BENCH_EVENTS", "20000"))


def fields(number):
    return {
        "item_id": f"bench-{number:08d}",
        "ticker": "NVDA",
        "tags": ("earnings", f"topic-{number % 20}"),
        "sentiment": "positive",
        "score": number % 100 / 100,
        "timestamp": "2026-11-22T12:00:00Z",
    }


def handler(_event, _context):
    """Yields the events of the stream function, one piece each."""
    sys.path.insert(0, os.environ["BENCH_TASK"])
    from dashboard_data import FeedEntry, Item
    from stream_function.event_bytes import EventBytes

    def pieces():
        events = EventBytes(b"s" * 32, "n")
        for number in range(EVENTS):
            entry = FeedEntry(number, Item(**fields(number)))
            yield events.item("0123456789", entry)

    headers = {"Content-Type": "text/event-stream"}
    return {"statusCode": 200, "headers": headers, "body": pieces()}


def application():
    from fastapi import FastAPI
    from p1 import NewItem
    from sse_starlette import EventSourceResponse, ServerSentEvent

    app = FastAPI()

    @app.get("/stream")
    async def stream() -> EventSourceResponse:
        async def events():
            for number in range(EVENTS):
                item = NewItem(**fields(number), source_id=f"bench-{number:08d}")
                yield ServerSentEvent(data=item.model_dump_json(), event="new_item", id=str(number))

        return EventSourceResponse(events())

    return app
