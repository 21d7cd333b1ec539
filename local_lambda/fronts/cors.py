"""Applies CORS for a Function URL that has `Cors` in its configuration.

The front responds to preflight requests itself and does not invoke the function for them.
https://docs.aws.amazon.com/lambda/latest/api/API_Cors.html
"""

from local_lambda.application import Cors
from local_lambda.http.messages import Headers, HttpRequest, HttpResponse


def preflight(cors: Cors, request: HttpRequest) -> HttpResponse | None:
    """Returns the response to a preflight request, or None for any other request."""
    requested_method = request.header("access-control-request-method")
    if request.method != "OPTIONS" or not requested_method or request.header("origin") is None:
        return None
    headers = list(response_headers(cors, request))
    if headers:
        headers.append(("Access-Control-Allow-Methods", ",".join(cors.allow_methods or ("*",))))
        if cors.allow_headers:
            headers.append(("Access-Control-Allow-Headers", ",".join(cors.allow_headers)))
        if cors.max_age_s is not None:
            headers.append(("Access-Control-Max-Age", str(cors.max_age_s)))
    return HttpResponse(200, tuple(headers))


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
        pattern in ("*", origin) or ("://*." in pattern and _matches_wildcard(pattern, origin))
        for pattern in patterns
    )


def _matches_wildcard(pattern: str, origin: str) -> bool:
    scheme, _, domain = pattern.partition("://*")
    return origin.startswith(f"{scheme}://") and origin.endswith(domain)
