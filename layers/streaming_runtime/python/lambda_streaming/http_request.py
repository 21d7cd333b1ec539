"""What did the client ask for? Reads the payload of each HTTP front as one kind of request.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html (Function URLs), pages
http-api-develop-integrations-lambda.html and set-up-lambda-proxy-integrations.html in
https://docs.aws.amazon.com/apigateway/latest/developerguide/ (APIs),
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html and
https://docs.aws.amazon.com/vpc-lattice/latest/ug/lambda-functions.html.

Theory of operation. Each front tells method, path, query, headers and body in a form of its own,
and most of them lose something: see docs/asgi-wsgi.md. One function for each format reads what is
peculiar to it (`_format_2_0`, `_format_1_0`, `_load_balancer`, `_lattice`); the rest is common.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from streaming_runtime.plan import is_of_http_api

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    Address = tuple[str, int]
    HeaderPairs = list[tuple[bytes, bytes]]
    Fields = Mapping[str, Any]

# The forms of a result that fronts want (`HttpRequest.result_format`).
FORMAT_1_0 = "1.0"
FORMAT_2_0 = "2.0"
SINGLE_VALUES = "single values"  # a load balancer without multi-value headers, VPC Lattice
MULTI_VALUES = "multi values"  # a load balancer with multi-value headers

HTTP_API = "an HTTP API"
LOAD_BALANCER = "a load balancer"
LATTICE = "VPC Lattice"

HTTP_PORT = 80
HTTPS_PORT = 443
DEFAULT_PORTS = {"http": HTTP_PORT, "https": HTTPS_PORT}
HTTP_VERSIONS = {"HTTP/1.0": "1.0", "HTTP/1.1": "1.1", "HTTP/2.0": "2", "HTTP/2": "2"}
UNKNOWN_PORT = 0
LONGEST_PORT = 5  # digits
# A path's own characters, and those of a query, need no encoding.
# https://www.rfc-editor.org/rfc/rfc3986#section-3.3
_PATH_CHARACTERS = "/:@!$&'()*+,;=~-._"
# In something that is encoded already, only what no URL can hold is encoded.
_ENCODED_CHARACTERS = "".join(map(chr, range(0x21, 0x7F)))
_PARAMETER = re.compile(r"\{([^{}+]+)(\+?)\}")
_ADDRESS_WITH_PORT = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<v4>[0-9.]+)):(?P<port>[0-9]{1,5})")


class NotAnHttpRequest(TypeError):
    """The payload is no HTTP request of a front that is known. The message says what it is."""


class HttpRequest:
    """One HTTP request, whatever front it came through.

    `method`: in upper case. `scheme`: "http" or "https".
    `path`: percent-decoded, as UTF-8, with `root_path` before it; bytes that are no UTF-8 became
    U+FFFD, as servers do it. `raw_path`: the same, encoded. `root_path`: the stage or the base
    path below which the application stands, without a slash at its end; "" if there is none.
    `query`: encoded, without the question mark.
    `headers`: pairs of a lower-case name and a value; all cookies in one `cookie` header.
    `client`: (host, port), the port 0 where the front does not tell it; None for no client.
    `server`: (host, port) as the client knows them. `http_version`: "1.0", "1.1" or "2".
    `result_format`: the form of a result that the front wants, one of the constants above.
    `buffering_front`: the front's name, such as "a load balancer", if it is known not to stream.
    `payload`: that which Lambda handed over.
    """

    __slots__ = (
        "body",
        "buffering_front",
        "client",
        "headers",
        "http_version",
        "method",
        "path",
        "payload",
        "query",
        "raw_path",
        "result_format",
        "root_path",
        "scheme",
        "server",
    )

    def __init__(
        self,
        *,
        method: str,
        scheme: str,
        path: str,
        raw_path: bytes,
        root_path: str,
        query: bytes,
        headers: HeaderPairs,
        body: bytes,
        client: Address | None,
        server: Address,
        http_version: str,
        result_format: str,
        buffering_front: str,
        payload: dict[str, Any],
    ) -> None:
        self.method = method
        self.scheme = scheme
        self.path = path
        self.raw_path = raw_path
        self.root_path = root_path
        self.query = query
        self.headers = headers
        self.body = body
        self.client = client
        self.server = server
        self.http_version = http_version
        self.result_format = result_format
        self.buffering_front = buffering_front
        self.payload = payload

    def header(self, name: bytes) -> bytes | None:
        """Returns the first value of a header; None if it is absent. `name` is in lower case."""
        for each, value in self.headers:
            if each == name:
                return value
        return None

    def __repr__(self) -> str:
        target = self.raw_path.decode("latin-1")
        return f"<HttpRequest {self.method} {target} ({self.result_format})>"


class _Facts:
    """Holds the facts that each payload format tells in a way of its own. Paths are encoded.

    `root`: the beginning of `path` that is no part of the application's own paths.
    """

    def __init__(
        self,
        *,
        method: Any,
        path: str,
        root: str,
        query: str,
        headers: list[tuple[str, Any]],
        client: Address | None,
        protocol: Any,
        result_format: str,
        buffering_front: str = "",
    ) -> None:
        self.method = method
        self.path = path
        self.root = root
        self.query = query
        self.headers = headers
        self.client = client
        self.protocol = protocol
        self.result_format = result_format
        self.buffering_front = buffering_front


def read_request(payload: Any, *, base_path: str = "") -> HttpRequest:
    """Reads the payload of a Function URL, a REST or HTTP API, a load balancer or VPC Lattice.

    `base_path`: the path below which clients find the application, where no payload tells it: the
    path of a CloudFront behavior, or the API mapping of an HTTP API's custom domain. Where the
    path (below a stage) begins with it, it is the end of `root_path`. Elsewhere it replaces
    `root_path`. "/" says that there is none, whatever the payload tells.

    A REST API, a Function URL and a load balancer tell the path as it was sent. An HTTP API decodes
    it, so `raw_path` is encoded anew, and `%2F` in it has become a slash.

    Raises NotAnHttpRequest for any other payload.
    """
    if not isinstance(payload, dict):
        message = f"this payload is a {type(payload).__name__} and no HTTP request"
        raise NotAnHttpRequest(message)
    facts = _facts(payload)
    body = _body(payload)
    headers = _headers(facts.headers, body)
    scheme = _scheme(_first(headers, b"x-forwarded-proto"))
    root, raw_path = _placed(facts.path, facts.root, base_path)
    path = unquote(raw_path)
    root_path = unquote(root)
    if path == root_path:  # the application's own root
        path = f"{root_path}/"
    return HttpRequest(
        method=str(facts.method or "GET").upper(),
        scheme=scheme,
        path=path,
        raw_path=raw_path.encode("ascii"),
        root_path=root_path,
        query=facts.query.encode("ascii"),
        headers=headers,
        body=body,
        client=facts.client,
        server=_server(payload, headers, scheme),
        http_version=HTTP_VERSIONS.get(str(facts.protocol).upper(), "1.1"),
        result_format=facts.result_format,
        buffering_front=facts.buffering_front,
        payload=payload,
    )


def _facts(payload: Fields) -> _Facts:
    """Raises NotAnHttpRequest."""
    context = payload.get("requestContext")
    if not isinstance(context, dict):
        context = {}
    if isinstance(context.get("http"), dict):
        return _format_2_0(payload, context)
    if "methodArn" in payload:
        raise NotAnHttpRequest("this payload asks an API's authorizer and is no HTTP request")
    if "elb" in context:
        return _load_balancer(payload)
    if "connectionId" in context:
        message = (
            "this payload comes from a WebSocket API and is no HTTP request: its routes need a "
            "handler of their own"
        )
        raise NotAnHttpRequest(message)
    if "httpMethod" in payload:
        return _format_1_0(payload, context)
    if "method" in payload and ("raw_path" in payload or "path" in payload):
        return _lattice(payload)
    known = ", ".join(sorted(map(str, payload))[:8]) or "no fields"
    message = (
        f"this payload ({known}) is no HTTP request: Function URLs, REST and HTTP APIs, load "
        "balancers and VPC Lattice send those"
    )
    raise NotAnHttpRequest(message)


def _format_2_0(payload: Fields, context: Fields) -> _Facts:
    http = context["http"]
    raw = str(payload.get("rawPath") or http.get("path") or "/")
    stage = str(context.get("stage") or "$default")
    route = payload.get("routeKey") or "$default"
    is_http_api = is_of_http_api({"routeKey": route, **context})
    path = _encoded(raw)
    root = ""
    if is_http_api:  # it has decoded the path, twice
        path = quote(raw, safe=_PATH_CHARACTERS, errors="replace")
    if stage != "$default":
        root = _beginning(path, f"/{quote(stage, errors='replace')}")
        if root and _has_custom_domain(context):
            # The payload has the stage all the same, and clients have not. It has no API mapping.
            # https://github.com/CodeGenieApp/serverless-express/issues/465
            path = path.removeprefix(root) or "/"
            root = ""
    query = payload.get("rawQueryString")
    if query is None:
        query = _encoded_query(payload.get("queryStringParameters"))
    headers = [*_pairs(payload.get("headers"))]
    cookies = payload.get("cookies")
    if isinstance(cookies, list) and not any(name.lower() == "cookie" for name, _ in headers):
        headers += [("cookie", each) for each in cookies]
    return _Facts(
        method=http.get("method"),
        path=path,
        root=root,
        query=_encoded(str(query)),
        headers=headers,
        client=_address(http.get("sourceIp")),
        protocol=http.get("protocol"),
        result_format=FORMAT_2_0,
        buffering_front=HTTP_API if is_http_api else "",
    )


def _format_1_0(payload: Fields, context: Fields) -> _Facts:
    path, root = _paths_1_0(payload, context)
    is_http_api = payload.get("version") == "1.0"
    if is_http_api:  # it has decoded the path, twice
        path = quote(path, safe=_PATH_CHARACTERS, errors="replace")
        root = quote(root, safe=_PATH_CHARACTERS, errors="replace")
    identity = context.get("identity")
    if not isinstance(identity, dict):
        identity = {}
    query = payload.get("multiValueQueryStringParameters") or payload.get("queryStringParameters")
    return _Facts(
        method=payload.get("httpMethod"),
        path=_encoded(path),
        root=_encoded(root),
        query=_encoded_query(query),
        headers=[*_merged(payload)],
        client=_address(identity.get("sourceIp")),
        protocol=context.get("protocol"),
        result_format=FORMAT_1_0,
        buffering_front=HTTP_API if is_http_api else "",
    )


def _load_balancer(payload: Fields) -> _Facts:
    """A load balancer hands path and query on as they were sent, and has no stages."""
    has_lists = payload.get("multiValueHeaders") is not None
    query = payload.get("multiValueQueryStringParameters") or payload.get("queryStringParameters")
    headers = [*_merged(payload)]
    return _Facts(
        method=payload.get("httpMethod"),
        path=_encoded(str(payload.get("path") or "/")),
        root="",
        query=_joined_query(query),
        headers=headers,
        client=_forwarded(headers),
        protocol=None,
        result_format=MULTI_VALUES if has_lists else SINGLE_VALUES,
        buffering_front=LOAD_BALANCER,
    )


def _lattice(payload: Fields) -> _Facts:
    """Reads VPC Lattice's version 1.0 (`raw_path`) or 2.0 (`path`): both have the query in it."""
    target = str(payload.get("raw_path") or payload.get("path") or "/")
    path, _, query = target.partition("?")
    headers = [*_pairs(payload.get("headers"))]
    return _Facts(
        method=payload["method"],
        path=_encoded(path),
        root="",
        query=_encoded(query),
        headers=headers,
        client=_forwarded(headers),
        protocol=None,
        result_format=SINGLE_VALUES,
        buffering_front=LATTICE,
    )


