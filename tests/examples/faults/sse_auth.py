"""The events, whose source fails or never ends, as the id says that the client has had."""

import time

import app
from lambda_streaming import Event

BEFORE = 1
MIDWAY = 2
DEADLINE = 3
MANY = 4


def prices(user, first, until_s):
    if first == BEFORE:
        raise RuntimeError("the source failed before")
    if first == MANY:
        yield from (Event("x" * 5_000, type="price") for _ in range(2_000))
        return
    yield Event("the first", type="price", id="1")
    if first == MIDWAY:
        raise RuntimeError("the source failed midway")
    while True:
        time.sleep(0.2)
        yield Event("and another", type="price", id="2")


app.first_second = lambda last, now_s: int(last)
app.prices = prices
handler = app.handler
