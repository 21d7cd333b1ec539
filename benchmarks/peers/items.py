"""One warm stream that sends items as fast as they go: what one event costs, from fields to wire.

`handler` is our runtime with the service's own events, whose ids are signed. It writes items that
are there together in one piece, as the stream function does with those of one poll; with
BENCH_ALONE each has a piece of its own. `application` is uvicorn with sse-starlette and a pydantic
model, and sse-starlette writes each event alone. The items are there already: no table is in it.
"""

import os
import sys

EVENTS = int(os.environ.get("BENCH_EVENTS", "20000"))
ALONE = "BENCH_ALONE" in os.environ
PAGE = 500  # entries that the stream function reads at once
EPOCH = "0123456789"
SECRET = b"s" * 32


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
    sys.path.insert(0, os.environ["BENCH_TASK"])
    headers = {"Content-Type": "text/event-stream"}
    body = events_alone() if ALONE else events_of_pages()
    return {"statusCode": 200, "headers": headers, "body": body}


def events_of_pages():
    from dashboard_data import Cursor, FeedEntry, Item, scopes_of
    from stream_function.shared_events import SharedEvents
    from stream_function.shared_window import SharedWindow

    window = SharedWindow(SharedEvents(), Cursor(EPOCH, 0), scopes_of(None), [], 0)
    for first in range(0, EVENTS, PAGE):
        numbers = range(first, min(first + PAGE, EVENTS))
        entries = tuple([FeedEntry(number, Item(**fields(number))) for number in numbers])
        while entries:
            piece = window.piece(SECRET, entries)
            yield piece.data
            entries = entries[piece.covers :]


def events_alone():
    from dashboard_data import FeedEntry, Item
    from stream_function.event_bytes import EventBytes

    events = EventBytes(SECRET, "n")
    for number in range(EVENTS):
        yield events.item(EPOCH, FeedEntry(number, Item(**fields(number))))


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
