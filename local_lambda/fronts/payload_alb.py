"""Builds payloads and renders results as an application load balancer does.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

from http import HTTPStatus
from typing import Any

from local_lambda.fronts.payload import (
    FORWARDED,
    RequestContext,
    ResultError,
    decode_body,
    end_to_end,
    forwarded_for,
    group_headers,
    is_text,
    parse_headers,
    parse_json,
    parse_multi_headers,
    text_or_base64,
    with_content_type,
)
from local_lambda.http.messages import HttpRequest, HttpResponse

LIMIT_BYTES = 1024 * 1024  # for a request's body, and for a result


def error_page(status: int) -> HttpResponse:
    """Returns the page of one error."""
    title = f"{status} {HTTPStatus(status).phrase}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
    headers = (("Server", "awselb/2.0"), ("Content-Type", "text/html"))
    return HttpResponse(status, headers, page.encode())


def build(
    request: HttpRequest, context: RequestContext, target_group_arn: str, multi_value: bool
) -> dict[str, Any]:
    """Builds a payload. Names and values of the query are as sent.

    With `multi_value` headers and query are lists; else the last value of each counts.
    """
    headers = _headers(request, context)
    query = raw_query(request.raw_query)
    payload: dict[str, Any] = {
        "requestContext": {"elb": {"targetGroupArn": target_group_arn}},
        "httpMethod": request.method,
        "path": request.raw_path,
    }
    if multi_value:
        payload["multiValueQueryStringParameters"] = query
        payload["multiValueHeaders"] = headers
    else:
        payload["queryStringParameters"] = {name: values[-1] for name, values in query.items()}
        payload["headers"] = {name: values[-1] for name, values in headers.items()}
    payload["body"] = ""
    payload["isBase64Encoded"] = False
    if request.body:
        text = is_text(request.header("content-type") or "")
        plain = text and request.header("content-encoding") is None
        payload["body"], payload["isBase64Encoded"] = text_or_base64(request.body, as_text=plain)
    return payload


def raw_query(raw: str) -> dict[str, list[str]]:
    """Returns all values of each parameter, neither decoded."""
    query: dict[str, list[str]] = {}
    for part in raw.split("&"):
        name, _, value = part.partition("=")
        if part:
            query.setdefault(name, []).append(value)
    return query


def _headers(request: HttpRequest, context: RequestContext) -> dict[str, list[str]]:
    own = [
        (name.lower(), value)
        for name, value in end_to_end(request.headers)
        if name.lower() not in FORWARDED
    ]
    return group_headers(
        (
            *own,
            ("x-amzn-trace-id", context.trace_id),
            ("x-forwarded-for", forwarded_for(request)),
            ("x-forwarded-port", str(context.port)),
            ("x-forwarded-proto", context.scheme),
        )
    )


def render(result: bytes, multi_value: bool) -> HttpResponse:
    """Turns a result into a response. Raises ResultError.

    Only `multiValueHeaders` count with `multi_value`, and only `headers` without.
    """
    if len(result) > LIMIT_BYTES:
        raise ResultError("the result is larger than 1 MB")
    fields = parse_json(result)
    if not isinstance(fields, dict):
        raise ResultError("the result is not an object")
    status = fields.get("statusCode")
    if not isinstance(status, int) or isinstance(status, bool) or not 200 <= status <= 599:
        raise ResultError(f"statusCode is {status!r}, not an integer from 200 to 599")
    if multi_value:
        headers = parse_multi_headers(fields.get("multiValueHeaders"))
    else:
        headers = parse_headers(fields.get("headers"))
    headers = list(end_to_end(tuple(headers)))
    description = fields.get("statusDescription")
    reason = description.partition(" ")[2] if isinstance(description, str) else ""
    return HttpResponse(
        status=status,
        headers=tuple(with_content_type(headers, "application/octet-stream")),
        body=decode_body(fields),
        reason="".join(filter(str.isprintable, reason)),
    )
