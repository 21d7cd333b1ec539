"""Handlers for the runtime under AWS's own emulator. Each returns what the payload asks for."""

import os


def handler(event, context):
    return CASES[event["case"]](event, context)


def endless_message():
    yield b"begun "
    raise ValueError("m" * 100_000)


def half():
    yield b"half"
    raise LookupError("in the middle")


def http(body, status=200):
    """Handles payloads that are requests; `request` in the tests makes them."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": "text/event-stream"},
        "cookies": ["a=1"],
        "body": body,
    }


def fails(event, context):
    raise LookupError("no such thing")


CASES = {
    "plain": lambda event, context: {"answer": 42, "request_id": context.aws_request_id},
    "text": lambda event, context: http("whole"),
    "stream": lambda event, context: http(iter([b"one ", b"", "two"])),
    "empty": lambda event, context: http(iter(())),
    "error": fails,
    "half": lambda event, context: http(half()),
    "huge": lambda event, context: http(endless_message()),
    "exit": lambda event, context: os._exit(3),
    "large": lambda event, context: http(iter([b"x" * 65_536] * 64)),
    "time": lambda event, context: context.get_remaining_time_in_millis(),
}
