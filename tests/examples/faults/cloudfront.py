"""The words, whose source fails or never ends, as the text says."""

import time

import app


def words(text):
    if text == "before":
        raise RuntimeError("the source failed before")
    if text == "many":
        yield from ("x" * 5_000 for _ in range(2_000))
        return
    yield "word"
    if text == "midway":
        raise RuntimeError("the source failed midway")
    while True:
        time.sleep(0.2)
        yield "word"


app.words = words
handler = app.handler
