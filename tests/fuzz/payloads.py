"""Which payloads do fronts send? One valid sample of each, to be changed by the targets."""

import copy
from typing import Any

from lambda_streaming.testing import payloads

from tests.fuzz.source import Source

PARTS: dict[str, Any] = {
    "query": [("a", "1"), ("a", "2"), ("last_event_id", "x")],
    "headers": [("x-a", "1"), ("x-a", "2"), ("accept", "*/*")],
    "cookies": ["a=1", "b=2"],
}
LATTICE_1: dict[str, Any] = {
    "raw_path": "/a?b=c",
    "method": "GET",
    "headers": {"host": "a.example", "x-forwarded-for": "192.0.2.1"},
    "query_string_parameters": {"b": "c"},
    "body": "",
    "is_base64_encoded": False,
}
LATTICE_2: dict[str, Any] = {
    "version": "2.0",
    "path": "/a?b=c",
    "method": "POST",
    "headers": {"host": ["a.example"]},
    "queryStringParameters": {"b": ["c"]},
    "body": "YQ==",
    "isBase64Encoded": True,
    "requestContext": {"serviceArn": "arn:aws:vpc-lattice:us-east-1:1:service/s"},
}
WEBSOCKET: dict[str, Any] = {
    "requestContext": {"connectionId": "a", "routeKey": "$connect", "eventType": "CONNECT"},
    "isBase64Encoded": False,
}
AUTHORIZER: dict[str, Any] = {"type": "TOKEN", "authorizationToken": "t", "methodArn": "arn:aws"}


def samples() -> list[dict[str, Any]]:
    made = [
        payloads.function_url("GET", "/a b/%2f", **PARTS),
        payloads.function_url("POST", "/a", json={"a": 1}),
        payloads.rest_api("GET", "/a/b", **PARTS),
        payloads.rest_api("POST", "/a", json={"a": 1}),
        payloads.http_api("GET", "/a/b", **PARTS),
        payloads.http_api("PUT", "/a", body=b"\xff"),
        payloads.load_balancer("GET", "/a/b", **PARTS),
        payloads.load_balancer("DELETE", "/a/b"),
    ]
    return [*made, LATTICE_1, LATTICE_2, WEBSOCKET, AUTHORIZER]


class Payloads:
    """Draws payloads: those of fronts, with parts that are wrong, and any other JSON."""

    def __init__(self) -> None:
        self._samples = samples()

    def draw(self, source: Source) -> Any:
        if source.chance(5):
            return source.json()
        return source.changed(copy.copy(source.pick(self._samples)))
