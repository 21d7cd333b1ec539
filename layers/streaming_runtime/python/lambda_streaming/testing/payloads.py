"""Which payload does a front hand to a function for a request?

The fields are made by the emulator's own modules (`local_lambda.fronts`), which follow captures of
live fronts: there is one truth. These modules need nothing but the standard library.
"""

from __future__ import annotations

import json
import re
import secrets
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, TypedDict, Unpack
from urllib.parse import quote, urlencode

from local_lambda.application import ACCOUNT_ID, Route
from local_lambda.fronts import claims as claims_of
from local_lambda.fronts import payload_alb, payload_v1, payload_v2
from local_lambda.fronts.payload import RequestContext
from local_lambda.fronts.routing import HttpRouteTable, RouteMatch, RouteTable
from local_lambda.http.messages import HttpRequest, is_header

Payload = dict[str, Any]
Pairs = Iterable[tuple[str, object]]

URL_HOST = "abcdefghijklmnopqrstuvwxyz123456.lambda-url.us-east-1.on.aws"
API_HOST = "abcdefghij.execute-api.us-east-1.amazonaws.com"
DOMAIN_HOST = "api.example.com"
LOAD_BALANCER_HOST = "balancer-1234567890.us-east-1.elb.amazonaws.com"
TARGET_GROUP = "targetgroup/function/0123456789abcdef"
USER_AGENT = "lambda-streaming-testing"
CLIENT_IP = "203.0.113.10"  # https://www.rfc-editor.org/rfc/rfc5737
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# The characters that may stand in a request's target as they are. A `%` begins an escape.
_PATH_SAFE = "/%:@!$&'()*+,;=-._~"
_QUERY_SAFE = _PATH_SAFE + "?"


class RequestParts(TypedDict, total=False):
    """The parts of a request that each maker takes, all of them optional.

    `query` is a mapping (a list as a value repeats the name), a list of pairs, or text as the
    client sends it. `headers` likewise. `cookies` are a mapping, or a list of `name=value`.
    The body is one of `body` (text or bytes), `json` (any value that JSON has) and `form` (like
    `query`). `source_ip` is the client's address, `host` the name that it asked for.
    """

    query: Mapping[str, object] | Pairs | str
    headers: Mapping[str, object] | Pairs
    cookies: Mapping[str, object] | Iterable[str]
    body: str | bytes
    json: object
    form: Mapping[str, object] | Pairs
    source_ip: str
    host: str


def function_url(
    method: str = "GET",
    path: str = "/",
    *,
    claims: Mapping[str, Any] | None = None,
    authorizer: Mapping[str, Any] | None = None,
    **parts: Unpack[RequestParts],
) -> Payload:
    """Returns the payload of a Function URL (format 2.0).

    `claims` are what is known of a caller of a URL with `AuthType: AWS_IAM`, such as `userArn`.
    `authorizer` stands in `requestContext.authorizer` as it is.
    Raises ValueError and TypeError for a request that no client can send.
    """
    host = parts.get("host", URL_HOST)
    request = request_of(method, path, {**parts, "host": host})
    context = _context(
        host,
        api_id=host.partition(".")[0],
        authorizer=_authorizer(claims, authorizer, lambda given: {"iam": claims_of.as_iam(given)}),
    )
    return payload_v2.build(request, context)


def rest_api(
    method: str = "GET",
    path: str = "/",
    *,
    stage: str = "prod",
    base_path: str = "",
    route: str | None = None,
    stage_variables: Mapping[str, str] | None = None,
    binary_media_types: Iterable[str] = (),
    claims: Mapping[str, Any] | None = None,
    authorizer: Mapping[str, Any] | None = None,
    **parts: Unpack[RequestParts],
) -> Payload:
    """Returns the payload of a REST API (format 1.0).

    `path` is without stage and base path. With a `base_path` the request came through a custom
    domain that has this base path; then no stage stands in its path. `route` is the resource, such
    as `/items/{id}`: by default `/{proxy+}`. `claims` are those of a Cognito user pool,
    `authorizer` is what a Lambda authorizer has left in the request context.
    Raises ValueError and TypeError for a request that no client can send.
    """
    base_path = _prefix("base_path", base_path)
    host = parts.get("host", DOMAIN_HOST if base_path else API_HOST)
    request = request_of(method, path, {**parts, "host": host})
    match = _rest_match(request, route, tuple(binary_media_types))
    context = _context(
        host,
        api_id=API_HOST.partition(".")[0],
        stage=stage,
        stage_variables=stage_variables,
        authorizer=_authorizer(claims, authorizer, claims_of.as_cognito),
    )
    in_domain = base_path + request.raw_path
    is_in_path = not base_path and ".execute-api." in host
    sent = f"/{stage}{in_domain}" if is_in_path else in_domain
    payload = payload_v1.build(request, match, context, payload_v1.Paths(in_domain, sent))
    return _with_domain_prefix(payload, host)


