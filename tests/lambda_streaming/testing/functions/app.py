"""A function that streams, for the fixtures of pytest."""

import os
import time


def handler(event, context):
    if event.get("rawPath", event.get("path")) == "/fails":
        raise ValueError("before the first byte")
    if "requestContext" not in event:
        return {"greeting": os.environ["GREETING"], "event": event}
    headers = {"Content-Type": "text/event-stream"}
    return {"statusCode": 201, "headers": headers, "cookies": ["a=1"], "body": words()}


def words():
    for word in ("one", "two"):
        yield f"data: {word} {os.environ['GREETING']}\n\n"
        time.sleep(0.3)
