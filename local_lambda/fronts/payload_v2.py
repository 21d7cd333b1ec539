"""Payload format 2.0: what a Function URL hands to a function, and what it makes of a buffered result.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, unquote

from local_lambda.fronts.payload import (
    RequestContext,
    ResultError,
    body_bytes,
    grouped,
    header_of,
    is_text,
    status_of,
)
from local_lambda.http.messages import HttpRequest, HttpResponse

BAD_GATEWAY = HttpResponse(502, (("Content-Type", "text/plain"),), b"Internal Server Error")


def build(request: HttpRequest, origin: RequestContext) -> dict[str, Any]:
    headers = {name.lower(): ",".join(values) for name, values in grouped(request.headers).items()}
    cookies = headers.pop("cookie", None)
    query = _query(request.raw_query)
    payload = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": unquote(request.raw_path),
        "rawQueryString": request.raw_query,
        "headers": _with_forwarding(headers, request, origin),
        "requestContext": _context(request, origin, headers),
        "isBase64Encoded": False,
    }
    if cookies:
        payload["cookies"] = [cookie.strip() for cookie in cookies.split(";")]
        payload["headers"]["cookie"] = cookies
    if query:
        payload["queryStringParameters"] = query
    if request.body:
        text = is_text(headers.get("content-type", ""))
        payload["isBase64Encoded"] = not text
        payload["body"] = (
            request.body.decode("utf-8", "replace")
            if text
            else base64.b64encode(request.body).decode()
        )
    return payload


def _query(raw: str) -> dict[str, str]:
    query: dict[str, str] = {}
    for name, value in parse_qsl(raw, keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    return query


def _with_forwarding(
    headers: dict[str, str], request: HttpRequest, origin: RequestContext
) -> dict[str, str]:
    return {
        **headers,
        "x-amzn-trace-id": headers.get("x-amzn-trace-id", origin.trace_id),
        "x-forwarded-for": request.source_ip,
        "x-forwarded-port": str(origin.port),
        "x-forwarded-proto": "http",
    }


def _context(
    request: HttpRequest, origin: RequestContext, headers: dict[str, str]
) -> dict[str, Any]:
    return {
        "accountId": "anonymous",
        "apiId": origin.api_id,
        "domainName": headers.get("host", origin.host),
        "domainPrefix": origin.api_id,
        "http": {
            "method": request.method,
            "path": unquote(request.raw_path),
            "protocol": "HTTP/1.1",
            "sourceIp": request.source_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": origin.request_id,
        "routeKey": "$default",
        "stage": "$default",
        "time": origin.time_text,
        "timeEpoch": origin.time_ms,
    }


def render(result: bytes) -> HttpResponse:
    """A buffered result as an answer. Without a `statusCode` the whole result is the body of a 200."""
    try:
        fields = json.loads(result)
    except ValueError:
        return HttpResponse(200, (("Content-Type", "application/json"),), result)
    if not isinstance(fields, dict) or "statusCode" not in fields:
        body = fields.encode() if isinstance(fields, str) else result
        return HttpResponse(200, (("Content-Type", "application/json"),), body)
    try:
        headers = [header_of(name, value) for name, value in (fields.get("headers") or {}).items()]
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", "application/json"))
        headers += [header_of("Set-Cookie", cookie) for cookie in fields.get("cookies") or ()]
        return HttpResponse(status_of(fields["statusCode"]), tuple(headers), body_bytes(fields))
    except (AttributeError, ResultError):
        return BAD_GATEWAY