def _paths_1_0(payload: Fields, context: Fields) -> tuple[str, str]:
    """Returns the path that the client sent, and the stage or base path that it begins with.

    `requestContext.path` has both, and `path` has no stage, but a base path. That which API Gateway
    has matched (`resource`, `pathParameters`) has neither.
    """
    path = str(payload.get("path") or "/")
    sent = str(context.get("path") or path)
    if sent == payload.get("resource"):  # `sam local` writes the resource there
        sent = path
    routed = _routed_path(payload)
    if routed is not None:
        bare = sent.rstrip("/")
        if bare.endswith(routed.rstrip("/")):
            return sent, bare[: len(bare) - len(routed.rstrip("/"))].rstrip("/")
    if sent != path and sent.endswith(path):
        return sent, sent[: -len(path)].rstrip("/")
    if sent != path and path == "/" and sent.count("/") == 1:
        return sent, sent
    is_http_api = payload.get("version") == "1.0"
    stage = str(context.get("stage") or "$default")
    if is_http_api and not _has_custom_domain(context):
        return path, _beginning(path, f"/{stage}")
    return path, ""


def _routed_path(payload: Fields) -> str | None:
    """Returns the path that API Gateway has matched with a route; None if it does not tell."""
    resource = payload.get("resource")
    parameters = payload.get("pathParameters")
    if not isinstance(parameters, dict):
        parameters = {}
    if not isinstance(resource, str) or not resource.startswith("/"):
        return None
    for name, _ in _PARAMETER.findall(resource):
        if not isinstance(parameters.get(name), str):
            return None
    return _PARAMETER.sub(lambda found: str(parameters[found[1]]), resource)


