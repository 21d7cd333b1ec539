"""Functions for the stock client, which cannot stream."""

import asyncio
import threading

from lambda_streaming import sse
from lambda_streaming.encoders import ui_messages

SOURCES = {}


def source(function):
    SOURCES[function.__name__] = function
    return function


@source
def letters():
    yield "a"
    yield {"b": "ä"}


@source
def words():
    yield "a"


@source
async def async_letters():
    yield "a"
    await asyncio.sleep(0)
    yield {"b": "ä"}


@source
def failing():
    yield "a"
    raise LookupError("midway")


@source
def silent():
    yield "a"
    threading.Event().wait(20)


def handler(event, context):
    encoder = None
    if event.get("encoder"):
        encoder = ui_messages()
    body = sse(SOURCES[event["source"]](), encoder=encoder)
    return {"statusCode": 200, "headers": body.headers, "body": body}