def http_api(
    method: str = "GET",
    path: str = "/",
    *,
    payload_format: str = "2.0",
    stage: str = "$default",
    base_path: str = "",
    route: str = "$default",
    stage_variables: Mapping[str, str] | None = None,
    claims: Mapping[str, Any] | None = None,
    authorizer: Mapping[str, Any] | None = None,
    **parts: Unpack[RequestParts],
) -> Payload:
    """Returns the payload of an HTTP API, of format 2.0 or 1.0.

    `path` is without stage and base path. A stage that has a name stands before it in the payload.
    `base_path` is that of an API mapping of a custom domain: format 1.0 has it in `path`, and
    format 2.0 nowhere. `route` is a path such as `/items/{id}`. `claims` are those of a JWT,
    `authorizer` stands in `requestContext.authorizer` as it is.
    Raises ValueError and TypeError for a request that no client can send.
    Page http-api-develop-integrations-lambda.html in
    https://docs.aws.amazon.com/apigateway/latest/developerguide/
    """
    if payload_format not in ("1.0", "2.0"):
        raise ValueError(f'payload_format is "1.0" or "2.0", not {payload_format!r}')
    is_v1 = payload_format == "1.0"
    base_path = _prefix("base_path", base_path)
    host = parts.get("host", DOMAIN_HOST if base_path else API_HOST)
    request = request_of(method, path, {**parts, "host": host})
    decoded = payload_v2.decoded_path(request.raw_path)
    if decoded is None:
        raise ValueError(f"an HTTP API refuses {path!r}: a % in it begins no escape")

    def of_jwt(given: Mapping[str, Any]) -> dict[str, Any]:
        jwt = claims_of.as_jwt(given)
        return jwt if is_v1 else {"jwt": jwt}

    context = _context(
        host,
        api_id=API_HOST.partition(".")[0],
        stage=stage,
        stage_variables=stage_variables,
        authorizer=_authorizer(claims, authorizer, of_jwt),
    )
    match = _http_match(method, decoded, route)
    in_stage = decoded if stage == "$default" else f"/{stage}{decoded}"
    if is_v1:
        full_path = base_path + decoded if base_path else in_stage
        payload = payload_v1.build_for_http_api(request, match, context, full_path)
    else:
        payload = payload_v2.build_for_http_api(request, match, context, in_stage)
    return _with_domain_prefix(payload, host)


def load_balancer(
    method: str = "GET",
    path: str = "/",
    *,
    multi_value: bool = False,
    **parts: Unpack[RequestParts],
) -> Payload:
    """Returns the payload of an application load balancer.

    `multi_value`: the target group has multi-value headers enabled.
    Raises ValueError and TypeError for a request that no client can send.
    """
    host = parts.get("host", LOAD_BALANCER_HOST)
    request = request_of(method, path, {**parts, "host": host})
    arn = f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT_ID}:{TARGET_GROUP}"
    return payload_alb.build(request, _context(host, api_id=""), arn, multi_value)


# --- the request


def request_of(method: str, path: str, parts: RequestParts) -> HttpRequest:
    """Returns a request as the client sends it; `parts` has the host.

    Raises ValueError and TypeError for one that no client can send.
    """
    if unknown := sorted(parts.keys() - RequestParts.__annotations__.keys()):
        raise TypeError(f"a request has no {', '.join(unknown)}")
    if not _TOKEN.fullmatch(method):
        raise ValueError(f"method {method!r} is none that HTTP knows")
    if not path.startswith("/"):
        raise ValueError(f"path must begin with a slash, not be {path!r}")
    query = _query(parts.get("query", ""))
    path, mark, in_path = path.partition("?")
    if mark and query:
        raise ValueError("a query stands in path and in query: put it in one place")
    query = query or quote(in_path, safe=_QUERY_SAFE)
    target = quote(path, safe=_PATH_SAFE) + (f"?{query}" if query else "")
    body, content_type = _body(parts)
    return HttpRequest(
        method=method,
        target=target,
        headers=_headers(parts, body, content_type),
        body=body,
        source_ip=parts.get("source_ip", CLIENT_IP),
    )


def _query(query: Mapping[str, object] | Pairs | str) -> str:
    if isinstance(query, str):
        return quote(query.removeprefix("?"), safe=_QUERY_SAFE)
    return urlencode(_pairs("query", query))


