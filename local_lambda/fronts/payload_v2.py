"""Builds payloads of format 2.0 and renders results, for Function URLs and for HTTP APIs.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html, and page
http-api-develop-integrations-lambda.html in
https://docs.aws.amazon.com/apigateway/latest/developerguide/
"""

import re
from typing import Any
from urllib.parse import unquote

from local_lambda.application import ACCOUNT_ID
from local_lambda.fronts.payload import (
    RequestContext,
    ResultError,
    decode_body,
    decoded_query,
    end_to_end,
    forwarded_for,
    group_headers,
    is_text,
    parse_header,
    parse_headers,
    parse_json,
    parse_status,
    text_or_base64,
    with_content_type,
)
from local_lambda.fronts.routing import RouteMatch
from local_lambda.http.messages import HttpRequest, HttpResponse, json_response

BAD_GATEWAY = HttpResponse(502, (("Content-Type", "text/plain"),), b"Internal Server Error")
HTTP_API_FAILED = json_response(500, '{"message":"Internal Server Error"}')
_BAD_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")


def build(request: HttpRequest, context: RequestContext) -> dict[str, Any]:
    """Builds a Function URL's payload. `rawPath` is as sent, and cookies are also a header."""
    headers = _headers(request, context, forwarded=request.source_ip)
    payload = _payload(request, context, headers, route_key="$default")
    payload["rawPath"] = request.raw_path
    request_context = payload["requestContext"]
    request_context["accountId"] = ACCOUNT_ID if context.authorizer else "anonymous"
    request_context["authorizer"] = dict(context.authorizer) if context.authorizer else None
    request_context["http"]["path"] = unquote(request.raw_path)
    payload["pathParameters"] = None
    payload["stageVariables"] = None
    return payload


def build_for_http_api(
    request: HttpRequest, match: RouteMatch, context: RequestContext, path: str
) -> dict[str, Any]:
    """Builds the payload of an HTTP API's route of format 2.0.

    `path` is decoded and begins with the stage, if that has a name.
    """
    headers = _headers(request, context, forwarded=forwarded_for(request))
    key = "$default" if match.route.path == "$default" else _route_key(match)
    payload = _payload(request, context, headers, route_key=key)
    headers.pop("cookie", None)
    payload["rawPath"] = path
    request_context = payload["requestContext"]
    if context.authorizer is not None:
        request_context["authorizer"] = dict(context.authorizer)
    request_context["http"]["path"] = path
    payload["pathParameters"] = match.path_parameters or None
    payload["stageVariables"] = dict(context.stage_variables) or None
    return payload


def decoded_path(raw: str) -> str | None:
    """Returns a path as HTTP APIs hand it on, or None for one that they refuse.

    Captures of 2026 show that it is decoded, cut at a question mark, and decoded once more. A `%`
    that begins no escape is refused by the second decoding.
    """
    if _BAD_ESCAPE.search(raw):
        return None
    once = unquote(raw).partition("?")[0]
    return None if _BAD_ESCAPE.search(once) else unquote(once)


def _route_key(match: RouteMatch) -> str:
    return f"{match.route.method} {match.route.path}"


def _headers(request: HttpRequest, context: RequestContext, forwarded: str) -> dict[str, str]:
    """Returns the headers with lower-case names: repeated values are joined."""
    headers: dict[str, str] = {}
    for name, values in group_headers(end_to_end(request.headers)).items():
        separator = "; " if name.lower() == "cookie" else ","
        headers[name.lower()] = separator.join(values)
    headers.setdefault("x-amzn-trace-id", context.trace_id)
    headers["x-forwarded-for"] = forwarded
    headers["x-forwarded-port"] = str(context.port)
    headers["x-forwarded-proto"] = context.scheme
    return headers


def _payload(
    request: HttpRequest, context: RequestContext, headers: dict[str, str], route_key: str
) -> dict[str, Any]:
    """Returns what both fronts have in common."""
    payload: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": "",
        "rawQueryString": request.raw_query,
        "headers": headers,
        "requestContext": _request_context(request, context, headers, route_key),
        "isBase64Encoded": False,
    }
    if cookies := headers.get("cookie"):
        payload["cookies"] = [cookie.strip() for cookie in cookies.split(";")]
    if query := decoded_query(request.raw_query):
        payload["queryStringParameters"] = {
            name: ",".join(values) for name, values in query.items()
        }
    if request.body:
        text = is_text(headers.get("content-type", ""))
        payload["body"], payload["isBase64Encoded"] = text_or_base64(request.body, as_text=text)
    return payload


def _request_context(
    request: HttpRequest, context: RequestContext, headers: dict[str, str], route_key: str
) -> dict[str, Any]:
    return {
        "accountId": ACCOUNT_ID,
        "apiId": context.api_id,
        "authentication": None,
        "domainName": headers.get("host", context.host),
        "domainPrefix": context.api_id,
        "http": {
            "method": request.method,
            "path": "",
            "protocol": "HTTP/1.1",
            "sourceIp": request.source_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": context.request_id,
        "routeKey": route_key,
        "stage": context.stage,
        "time": context.time_text,
        "timeEpoch": context.time_ms,
    }


def render(result: bytes, default_type: str = "application/json") -> HttpResponse:
    """Turns a buffered result into a response. Raises ResultError.

    Without a `statusCode` the whole result is the body of a response with status 200.
    """
    try:
        fields = parse_json(result)
    except ResultError:
        return HttpResponse(200, (("Content-Type", "application/json"),), result)
    if not isinstance(fields, dict) or "statusCode" not in fields:
        body = fields.encode("utf-8", "replace") if isinstance(fields, str) else result
        return HttpResponse(200, (("Content-Type", "application/json"),), body)
    headers = with_content_type(parse_headers(fields.get("headers")), default_type)
    cookies = fields.get("cookies") or []
    if not isinstance(cookies, list):
        raise ResultError("cookies must be a list")
    headers += [parse_header("Set-Cookie", cookie) for cookie in cookies]
    return HttpResponse(parse_status(fields["statusCode"]), tuple(headers), decode_body(fields))
