"""Builds payloads of format 1.0 and renders results, for REST APIs and for HTTP APIs.

Pages set-up-lambda-proxy-integrations.html and http-api-develop-integrations-lambda.html in
https://docs.aws.amazon.com/apigateway/latest/developerguide/
"""

from typing import Any, NamedTuple

from local_lambda.application import ACCOUNT_ID
from local_lambda.fronts.payload import (
    FORWARDED,
    RequestContext,
    ResultError,
    decode_body,
    decoded_query,
    end_to_end,
    forwarded_for,
    group_headers,
    is_text,
    merged_headers,
    parse_json,
    parse_status,
    text_or_base64,
    typed_error,
    with_content_type,
)
from local_lambda.fronts.routing import RouteMatch
from local_lambda.http.messages import Headers, HttpRequest, HttpResponse

RESULT_KEYS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})
BAD_GATEWAY = typed_error(
    502, '{"message": "Internal server error"}', "InternalServerErrorException"
)
GATEWAY_TIMEOUT = typed_error(
    504, '{"message": "Endpoint request timed out"}', "InternalServerErrorException"
)
NO_SUCH_ROUTE = typed_error(
    403, '{"message":"Missing Authentication Token"}', "MissingAuthenticationTokenException"
)
_SPELLINGS = {"host": "Host", "user-agent": "User-Agent"}
_IDENTITY = (
    "accessKey",
    "accountId",
    "caller",
    "cognitoAuthenticationProvider",
    "cognitoAuthenticationType",
    "cognitoIdentityId",
    "cognitoIdentityPoolId",
    "principalOrgId",
    "user",
    "userArn",
)


class Paths(NamedTuple):
    """The path of a request as the client encoded it: a REST API decodes none.

    `in_domain`: without the stage, but with the base path of a custom domain. `sent`: with both.
    """

    in_domain: str
    sent: str


def build(
    request: HttpRequest, match: RouteMatch, context: RequestContext, paths: Paths
) -> dict[str, Any]:
    """Builds a REST API's payload. It has no `content-length`."""
    headers = tuple(
        (_SPELLINGS.get(name.lower(), name), value)
        for name, value in request.headers
        if name.lower() != "content-length"
    )
    body: str | None = None
    encoded = False
    if request.body:
        binary = is_binary(request.header("content-type"), match.route.binary_media_types)
        body, encoded = text_or_base64(request.body, as_text=not binary)
    return {
        "resource": match.route.path,
        "path": paths.in_domain,
        "httpMethod": request.method,
        **_parameters(request, headers, context),
        "pathParameters": match.path_parameters or None,
        "stageVariables": dict(context.stage_variables) or None,
        "requestContext": _request_context(request, match, context, path=paths.sent),
        "body": body,
        "isBase64Encoded": encoded,
    }


def build_for_http_api(
    request: HttpRequest, match: RouteMatch, context: RequestContext, path: str
) -> dict[str, Any]:
    """Builds the payload of an HTTP API's route of format 1.0. `path` is decoded."""
    body: str | None = None
    encoded = False
    if request.body:
        text = is_text(request.header("content-type") or "")
        body, encoded = text_or_base64(request.body, as_text=text)
    request_context = _request_context(request, match, context, path=path)
    request_context["resourceId"] = None
    request_context.setdefault("authorizer", {"claims": None, "scopes": None})
    return {
        "version": "1.0",
        "resource": match.route.path,
        "path": path,
        "httpMethod": request.method,
        **_parameters(request, request.headers, context),
        "pathParameters": match.path_parameters or None,
        "stageVariables": dict(context.stage_variables) or None,
        "requestContext": request_context,
        "body": body,
        "isBase64Encoded": encoded,
    }


