"""The readings, whose source fails now and then; streams live shortly."""

import itertools
import time

import app

OPENED = itertools.count(1)


def readings():
    """The first time it fails at once, the second time after two readings, then never."""
    opened = next(OPENED)
    if opened == 1:
        raise RuntimeError("the source failed before")
    for number in itertools.count(1):
        time.sleep(0.2)
        yield float(number)
        if opened == 2 and number == 2:
            raise RuntimeError("the source failed midway")


app.readings = readings
handler = app.handler
