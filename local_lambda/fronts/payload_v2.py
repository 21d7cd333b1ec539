"""Builds payloads of format 2.0 and renders results, as a Function URL does.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, unquote

from local_lambda.fronts.payload import (
    RequestContext,
    ResultError,
    decode_body,
    group_headers,
    is_text,
    parse_header,
    parse_status,
)
from local_lambda.http.messages import HttpRequest, HttpResponse

BAD_GATEWAY = HttpResponse(502, (("Content-Type", "text/plain"),), b"Internal Server Error")


def build(request: HttpRequest, context: RequestContext) -> dict[str, Any]:
    grouped = group_headers(request.headers)
    headers = {name.lower(): ",".join(values) for name, values in grouped.items()}
    cookies = headers.pop("cookie", None)
    query = _query(request.raw_query)
    payload_headers = _with_forwarding(headers, request, context)
    payload: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.raw_path,
        "rawQueryString": request.raw_query,
        "headers": payload_headers,
        "requestContext": _request_context(request, context, headers),
        "isBase64Encoded": False,
    }
    if cookies:
        payload["cookies"] = [cookie.strip() for cookie in cookies.split(";")]
        payload_headers["cookie"] = cookies
    if query:
        payload["queryStringParameters"] = query
    if request.body:
        payload["body"], payload["isBase64Encoded"] = _body(request, headers)
    return payload


def _body(request: HttpRequest, headers: dict[str, str]) -> tuple[str, bool]:
    """Returns the body as text, and whether it is base64."""
    if is_text(headers.get("content-type", "")):
        return request.body.decode("utf-8", "replace"), False
    return base64.b64encode(request.body).decode(), True


def _query(raw: str) -> dict[str, str]:
    query: dict[str, str] = {}
    for name, value in parse_qsl(raw, keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    return query


def _with_forwarding(
    headers: dict[str, str], request: HttpRequest, context: RequestContext
) -> dict[str, str]:
    return {
        **headers,
        "x-amzn-trace-id": headers.get("x-amzn-trace-id", context.trace_id),
        "x-forwarded-for": request.source_ip,
        "x-forwarded-port": str(context.port),
        "x-forwarded-proto": "http",
    }


def _request_context(
    request: HttpRequest, context: RequestContext, headers: dict[str, str]
) -> dict[str, Any]:
    return {
        "accountId": "anonymous",
        "apiId": context.api_id,
        "domainName": headers.get("host", context.host),
        "domainPrefix": context.api_id,
        "http": {
            "method": request.method,
            "path": unquote(request.raw_path),
            "protocol": "HTTP/1.1",
            "sourceIp": request.source_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": context.request_id,
        "routeKey": "$default",
        "stage": "$default",
        "time": context.time_text,
        "timeEpoch": context.time_ms,
    }


def render(result: bytes) -> HttpResponse:
    """Turns a buffered result into a response.

    Without a `statusCode` the whole result is the body of a response with status 200.
    """
    try:
        fields = json.loads(result)
    except ValueError:
        return HttpResponse(200, (("Content-Type", "application/json"),), result)
    if not isinstance(fields, dict) or "statusCode" not in fields:
        body = fields.encode() if isinstance(fields, str) else result
        return HttpResponse(200, (("Content-Type", "application/json"),), body)
    try:
        headers = [
            parse_header(name, value) for name, value in (fields.get("headers") or {}).items()
        ]
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", "application/json"))
        headers += [parse_header("Set-Cookie", cookie) for cookie in fields.get("cookies") or ()]
        return HttpResponse(parse_status(fields["statusCode"]), tuple(headers), decode_body(fields))
    except (AttributeError, ResultError):
        return BAD_GATEWAY
