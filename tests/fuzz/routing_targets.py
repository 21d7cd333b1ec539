"""Targets of the emulator's decisions: a request's route, and what a call of Lambda asks for."""

import base64
import json
from collections.abc import Iterator
from typing import Any

from local_lambda.application import Route
from local_lambda.fronts.load_balancer import holds
from local_lambda.fronts.routing import HttpRouteTable, RouteTable
from local_lambda.http.messages import HttpRequest, is_header
from local_lambda.lambda_api import calls
from local_lambda.lambda_api.calls import ApiError, Call, FunctionName
from tests.fuzz.source import Source
from tests.fuzz.target import Check, Registry

TARGETS = Registry()
SEGMENTS = ["a", "b", "{id}", "{other}", "{proxy+}", "", "*", ".", "a.b", "(a+)+$", "[", "\\"]
METHODS = ["GET", "POST", "ANY", "HEAD"]
FIELDS = [
    "path-pattern",
    "host-header",
    "http-request-method",
    "source-ip",
    "query-string",
    "http-header:X-A",
]
PATTERNS = ["*", "/a*", "*a*a*a*a*a*a*b", "?", "a=*", "10.0.0.0/8", "::/0", "*.example"]


def _path(source: Source) -> str:
    return "/" + "/".join([source.pick(SEGMENTS) for _ in range(source.below(5))])


def _sent(source: Source) -> str:
    parts = [source.text(6) if source.chance(40) else source.pick(SEGMENTS) for _ in range(3)]
    return "/" + "/".join(parts)


@TARGETS.target(
    "front_routing",
    "Any routes and rules of a template, any method, path, query and headers: a route or none, in "
    "bounded time, whose parameters are parts of the path",
)
def front_routing() -> Iterator[Check]:
    def check(data: bytes) -> None:
        source = Source(data)
        routes: list[Any] = [
            Route(source.pick(METHODS), _path(source), "F") for _ in range(1 + source.below(5))
        ]
        method, path = source.pick(METHODS), _sent(source)
        for table in (RouteTable(routes), HttpRouteTable(routes)):
            found = table.match(method, path)
            if found is not None:
                assert found.route in routes
                assert all(value in path for value in found.path_parameters.values())
        request = HttpRequest(
            method,
            f"{path}?{source.text(20)}",
            (("Host", source.text(20)), ("X-A", "a" * source.below(300))),
            source_ip=source.text(8) if source.chance(30) else "192.0.2.1",
        )
        pattern = source.pick(PATTERNS) if source.chance(60) else source.text(10)
        assert holds({source.pick(FIELDS): (pattern,)}, request) in (True, False)

    yield check


HEADERS = [
    "x-amz-invocation-type",
    "x-amz-log-type",
    "x-amz-tenant-id",
    "x-amz-client-context",
    "x-amzn-trace-id",
]
CONTEXTS = [b'{"custom":{"a":"b"}}', b'{\n  "custom": {"a":\r\n "\xc3\xa9"}\n}', b"[]", b"{\xff}"]
VALUES = ["RequestResponse", "Event", "DryRun", "Tail", "None", "tenant-1"]


@TARGETS.target(
    "lambda_calls",
    "Any name, header and body of a call of Lambda's API: what it asks for, in headers that the "
    "Runtime API can carry, or an error of Lambda's with valid headers",
)
def lambda_calls() -> Iterator[Check]:
    def context(source: Source) -> str:
        text = source.damaged(source.pick(CONTEXTS))
        return base64.b64encode(text).decode()

    def asked(source: Source) -> Call:
        FunctionName.parse(source.text(20), source.text(20))
        calls.payload(source.damaged(b'{"a": [1, 2.5, "x"]}'))
        return Call.read({}, ("RequestResponse",))

    def check(data: bytes) -> None:
        source = Source(data)
        headers = {source.pick(HEADERS): source.pick(VALUES) for _ in range(source.below(4))}
        if source.chance(50):
            headers[source.pick(HEADERS)] = source.text(12)
        if source.chance(60):
            headers["x-amz-client-context"] = context(source)
        for read in (
            lambda: Call.read(headers, ("RequestResponse", "Event")),
            lambda: asked(source),
        ):
            try:
                call = read()
            except ApiError as refused:
                response = refused.response()
                assert all(is_header(name, value) for name, value in response.headers)
                continue
            if call.client_context is not None:
                assert is_header("X", call.client_context), call
                assert call.client_context.isascii()
                json.loads(call.client_context)
            assert is_header("X", call.tenant_id or "")

    yield check
