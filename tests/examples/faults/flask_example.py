"""The Flask example, whose measurements fail or never end, as their number says."""

import logging
import time
from collections.abc import Iterator

import app

BEFORE = 7001
MIDWAY = 7002
ENDLESS = 7003
LARGE = 7004


def measurements(count: int, first: int = 0) -> Iterator[tuple[int, str]]:
    if count == BEFORE:
        raise RuntimeError("the source failed before")
    yield 0, "Ulm"
    if count == MIDWAY:
        raise RuntimeError("the source failed midway")
    try:
        while count == ENDLESS:
            time.sleep(0.1)
            yield 1, "Ulm"
    finally:
        logging.getLogger().error("the source was closed: %d", count)
    for number in range(3_000 if count == LARGE else 0):
        yield number, "x" * 10_000


app.measurements = measurements
handler = app.handler
