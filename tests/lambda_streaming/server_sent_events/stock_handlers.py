"""Functions for the stock client, which cannot stream."""

import asyncio
import threading

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from flask import Flask, Response
from lambda_streaming import Asgi, Wsgi, sse
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


api = FastAPI()
flask = Flask("f")


@api.get("/sync/{name}")
def from_a_function(name: str):
    return StreamingResponse(sse(SOURCES[name]()), media_type="text/event-stream")


@api.get("/async/{name}")
async def from_a_coroutine(name: str):
    return StreamingResponse(sse(SOURCES[name]()), media_type="text/event-stream")


@flask.get("/flask/<name>")
def from_flask(name):
    return Response(sse(SOURCES[name]()), mimetype="text/event-stream")


asgi = Asgi(api)
wsgi = Wsgi(flask)


def frameworks(event, context):
    if event["rawPath"].startswith("/flask/"):
        return wsgi(event, context)
    return asgi(event, context)
