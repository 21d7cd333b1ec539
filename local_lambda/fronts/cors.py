"""CORS as a Function URL with `Cors` in its configuration does it: the front answers, the function is not asked.

https://docs.aws.amazon.com/lambda/latest/api/API_Cors.html
"""

from local_lambda.application import Cors
from local_lambda.http.messages import Headers, HttpRequest, HttpResponse


def preflight(cors: Cors, request: HttpRequest) -> HttpResponse | None:
    """The answer to a preflight request; None when the request is none."""
    asked_method = request.header("access-control-request-method")
    if request.method != "OPTIONS" or not asked_method or request.header("origin") is None:
        return None
    headers = list(response_headers(cors, request))
    if headers:
        headers += [("Access-Control-Allow-Methods", ",".join(cors.allow_methods or ("*",)))]
        if cors.allow_headers:
            headers.append(("Access-Control-Allow-Headers", ",".join(cors.allow_headers)))
        if cors.max_age_s is not None:
            headers.append(("Access-Control-Max-Age", str(cors.max_age_s)))
    return HttpResponse(200, tuple(headers))


def response_headers(cors: Cors, request: HttpRequest) -> Headers:
    """What the front adds to an answer; nothing for an origin that is not allowed."""
    origin = request.header("origin")
    if origin is None or not _allowed(cors.allow_origins, origin):
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


def _allowed(origins: tuple[str, ...], origin: str) -> bool:
    return any(
        pattern in ("*", origin) or ("://*." in pattern and _matches_wildcard(pattern, origin))
        for pattern in origins
    )


def _matches_wildcard(pattern: str, origin: str) -> bool:
    scheme, _, domain = pattern.partition("://*")
    return origin.startswith(f"{scheme}://") and origin.endswith(domain)