def _has_custom_domain(context: Fields) -> bool:
    if ".execute-api." in str(context.get("domainName")):
        return False
    prefix = context.get("domainPrefix")
    return prefix is not None and prefix != context.get("apiId")


def _placed(path: str, root: str, base_path: str) -> tuple[str, str]:
    """Returns the root path and the whole path, both encoded, for a `base_path`."""
    if not path.startswith("/"):
        path = f"/{path}"
    if not base_path:
        return root, path
    base = "/" + quote(unquote(base_path.strip("/")), safe=_PATH_CHARACTERS)
    if base == "/":
        return "", path.removeprefix(root) or "/"
    if root.endswith(base):
        return root, path
    below = path.removeprefix(root)
    if _beginning(below, base):
        return root + base, path
    return base, base + below


def _beginning(path: str, prefix: str) -> str:
    """Returns `prefix` if whole segments of `path` begin with it, else "" ."""
    if path == prefix or path.startswith(f"{prefix}/"):
        return prefix
    return ""


def _encoded(text: str) -> str:
    """Returns the path or the query of a URL with nothing in it that no URL can hold."""
    if text.isascii() and text.isprintable() and " " not in text:
        return text
    return quote(text, safe=_ENCODED_CHARACTERS, errors="replace")


def _encoded_query(parameters: Any) -> str:
    """Returns a query that reads as `parameters` do, which are decoded. Their order is kept."""
    return "&".join(
        f"{quote(name, safe='', errors='replace')}={quote(value, safe='', errors='replace')}"
        for name, value in _parameters(parameters)
    )


