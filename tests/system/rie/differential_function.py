"""Does what the payload says. It runs under AWS's emulator and under ours, which are compared."""

import os
import sys
import time

if os.environ.get("INIT") == "raise":
    raise LookupError("no such thing at init")
if os.environ.get("INIT") == "exit":
    os._exit(4)
if os.environ.get("INIT") == "hang":
    time.sleep(60)


class Odd(Exception):
    pass


def handler(event, context):
    case = event.get("case") if isinstance(event, dict) else None
    return CASES[case](event, context) if case else event


def raises(event, context):
    raise Odd("häh")


def raises_deep(event, context):
    try:
        raises(event, context)
    except Odd as error:
        raise LookupError("a" * 2_000) from error


def context_of(event, context):
    client = context.client_context
    return {
        "name": context.function_name,
        "version": context.function_version,
        "memory": context.memory_limit_in_mb,
        "custom": client.custom if client else None,
        "tenant": getattr(context, "tenant_id", None),
        "in time": 0 < context.get_remaining_time_in_millis() <= 1_000,
        "arn": context.invoked_function_arn.split(":")[:4],
        "is uuid": len(context.aws_request_id),
    }


CASES = {
    "context": context_of,
    "raise": raises,
    "raise deep": raises_deep,
    "system exit": lambda event, context: sys.exit(3),
    "set": lambda event, context: {1, 2},
    "not a number": lambda event, context: float("nan"),
    "bytes": lambda event, context: b"x",
    "none": lambda event, context: None,
    "text": lambda event, context: "häh \u2028",
    "surrogate": lambda event, context: "\ud800",
    "exit": lambda event, context: os._exit(3),
    "sleep": lambda event, context: time.sleep(20),
    "as large": lambda event, context: "x" * event["size"],
}
