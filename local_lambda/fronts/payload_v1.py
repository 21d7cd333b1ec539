"""Builds payloads of format 1.0 and renders results, as a REST API's proxy integration does.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

import base64
import json
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from local_lambda.application import ACCOUNT_ID
from local_lambda.fronts.payload import (
    RequestContext,
    ResultError,
    decode_body,
    group_headers,
    parse_header,
    parse_status,
)
from local_lambda.fronts.routing import RouteMatch
from local_lambda.http.messages import Headers, HttpRequest, HttpResponse, json_response

RESULT_KEYS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})
TRACE_ID = "x-amzn-trace-id"
BAD_GATEWAY = json_response(502, '{"message": "Internal server error"}')
GATEWAY_TIMEOUT = json_response(504, '{"message": "Endpoint request timed out"}')
NO_SUCH_ROUTE = json_response(403, '{"message":"Missing Authentication Token"}')


class Paths(NamedTuple):
    """The path of a request as the client encoded it: API Gateway decodes none.

    `in_domain`: without the stage, but with the base path of a custom domain. `sent`: with both.
    """

    in_domain: str
    sent: str


def build(
    request: HttpRequest, match: RouteMatch, context: RequestContext, paths: Paths
) -> dict[str, Any]:
    """Builds a payload."""
    sent = [(name, value) for name, value in request.headers if name.lower() != TRACE_ID]
    headers = group_headers((*sent, *_forwarding(request, context)))
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(request.raw_query, keep_blank_values=True):
        query.setdefault(name, []).append(value)
    body, encoded = _body(request, match.route.binary_media_types)
    return {
        "resource": match.route.path,
        "path": paths.in_domain,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": match.path_parameters or None,
        "stageVariables": None,
        "requestContext": _request_context(request, match, context, path=paths.sent),
        "body": body,
        "isBase64Encoded": encoded,
    }


def _forwarding(request: HttpRequest, context: RequestContext) -> Headers:
    return (
        ("X-Amzn-Trace-Id", context.trace_id),
        ("X-Forwarded-For", request.source_ip),
        ("X-Forwarded-Port", str(context.port)),
        ("X-Forwarded-Proto", "http"),
    )


def _request_context(
    request: HttpRequest, match: RouteMatch, context: RequestContext, path: str
) -> dict[str, Any]:
    return {
        "accountId": ACCOUNT_ID,
        "apiId": context.api_id,
        "domainName": request.header("host") or context.host,
        "domainPrefix": context.api_id,
        "extendedRequestId": context.request_id,
        "httpMethod": request.method,
        "identity": {"sourceIp": request.source_ip, "userAgent": request.header("user-agent")},
        "path": path,
        "protocol": "HTTP/1.1",
        "requestId": context.request_id,
        "requestTime": context.time_text,
        "requestTimeEpoch": context.time_ms,
        "resourceId": "local",
        "resourcePath": match.route.path,
        "stage": context.stage,
    }


def _body(request: HttpRequest, binary_media_types: tuple[str, ...]) -> tuple[str | None, bool]:
    if not request.body:
        return None, False
    if not is_binary(request.header("content-type"), binary_media_types):
        # API Gateway reads every other body as UTF-8. Bytes that are not UTF-8 get lost there too.
        return request.body.decode("utf-8", "replace"), False
    return base64.b64encode(request.body).decode(), True


def is_binary(content_type: str | None, binary_media_types: tuple[str, ...]) -> bool:
    media_type = (content_type or "").split(",")[0].partition(";")[0].strip().lower()
    major = media_type.partition("/")[0]
    return any(
        kind in ("*/*", media_type) or (kind.endswith("/*") and kind[:-2] == major)
        for kind in binary_media_types
    )


def render(result: bytes, accept: str | None, binary_media_types: tuple[str, ...]) -> HttpResponse:
    """Turns a buffered result into a response.

    Base64 is decoded when the client's `accept` or the content type is a binary media type of the
    API. Raises ResultError for a result that is not valid in format 1.0.
    """
    fields = _fields(result)
    headers = _result_headers(fields)
    content_type = next((value for name, value in headers if name.lower() == "content-type"), None)
    if content_type is None:
        headers.append(("Content-Type", "application/json"))
    binary = any(is_binary(kind, binary_media_types) for kind in (accept, content_type))
    status = parse_status(fields.get("statusCode", 200))
    return HttpResponse(status, tuple(headers), decode_body(fields, decode_base64=binary))


def base64_left_as_text(result: bytes, response: HttpResponse) -> bool:
    """Returns whether a base64 body was sent undecoded: no BinaryMediaTypes cover it."""
    fields = _fields(result)
    if not fields.get("isBase64Encoded"):
        return False
    encoded = (fields.get("body") or "").encode()
    return encoded != b"" and response.body == encoded


def _fields(result: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(result)
    except ValueError as error:
        raise ResultError(f"the result is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise ResultError("the result is not an object")
    if unknown := sorted(fields.keys() - RESULT_KEYS):
        raise ResultError(f"unknown keys in the result: {', '.join(unknown)}")
    return fields


def _result_headers(fields: dict[str, Any]) -> list[tuple[str, str]]:
    multiple = fields.get("multiValueHeaders") or {}
    single = fields.get("headers") or {}
    if not isinstance(multiple, dict) or not isinstance(single, dict):
        raise ResultError("headers must be objects")
    headers = [parse_header(name, value) for name, values in multiple.items() for value in values]
    repeated = {name.lower() for name in multiple}
    for name, value in single.items():
        if name.lower() not in repeated:
            headers.append(parse_header(name, value))
    return headers
