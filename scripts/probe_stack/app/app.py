"""Shows what a function gets, and breaks on request: `?do=NAME`. For `make verify` alone.

Each action takes the parameters of the query (texts) and the context, and returns a proxy result.
"""

import base64
import gzip
import json
import os
import sys
import time
import uuid

from raw import RawResponse

try:
    from snapshot_restore_py import register_after_restore
except ImportError:
    register_after_restore = None

TEXT = {"Content-Type": "text/plain"}
# Headers of a function that the platform sends under other names.
NAMES = ("Date", "Server", "Connection", "x-amzn-RequestId")
ENVIRONMENT = uuid.uuid4().hex
# This environment has seen so far: payloads that are no requests, restores, bodies that were left.
SEEN = {"strangers": 0, "restores": 0, "left": {}}


def restored():
    SEEN["restores"] += 1


if register_after_restore:
    register_after_restore(restored)


def handler(event, context):
    if "do" in event:  # an SDK
        return ACTIONS[event["do"]](event, context)
    if "requestContext" not in event:
        SEEN["strangers"] += 1
        return None
    query = event.get("queryStringParameters") or {}
    if "do" in query:
        return ACTIONS[query["do"]](query, context)
    shown = {
        "payload": event,
        "python": "{}.{}".format(*sys.version_info),
        "runtime": os.environ.get("AWS_EXECUTION_ENV", ""),
        "initialization": os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", ""),
        "environment": ENVIRONMENT,
        "strangers": SEEN["strangers"],
        "restores": SEEN["restores"],
    }
    return text(json.dumps(shown), {"Content-Type": "application/json"})


def text(body, headers=TEXT, status=200):
    return {"statusCode": status, "headers": {**headers}, "body": body}


def authorize(event, context):
    """Allows everything, after as many seconds as the query says."""
    time.sleep(float(event["queryStringParameters"]["seconds"]))
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}
    return {
        "principalId": "probe",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }


def plain(query, context):
    return text("0123456789")


def status(query, context):
    return {"statusCode": int(query["code"]), "headers": {"x-probe": "status"}}


def named_as_the_platforms(query, context):
    return text("names", {**TEXT, **dict.fromkeys(NAMES, "of-the-function")})


def long_head(query, context):
    return text("long", {**TEXT, **{f"x-long-{n}": "x" * 3_900 for n in range(4)}})


def allowing(query, context):
    return text("cors", {**TEXT, "Access-Control-Allow-Origin": "https://function.example"})


def header_value(query, context):
    values = {"number": 7, "boolean": True, "list": ["a"]}
    return text("value", {**TEXT, "x-value": values[query["kind"]]})


def pieces(query, context):
    def five():
        for number in range(5):
            yield f"{number:<19}\n"
            time.sleep(0.4)

    return text(five(), {**TEXT, "x-environment": ENVIRONMENT})


def silence(query, context):
    def two():
        yield "before\n"
        time.sleep(float(query["seconds"]))
        yield "after\n"

    return text(two())


def failing(query, context):
    def broken():
        yield "one\n"
        yield "two\n"
        raise RuntimeError("on request")

    return text(broken())


def crashing(query, context):
    def broken():
        yield "one\n"
        time.sleep(0.3)
        os._exit(1)

    return text(broken())


def flooding(query, context):
    """24 MB in pieces of 64 KB. Each begins with the time at which it is made."""

    def flood():
        for _ in range(384):
            yield f"{time.time():<20.3f}".encode().ljust(65_535) + b"\n"

    return text(flood())


def leaving(query, context):
    """3 s of pieces. How far they come is shown by `left`."""

    def thirty():
        made = 0
        try:
            for made in range(1, 31):
                yield f"{made}\n"
                time.sleep(0.1)
        finally:
            SEEN["left"][query["key"]] = made

    return text(thirty())


def left(query, context):
    return text(json.dumps(SEEN["left"].get(query["key"])))


def compressed(query, context):
    """The layer would undo the compression itself, so the response is written by hand."""
    response = RawResponse(context.aws_request_id)
    response.prelude({"Content-Type": "text/plain", "Content-Encoding": "gzip"})
    response.chunk(gzip.compress(b"compressed"))
    response.end()


def streamed(query, context):
    response = RawResponse(context.aws_request_id)
    response.prelude({"Content-Type": "text/plain", "x-probe": "streamed"})
    response.chunk(b"streamed")
    response.end()


def streamed_names(query, context):
    response = RawResponse(context.aws_request_id)
    names = dict.fromkeys(NAMES, "of-the-function")
    response.prelude({**TEXT, **names, "Content-Length": "5"})
    response.chunk(b"names")
    response.end()


def trailing(query, context):
    """Ends with trailers of as many bytes as the query says."""
    response = RawResponse(context.aws_request_id)
    response.prelude({"Content-Type": "text/plain"})
    response.chunk(b"trailing\n")
    response.end(base64.b64encode(b" " * (int(query["bytes"]) * 3 // 4)).decode())


def resetting(query, context):
    response = RawResponse(context.aws_request_id)
    response.prelude({"Content-Type": "text/plain"})
    response.chunk(b"resetting\n")
    time.sleep(0.3)
    response.reset()


def failing_early(query, context):
    raise RuntimeError("on request")


ACTIONS = {
    "plain": plain,
    "status": status,
    "names": named_as_the_platforms,
    "long-head": long_head,
    "cors": allowing,
    "header-value": header_value,
    "pieces": pieces,
    "silence": silence,
    "fail": failing,
    "crash": crashing,
    "flood": flooding,
    "leave": leaving,
    "left": left,
    "gzip": compressed,
    "streamed": streamed,
    "streamed-names": streamed_names,
    "trailers": trailing,
    "reset": resetting,
    "early-error": failing_early,
}
