"""Streams readings to many clients from one process, which takes each reading once."""

import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from broadcast import Broadcast, Item
from lambda_streaming import Event, sse

EVERY_S = 0.5
STREAM_LIFE_S = 240
HEARTBEAT_S = 15


def readings() -> Iterator[float]:
    """Yields what a sensor would say: the expensive source that there is to be one of."""
    print("readings: the source was opened")
    while True:
        yield round(20 + 5 * math.sin(time.time() / 20), 2)
        time.sleep(EVERY_S)


# A name that is looked up late, so that a test can put another source in its place.
BROADCAST = Broadcast(lambda: readings())


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    path = path_of(event)
    if path in FILES:
        return FILES[path]
    if path != "/readings":
        return text(404, "there is no such page\n", "text/plain")
    names = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    # The stream has no thread of its own: the source says often enough that there is nothing.
    body = sse(events(number_in(names.get("last-event-id"))), heartbeat_s=None, end_event=None)
    return {"statusCode": 200, "headers": body.headers, "body": body}


def events(after: int | None) -> Iterator[Event | None]:
    """Yields an event for each reading, for as long as a stream lives."""
    until_s = time.monotonic() + STREAM_LIFE_S
    heartbeat_at_s = time.monotonic() + HEARTBEAT_S
    for item in BROADCAST.listen(after):
        now_s = time.monotonic()
        if now_s > until_s:
            return
        if isinstance(item, Item):
            heartbeat_at_s = now_s + HEARTBEAT_S
            data = {"value": item.value, "streams": BROADCAST.listeners, "process": os.getpid()}
            yield Event(data, type="reading", id=str(item.number))
        elif item is not None:
            yield Event({"count": item.count}, type="missed")
        elif now_s > heartbeat_at_s:
            heartbeat_at_s = now_s + HEARTBEAT_S
            yield Event(comment="nothing new")
        else:
            yield None


def number_in(last_event_id: str | None) -> int | None:
    """Returns the number of the last reading that a client has. Another process has other numbers.

    One that is too large for this process counts as the latest.
    """
    if last_event_id and last_event_id.isdecimal() and len(last_event_id) < 12:
        return int(last_event_id)
    return None


def path_of(event: dict[str, Any]) -> str:
    if event.get("version") == "2.0":
        return str(event["rawPath"])
    return "/" + ((event.get("pathParameters") or {}).get("proxy") or "")


def text(status: int, body: str, content_type: str) -> dict[str, Any]:
    headers = {"Content-Type": f"{content_type}; charset=utf-8"}
    return {"statusCode": status, "headers": headers, "body": body}


FILES = {
    path: text(200, Path(__file__).with_name(name).read_text("utf-8"), content_type)
    for path, name, content_type in (
        ("/", "page.html", "text/html"),
        ("/page.js", "page.js", "text/javascript"),
    )
}
