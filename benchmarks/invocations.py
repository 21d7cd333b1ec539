"""What does the platform hand to a function? The payload of a Function URL, for many clients."""

import itertools
import json
import time
import uuid

DEADLINE_S = 900  # the template's Timeout
_clients = itertools.count()


def payload(number: int, path: str = "/api/v2/stream") -> dict[str, object]:
    """Returns the payload of one client's request; each has an address in a network of its own."""
    address = f"10.{number // 250 % 250}.{number % 250}.7"
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "accept": "text/event-stream",
            "accept-encoding": "gzip, deflate, br, zstd",
            "accept-language": "en-GB,en;q=0.9",
            "cache-control": "no-cache",
            "host": "abcdefghij.lambda-url.eu-central-1.on.aws",
            "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "x-amzn-trace-id": "Root=1-69000000-000000000000000000000000",
            "x-forwarded-for": address,
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "abcdefghij",
            "domainName": "abcdefghij.lambda-url.eu-central-1.on.aws",
            "domainPrefix": "abcdefghij",
            "http": {
                "method": "GET",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": address,
                "userAgent": "Mozilla/5.0",
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": "$default",
            "stage": "$default",
            "time": "22/Nov/2026:12:00:00 +0000",
            "timeEpoch": int(time.time() * 1000),
        },
        "isBase64Encoded": False,
    }


def invocation() -> tuple[str, bytes]:
    """Returns the id of a new invocation, and the Runtime API's response that hands it out."""
    request_id = str(uuid.uuid4())
    body = json.dumps(payload(next(_clients))).encode()
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:stream"
    lines = [
        "HTTP/1.1 200 OK",
        "Content-Type: application/json",
        f"Lambda-Runtime-Aws-Request-Id: {request_id}",
        f"Lambda-Runtime-Deadline-Ms: {int((time.time() + DEADLINE_S) * 1000)}",
        f"Lambda-Runtime-Invoked-Function-Arn: {arn}",
        "Lambda-Runtime-Trace-Id: Root=1-69000000-000000000000000000000000;Sampled=0",
        f"Content-Length: {len(body)}",
        "\r\n",
    ]
    return request_id, "\r\n".join(lines).encode() + body