def _joined_query(parameters: Any) -> str:
    """Returns the query of `parameters` that are encoded. It cannot tell `a` from `a=`."""
    return _encoded("&".join(f"{name}={value}" for name, value in _parameters(parameters)))


def _parameters(parameters: Any) -> Iterator[tuple[str, str]]:
    for name, value in _pairs(parameters, keep_none=True):
        yield name, "" if value is None else str(value)


def _pairs(fields: Any, *, keep_none: bool = False) -> Iterator[tuple[str, Any]]:
    """Yields each name with each of its values. A value may be a list of them."""
    if not isinstance(fields, dict):
        return
    for name, value in fields.items():
        values = value if isinstance(value, list) else [value]
        for each in values:
            if each is not None or keep_none:
                yield str(name), each


def _merged(payload: Fields) -> Iterator[tuple[str, Any]]:
    """Yields the headers in `multiValueHeaders`, and those that only `headers` has."""
    seen = set()
    for name, value in _pairs(payload.get("multiValueHeaders")):
        seen.add(name.lower())
        yield name, value
    for name, value in _pairs(payload.get("headers")):
        if name.lower() not in seen:
            yield name, value


def _headers(sent: list[tuple[str, Any]], body: bytes) -> HeaderPairs:
    """Returns the headers as bytes, cookies as one, and a `content-length` that is true.

    Some fronts leave it out, and a body that is no text may have become longer. The body is whole,
    so nothing is said of its transfer.
    """
    headers: HeaderPairs = []
    cookies: list[bytes] = []
    length = b"%d" % len(body)
    has_length = False
    for name, value in sent:
        key = _header_bytes(name.lower())
        text = _header_bytes(value)
        if key == b"transfer-encoding":
            continue
        if key == b"cookie":
            if not cookies:
                headers.append((key, b""))
            cookies.append(text)
        elif key != b"content-length":
            headers.append((key, text))
        elif not has_length:
            has_length = True
            headers.append((key, length))
    if cookies:
        place = headers.index((b"cookie", b""))
        headers[place] = (b"cookie", b"; ".join(cookies))
    if body and not has_length:
        headers.append((b"content-length", length))
    return headers


