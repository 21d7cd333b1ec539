"""The export, whose source fails or never ends, as the query parameter `fault` says."""

import time

import app


def pages(rows):
    """Yields two pages, then does what the number of rows stands for."""
    if rows == BEFORE:
        raise RuntimeError("the source failed before")
    yield [app.made_up_row(number) for number in range(1_000)]
    if rows == MIDWAY:
        raise RuntimeError("the source failed midway")
    while rows == ENDLESS:
        yield [app.made_up_row(1)] * 1_000
        time.sleep(0.1)
    for _ in range(3):
        time.sleep(0.3)
        yield [app.made_up_row(1)] * 1_000


BEFORE = 1
MIDWAY = 2
ENDLESS = 3

app.made_up_pages = pages
handler = app.handler