def _parameters(
    request: HttpRequest, sent: Headers, context: RequestContext
) -> dict[str, dict[str, Any] | None]:
    """Returns headers and query: the last value of each, and all of them."""
    own = [pair for pair in end_to_end(sent) if pair[0].lower() not in FORWARDED]
    headers = group_headers((*own, *_forwarding(request, context)))
    query = decoded_query(request.raw_query)
    return {
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": dict(headers),
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": dict(query) or None,
    }


def _forwarding(request: HttpRequest, context: RequestContext) -> Headers:
    return (
        ("X-Amzn-Trace-Id", context.trace_id),
        ("X-Forwarded-For", forwarded_for(request)),
        ("X-Forwarded-Port", str(context.port)),
        ("X-Forwarded-Proto", context.scheme),
    )


def _request_context(
    request: HttpRequest, match: RouteMatch, context: RequestContext, path: str
) -> dict[str, Any]:
    identity = dict.fromkeys(_IDENTITY) | dict(context.identity)
    identity["sourceIp"] = request.source_ip
    identity["userAgent"] = request.header("user-agent")
    fields = {
        "accountId": ACCOUNT_ID,
        "apiId": context.api_id,
        "domainName": request.header("host") or context.host,
        "domainPrefix": context.api_id,
        "extendedRequestId": context.request_id,
        "httpMethod": request.method,
        "identity": identity,
        "path": path,
        "protocol": "HTTP/1.1",
        "requestId": context.request_id,
        "requestTime": context.time_text,
        "requestTimeEpoch": context.time_ms,
        "resourceId": "local",
        "resourcePath": match.route.path,
        "stage": context.stage,
    }
    if context.authorizer is not None:
        fields["authorizer"] = dict(context.authorizer)
    return fields


def is_binary(content_type: str | None, binary_media_types: tuple[str, ...]) -> bool:
    media_type = (content_type or "").split(",")[0].partition(";")[0].strip().lower()
    major = media_type.partition("/")[0]
    return any(
        kind in ("*/*", media_type) or (kind.endswith("/*") and kind[:-2] == major)
        for kind in binary_media_types
    )


def render(result: bytes, accept: str | None, binary_media_types: tuple[str, ...]) -> HttpResponse:
    """Turns a buffered result into a REST API's response.

    Base64 is decoded when the client's `accept` or the content type is a binary media type of the
    API. Raises ResultError for a result that is not valid in format 1.0.
    """
    fields = _fields(result)
    headers = with_content_type(merged_headers(fields), "application/json")
    content_type = next(value for name, value in headers if name.lower() == "content-type")
    binary = any(is_binary(kind, binary_media_types) for kind in (accept, content_type))
    status = parse_status(fields.get("statusCode", 200))
    return HttpResponse(status, tuple(headers), decode_body(fields, decode_base64=binary))


def render_for_http_api(result: bytes) -> HttpResponse:
    """Turns a result of format 1.0 into an HTTP API's response. Raises ResultError."""
    fields = parse_json(result)
    if not isinstance(fields, dict) or "statusCode" not in fields:
        raise ResultError("the result is not an object with a statusCode")
    headers = with_content_type(merged_headers(fields), "text/plain; charset=utf-8")
    return HttpResponse(parse_status(fields["statusCode"]), tuple(headers), decode_body(fields))


def base64_left_as_text(result: bytes, response: HttpResponse) -> bool:
    """Returns whether a base64 body was sent undecoded: no BinaryMediaTypes cover it."""
    fields = _fields(result)
    if not fields.get("isBase64Encoded"):
        return False
    encoded = (fields.get("body") or "").encode("utf-8", "replace")
    return encoded != b"" and response.body == encoded


def _fields(result: bytes) -> dict[str, Any]:
    fields = parse_json(result)
    if not isinstance(fields, dict):
        raise ResultError("the result is not an object")
    if not fields:
        raise ResultError("the result is an empty object")
    if unknown := sorted(fields.keys() - RESULT_KEYS):
        raise ResultError(f"unknown keys in the result: {', '.join(unknown)}")
    return fields
