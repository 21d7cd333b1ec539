"""Streams from Flask: rows of a table, a page piece by piece, and events."""

import json
import os
import time
from collections.abc import Iterator

from flask import Flask, Response, abort, request, stream_template, stream_with_context
from lambda_streaming import Wsgi

# Seconds that one step of the work takes here. Your application has real work instead.
STEP_S = float(os.environ.get("STEP_S", "0.3"))
CITIES = ["Bergen", "Cork", "Girona", "Lyon", "Pisa", "Ulm"]

app = Flask(__name__)


def measurements(count: int) -> Iterator[tuple[int, str]]:
    """Yields a number and a city, each after the time that it takes to measure."""
    for number in range(count):
        time.sleep(STEP_S)
        yield number, CITIES[number % len(CITIES)]


@app.get("/rows.csv")
def rows() -> tuple[Iterator[str], dict[str, str]]:
    """Streams CSV: any iterator that a view returns is a body."""
    count = request.args.get("count", 10, type=int)
    broken = "broken" in request.args

    def lines() -> Iterator[str]:
        yield "number,city\n"
        for number, city in measurements(count):
            yield f"{number},{city}\n"
            if broken:
                raise RuntimeError("the table went away")

    return lines(), {"Content-Type": "text/csv"}


@app.get("/")
def page() -> Iterator[str]:
    """Streams a page: its head is on the screen while the rows are still being measured."""
    return stream_template("page.html", rows=measurements(len(CITIES)))


@app.get("/events")
def events() -> Response:
    """Streams events. `stream_with_context` lets the generator use the request."""
    if request.args.get("count", "1") == "0":
        abort(404, "there is nothing to measure")

    @stream_with_context
    def measured() -> Iterator[str]:
        for number, city in measurements(request.args.get("count", 10, type=int)):
            data = json.dumps({"number": number, "city": city})
            yield f"event: measured\nid: {number}\ndata: {data}\n\n"
        yield "event: end\ndata: done\n\n"

    return Response(measured(), headers={"Content-Type": "text/event-stream"})


handler = Wsgi(app)