def _pairs(name: str, given: Mapping[str, object] | Pairs) -> list[tuple[str, str]]:
    """Returns pairs of text. A list as a value of a mapping repeats its name."""
    if isinstance(given, Mapping):
        given = [
            (key, each)
            for key, value in given.items()
            for each in (value if isinstance(value, (list, tuple)) else [value])
        ]
    try:
        return [(str(key), _text(value)) for key, value in given]
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} is a mapping or a list of pairs: {error}") from error


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _body(parts: RequestParts) -> tuple[bytes, str]:
    """Returns the body, and its type unless the headers must say that."""
    given = [name for name in ("body", "json", "form") if name in parts]
    if len(given) > 1:
        raise ValueError(f"a request has one body, and there are {' and '.join(given)}")
    if "json" in parts:
        return json.dumps(parts["json"]).encode(), "application/json"
    if "form" in parts:
        form = urlencode(_pairs("form", parts["form"]))
        return form.encode(), "application/x-www-form-urlencoded"
    body = parts.get("body", b"")
    if isinstance(body, str):
        return body.encode(), "text/plain;charset=UTF-8" if body else ""
    if not isinstance(body, (bytes, bytearray)):
        raise TypeError(f"body is text or bytes, not {type(body).__name__}: use json or form")
    return bytes(body), ""


def _headers(parts: RequestParts, body: bytes, content_type: str) -> tuple[tuple[str, str], ...]:
    given = _pairs("headers", parts.get("headers", {}))
    defaults = [
        ("Host", parts["host"]),
        ("User-Agent", "lambda-streaming-testing"),
        ("Accept", "*/*"),
    ]
    if cookies := _cookies(parts.get("cookies", ())):
        defaults.append(("Cookie", cookies))
    if content_type:
        defaults.append(("Content-Type", content_type))
    if body:
        defaults.append(("Content-Length", str(len(body))))
    names = {name.lower() for name, _ in given}
    if cookies and "cookie" in names:
        raise ValueError("cookies stand in headers and in cookies: put them in one place")
    headers = [pair for pair in defaults if pair[0].lower() not in names] + given
    for name, value in headers:
        if not is_header(name, value):
            raise ValueError(f"header {name!r}: HTTP cannot carry this name or value: {value!r}")
    return tuple(headers)


def _cookies(cookies: Mapping[str, object] | Iterable[str]) -> str:
    if isinstance(cookies, str):
        return cookies
    if isinstance(cookies, Mapping):
        return "; ".join(f"{name}={value}" for name, value in cookies.items())
    return "; ".join(cookies)


# --- what the fronts add


def _context(
    host: str,
    *,
    api_id: str,
    stage: str = "$default",
    stage_variables: Mapping[str, str] | None = None,
    authorizer: Mapping[str, Any] | None = None,
) -> RequestContext:
    now_s = time.time()
    return RequestContext(
        api_id=api_id,
        host=host,
        port=443,
        request_id=str(uuid.uuid4()),
        trace_id=f"Root=1-{int(now_s):08x}-{secrets.token_hex(12)}",
        time_ms=int(now_s * 1000),
        stage=stage,
        stage_variables=stage_variables or {},
        authorizer=authorizer,
        scheme="https",
    )


def _authorizer(
    claims: Mapping[str, Any] | None, authorizer: Mapping[str, Any] | None, shape: Any
) -> Mapping[str, Any] | None:
    if claims is not None and authorizer is not None:
        raise ValueError("claims and authorizer both fill requestContext.authorizer: give one")
    if claims is None:
        return authorizer
    shaped: Mapping[str, Any] = shape(claims)
    return shaped


def _prefix(name: str, value: str) -> str:
    """Returns `/value`, however its slashes were written, or an empty text."""
    value = value.strip("/")
    if "?" in value:
        raise ValueError(f"{name} is a path, not {value!r}")
    return f"/{value}" if value else ""


def _rest_match(
    request: HttpRequest, route: str | None, binary_media_types: tuple[str, ...]
) -> RouteMatch:
    if route is None:
        route = "/{proxy+}" if request.raw_path.strip("/") else "/"
    entry = Route("ANY", route, function="", binary_media_types=binary_media_types)
    match = RouteTable([entry]).match(request.method, request.raw_path)
    if match is None:
        raise ValueError(f"route {route} does not match the path {request.raw_path}")
    return match


def _http_match(method: str, path: str, route: str) -> RouteMatch:
    """`route` may begin with its method, as in a route key."""
    key_method, _, key_path = route.rpartition(" ")
    entry = Route(key_method or "ANY", key_path, function="")
    match = HttpRouteTable([entry]).match(method, path)
    if match is None:
        raise ValueError(f"route {route} does not match {method} {path}")
    return match


def _with_domain_prefix(payload: Payload, host: str) -> Payload:
    """A custom domain has another prefix than the API's id."""
    payload["requestContext"]["domainPrefix"] = host.partition(".")[0]
    return payload
