"""A function that streams, for the fixtures of pytest."""

import json
import os
import time

from lambda_streaming import Wsgi


def handler(event, context):
    path = event.get("rawPath", event.get("path", ""))
    if path == "/fails":
        raise ValueError("before the first byte")
    if path.endswith("/payload"):
        return {"statusCode": 200, "body": json.dumps(event)}
    if "requestContext" not in event:
        return {"greeting": os.environ["GREETING"], "event": event}
    if path.startswith("/says/"):
        return says(path, event.get("queryStringParameters") or {})
    headers = {"Content-Type": "text/event-stream"}
    return {"statusCode": 201, "headers": headers, "cookies": ["a=1"], "body": words()}


def words():
    for word in ("one", "two"):
        yield f"data: {word} {os.environ['GREETING']}\n\n"
        time.sleep(0.3)


def says(path, query):
    if "streams" in query:
        return {"statusCode": 200, "body": said(path)}
    print(path, end="")
    return {"statusCode": 200, "body": "said" * int(query.get("times", 1))}


def said(path):
    yield "said"
    print("printed", path)
    raise ValueError(path)


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/event-stream")])
    return (word.encode() for word in words())


on_any_runtime = Wsgi(application)
