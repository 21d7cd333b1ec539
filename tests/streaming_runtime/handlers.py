"""Handlers for tests that start the runtime as a whole."""

import asyncio
import contextvars
import logging
import os
import sys
import threading
import time

import snapshot_restore_py
from streaming_runtime import REQUEST_ID, TRACE_ID

MET = threading.Barrier(3)
SEEN = []
EVENTS = []
OK = {"statusCode": 200, "body": "fine"}
not_callable = "text"


def first_then_fine(first):
    """Returns a handler that returns what `first` does, and from then on OK."""
    calls = []

    def handler(event, context):
        calls.append(event)
        return first() if len(calls) == 1 else OK

    return handler


def ok(event, context):
    return {"statusCode": 200, "body": "fine"}


def environment(event, context):
    """Returns what a handler can see of its environment."""
    logging.getLogger("own").warning("a word about %s", event["word"])
    print("printed")
    return {
        "path": sys.path,
        "trace_env": os.environ.get("_X_AMZN_TRACE_ID"),
        "trace": TRACE_ID.get(),
        "request_id": REQUEST_ID.get(),
        "main_thread": threading.current_thread() is threading.main_thread(),
    }


def meet(event, context):
    """Fails unless three invocations are in here at the same time."""
    mine = contextvars.copy_context()[REQUEST_ID]
    MET.wait(10)
    SEEN.append((mine, REQUEST_ID.get(), TRACE_ID.get(), context.aws_request_id))
    return {"statusCode": 200, "body": iter([mine])}


def endless(event, context):
    """Streams until it is closed, and records that."""

    def body():
        try:
            while True:
                yield b"x"
                time.sleep(0.005)
        finally:
            EVENTS.append("closed")
            print("closed", flush=True)

    return {"statusCode": 200, "body": body()}


def until_sigterm(event, context):
    """Streams one piece and then waits without a write that a signal could break."""

    def body():
        try:
            yield b"x"
            EVENTS.append("waiting")
            while True:
                time.sleep(0.005)
                yield b""
        finally:
            EVENTS.append("closed")
            if event.get("rawPath") == "/failing":
                raise LookupError("in the finally")

    return {"statusCode": 200, "body": body()}


def swallowing(event, context):
    """Waits for SIGTERM and goes on as if nothing had happened."""
    try:
        EVENTS.append("waiting")
        while True:
            time.sleep(0.005)
    except:  # noqa: E722  (what it is about)
        EVENTS.append("swallowed")
    return {"statusCode": 200, "body": "fine"}


def flood(event, context):
    """Streams without a pause until it is closed, and records each piece."""

    def body():
        try:
            while True:
                EVENTS.append("piece")
                yield b"x" * 100_000
        finally:
            EVENTS.append("closed")

    return {"statusCode": 200, "body": body()}


def sleepy(event, context):
    """Yields one piece, and then nothing for long."""

    def body():
        yield b"now"
        time.sleep(6)
        yield b"later"

    return {"statusCode": 200, "headers": {"Content-Type": "text/event-stream"}, "body": body()}


def register_hooks(before=None, after=None):
    """Registers hooks as a function would on import; returns the list that they write to."""
    calls = []

    def hook(name):
        calls.append(name)
        if name in (before, after):
            raise LookupError(f"{name} failed")

    for name in ("before 1", "before 2"):
        snapshot_restore_py.register_before_snapshot(hook, name)
    for name in ("after 1", "after 2"):
        snapshot_restore_py.register_after_restore(hook, name)
    return calls


async def wait_until_closed():
    try:
        EVENTS.append("waiting")
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.01)
        EVENTS.append("closed")


async def async_handler_until_sigterm(event, context):
    await wait_until_closed()


async def async_body_until_sigterm(event, context):
    async def body():
        yield "x"
        await wait_until_closed()

    return {"statusCode": 200, "body": body()}


async def async_meet(event, context):
    """Fails unless three invocations are in here at the same time, each in a loop of its own."""
    MET.wait(10)
    SEEN.append(id(asyncio.get_running_loop()))

    async def body():
        await asyncio.sleep(0.01)
        yield REQUEST_ID.get()

    return {"statusCode": 200, "body": body()}
