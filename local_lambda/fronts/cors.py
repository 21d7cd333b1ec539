"""Applies the CORS rules of Function URLs and HTTP APIs.

They respond to preflight requests themselves and do not invoke the function for them. A REST API
has no such rules: SAM makes a fixed `OPTIONS` response of its `Cors`.
https://docs.aws.amazon.com/lambda/latest/api/API_Cors.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

from local_lambda.application import Cors
from local_lambda.http.messages import Headers, HttpRequest, HttpResponse

_PREFIX = "access-control-"


def preflight(cors: Cors, request: HttpRequest) -> HttpResponse | None:
    """Returns a Function URL's response to a preflight request, or None for any other request."""
    if not _is_preflight(request):
        return None
    return HttpResponse(
        200, _preflight_headers(cors, request, methods=cors.allow_methods or ("*",))
    )


def preflight_of_http_api(cors: Cors, request: HttpRequest) -> HttpResponse | None:
    """Returns an HTTP API's response to a preflight request, or None for any other request."""
    if not _is_preflight(request):
        return None
    return HttpResponse(204, _preflight_headers(cors, request, methods=cors.allow_methods))


def without_cors(headers: Headers) -> Headers:
    """Returns the headers without those of CORS."""
    return tuple(pair for pair in headers if not pair[0].lower().startswith(_PREFIX))


def repeated(headers: Headers, extra: Headers) -> list[str]:
    """Returns the names of the CORS headers that both the function and its URL send."""
    own = {name.lower() for name, _ in headers}
    names = [name for name, _ in extra if name.lower().startswith(_PREFIX)]
    return [name for name in names if name.lower() in own]


def _is_preflight(request: HttpRequest) -> bool:
    requested_method = request.header("access-control-request-method")
    has_origin = request.header("origin") is not None
    return request.method == "OPTIONS" and bool(requested_method) and has_origin


def _preflight_headers(cors: Cors, request: HttpRequest, methods: tuple[str, ...]) -> Headers:
    headers = list(response_headers(cors, request))
    if headers:
        if methods:
            headers.append(("Access-Control-Allow-Methods", ",".join(methods)))
        if cors.allow_headers:
            headers.append(("Access-Control-Allow-Headers", ",".join(cors.allow_headers)))
        if cors.max_age_s is not None:
            headers.append(("Access-Control-Max-Age", str(cors.max_age_s)))
    return tuple(headers)


def response_headers(cors: Cors, request: HttpRequest) -> Headers:
    """Returns the headers that the front adds: none for an origin that is not allowed."""
    origin = request.header("origin")
    if origin is None or not _is_allowed(cors.allow_origins, origin):
        return ()
    wildcard = "*" in cors.allow_origins and not cors.allow_credentials
    headers = [("Access-Control-Allow-Origin", "*" if wildcard else origin)]
    if not wildcard:
        headers.append(("Vary", "Origin"))
    if cors.allow_credentials:
        headers.append(("Access-Control-Allow-Credentials", "true"))
    if cors.expose_headers and request.method != "OPTIONS":
        headers.append(("Access-Control-Expose-Headers", ",".join(cors.expose_headers)))
    return tuple(headers)


def _is_allowed(patterns: tuple[str, ...], origin: str) -> bool:
    return any(
        pattern in ("*", origin) or ("://*" in pattern and _matches_wildcard(pattern, origin))
        for pattern in patterns
    )


def _matches_wildcard(pattern: str, origin: str) -> bool:
    scheme, _, domain = pattern.partition("://*")
    return origin.startswith(f"{scheme}://") and origin.endswith(domain)
