"""Streams from Flask: rows of a table, a page piece by piece, and events."""

import json
import time
from collections.abc import Iterator

from flask import Flask, Response, abort, request, stream_template, stream_with_context
from lambda_streaming import Wsgi

# Seconds that one step of the work takes here. Your application has real work instead.
STEP_S = 0.3
CITIES = ["Bergen", "Cork", "Girona", "Lyon", "Pisa", "Ulm"]

app = Flask(__name__)


def measurements(count: int, first: int = 0) -> Iterator[tuple[int, str]]:
    """Yields a number and a city, each after the time that it takes to measure."""
    for number in range(first, count):
        time.sleep(STEP_S)
        yield number, CITIES[number % len(CITIES)]


def wanted() -> int:
    """Returns how many measurements the request asks for."""
    count = request.args.get("count", "10")
    if not count.isdecimal() or len(count) > 4:
        abort(400, "count must be a number from 0 to 9999")
    return int(count)


@app.get("/rows.csv")
def rows() -> tuple[Iterator[str], dict[str, str]]:
    """Streams CSV: any iterator that a view returns is a body."""
    count = wanted()

    def lines() -> Iterator[str]:
        yield "number,city\n"
        for number, city in measurements(count):
            yield f"{number},{city}\n"

    return lines(), {"Content-Type": "text/csv"}


@app.get("/")
def page() -> Iterator[str]:
    """Streams a page: its head is on the screen while the rows are still being measured."""
    return stream_template("page.html", rows=measurements(len(CITIES)))


@app.get("/events")
def events() -> Response:
    """Streams events. A browser that lost the connection gets those that it has not got.

    What may refuse the request runs before the generator does: later it is too late for a status.
    """
    count = wanted()

    @stream_with_context  # so that the generator may use the request
    def measured() -> Iterator[str]:
        last = request.headers.get("Last-Event-ID", -1, type=int)
        for number, city in measurements(count, last + 1):
            data = json.dumps({"number": number, "city": city})
            yield f"event: measured\nid: {number}\ndata: {data}\n\n"
        yield "event: end\ndata: done\n\n"

    return Response(measured(), headers={"Content-Type": "text/event-stream"})


handler = Wsgi(app)
