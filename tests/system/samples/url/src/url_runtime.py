"""A custom runtime of a few lines: it streams what the handler yields."""

import http.client
import importlib
import json
import os

API = os.environ["AWS_LAMBDA_RUNTIME_API"]
PREFIX = "/2018-06-01/runtime/invocation"
PRELUDE = {"statusCode": 200, "headers": {"Content-Type": "text/plain; charset=utf-8"}}


def pieces(handler, payload):
    yield json.dumps(PRELUDE).encode() + bytes(8)
    for text in handler(payload):
        yield text.encode()


def main():
    module, name = os.environ["_HANDLER"].split(".")
    handler = getattr(importlib.import_module(module), name)
    connection = http.client.HTTPConnection(API)
    while True:
        connection.request("GET", f"{PREFIX}/next")
        invocation = connection.getresponse()
        request_id = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
        payload = json.loads(invocation.read())
        headers = {
            "Content-Type": "application/vnd.awslambda.http-integration-response",
            "Lambda-Runtime-Function-Response-Mode": "streaming",
            "Transfer-Encoding": "chunked",
        }
        connection.request(
            "POST",
            f"{PREFIX}/{request_id}/response",
            body=pieces(handler, payload),
            headers=headers,
            encode_chunked=True,
        )
        connection.getresponse().read()


main()