def _header_bytes(value: Any) -> bytes:
    """Returns the bytes that were sent: Latin-1, as HTTP has it, or UTF-8 if that is no Latin-1."""
    text = value if isinstance(value, str) else str(value)
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _first(headers: HeaderPairs, name: bytes) -> str:
    for each, value in headers:
        if each == name:
            return value.decode("latin-1")
    return ""


def _scheme(forwarded: str) -> str:
    """Returns the scheme that the client used; all fronts speak HTTPS."""
    scheme = forwarded.partition(",")[0].strip().lower()
    return scheme if scheme in DEFAULT_PORTS else "https"


def _server(payload: Fields, headers: HeaderPairs, scheme: str) -> Address:
    context = payload.get("requestContext")
    named = context.get("domainName") if isinstance(context, dict) else None
    host = _first(headers, b"host") or str(named or "localhost")
    port = _first(headers, b"x-forwarded-port")
    name, colon, given = host.rpartition(":")
    if colon and _is_port(given) and not name.endswith(":"):
        host = name
        port = given
    if not _is_port(port):
        port = str(DEFAULT_PORTS[scheme])
    return host.removeprefix("[").removesuffix("]"), int(port)


def _is_port(text: str) -> bool:
    """Whether this is a number of a port. Python reads no number of thousands of digits."""
    return text.isascii() and text.isdecimal() and len(text) <= LONGEST_PORT


def _address(host: Any) -> Address | None:
    if not isinstance(host, str) or not host:
        return None
    return host, UNKNOWN_PORT


def _forwarded(headers: list[tuple[str, Any]]) -> Address | None:
    """Returns the address that the front itself has added to `x-forwarded-for`: the last one.

    Clients can write the others. It may have a port.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
    """
    value = ""
    for name, each in headers:
        if name.lower() == "x-forwarded-for":
            value = str(each)
    last = value.rpartition(",")[2].strip()
    found = _ADDRESS_WITH_PORT.fullmatch(last)
    if found:
        return found["v6"] or found["v4"], int(found["port"])
    return _address(last)


def _body(payload: Fields) -> bytes:
    """Raises NotAnHttpRequest for a body that no front sends."""
    body = payload.get("body")
    if body is None or body == "":
        return b""
    if not isinstance(body, str):
        message = f"this payload's body is a {type(body).__name__}; every front sends text"
        raise NotAnHttpRequest(message)
    if not (payload.get("isBase64Encoded") or payload.get("is_base64_encoded")):
        return body.encode("utf-8", "replace")
    from binascii import a2b_base64

    try:
        return a2b_base64(body, strict_mode=True)
    except ValueError as error:
        message = f"this payload's body is said to be base64, and is not: {error}"
        raise NotAnHttpRequest(message) from error
