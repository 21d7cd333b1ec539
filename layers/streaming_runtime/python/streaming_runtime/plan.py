"""How is a result sent? Decided by one pure function, `plan`, before anything is sent.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming
"""

from __future__ import annotations

import json

from streaming_runtime.body import (
    COMPRESSIONS,
    Pieces,
    header_text,
    headers_of,
    is_stream,
)
from streaming_runtime.plain_json import JSON, as_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from streaming_runtime.body import Result

    Headers = dict[str, tuple[str, list[str]]]

OCTET_STREAM = "application/octet-stream"
UNKNOWN = "application/unknown"
HTTP_INTEGRATION = "application/vnd.awslambda.http-integration-response"
# "The first 16 KB", says API Gateway, and not whether that is 16,000 or 16,384.
PRELUDE_LIMIT_BYTES = 16_000
PRELUDE_END = bytes(8)
# A response without a single byte of body leaves clients of Function URLs waiting.
FILLER = b"\n"
DEFAULT = "$default"  # a route and a stage without a name
ANONYMOUS = "anonymous"  # the account of a Function URL that is open to everybody
WITHOUT_BODY = (204, 304)
# Lambda does the framing of the body.
FORBIDDEN_HEADERS = {
    "connection",
    "content-length",
    "keep-alive",
    "trailer",
    "transfer-encoding",
}


class Front:
    """The HTTP front that a payload comes from.

    `payload_format` is "1.0" or "2.0". `streams`: whether it can take a streamed response.
    """

    def __init__(self, payload_format: str, method: Any, *, streams: bool) -> None:
        self.payload_format = payload_format
        self.method = method
        self.streams = streams


class Plain:
    """A mode: the whole response is there, and is sent as it is."""

    __match_args__ = ("body", "content_type")

    def __init__(self, body: bytes, content_type: str = JSON) -> None:
        self.body = body
        self.content_type = content_type


class Buffered:
    """A mode: all pieces are collected into the `body` of proxy JSON with these `fields`."""

    __match_args__ = ("fields", "pieces")

    def __init__(self, fields: Result, pieces: Pieces) -> None:
        self.fields = fields
        self.pieces = pieces


class Streamed:
    """A mode: the prelude goes out with the first piece, then piece after piece.

    `filler` goes out if there is no piece at all.
    """

    def __init__(self, prelude: bytes, pieces: Pieces, filler: bytes, content_type: str) -> None:
        self.prelude = prelude
        self.pieces = pieces
        self.filler = filler
        self.content_type = content_type

    def take_prelude(self) -> bytes:
        """Returns the prelude, once: it is not kept for as long as the response streams."""
        taken = self.prelude
        self.prelude = b""
        return taken


def front_of(payload: Any) -> Front | None:
    """Returns the front whose request `payload` is; None if it is no such request.

    The payload formats are 1.0 and 2.0 of API Gateway's Lambda proxy integration. A front of
    another kind (a WebSocket API, VPC Lattice) cannot stream.
    """
    if not isinstance(payload, dict):
        return None
    context = payload.get("requestContext")
    if not isinstance(context, dict):
        if "raw_path" in payload and "method" in payload:  # VPC Lattice, version 1.0
            return Front("1.0", payload["method"], streams=False)
        return None
    http = context.get("http")
    if isinstance(http, dict):  # an HTTP API has the payload of a Function URL, and buffers
        return Front("2.0", http.get("method"), streams=not is_of_http_api(context))
    if "httpMethod" not in payload:
        return Front("2.0", None, streams=False)
    # A load balancer says `elb`, and an HTTP API adds `version` to format 1.0. Both buffer.
    streams = "elb" not in context and "version" not in payload
    return Front("1.0", payload["httpMethod"], streams=streams)


def is_of_http_api(context: dict[str, Any]) -> bool:
    """Whether a request context of format 2.0 is an HTTP API's, and not a Function URL's.

    An HTTP API may have a domain of its own, whose first part is not its id then. A Function URL
    has one route and one stage, and an account only for a caller that IAM knows.
    """
    domain = str(context.get("domainName"))
    if ".lambda-url." in domain or ".execute-api." in domain:
        return ".execute-api." in domain
    if any(context.get(name, DEFAULT) != DEFAULT for name in ("routeKey", "stage")):
        return True
    if context.get("domainPrefix") != context.get("apiId"):
        return True
    authorizer = context.get("authorizer")
    is_known_to_iam = isinstance(authorizer, dict) and bool(authorizer.get("iam"))
    return context.get("accountId", ANONYMOUS) != ANONYMOUS and not is_known_to_iam


def plan(
    result: Any,
    front: Front | None,
    *,
    buffered: bool,
    ascii_only: bool = False,
    handler: str | None = None,
) -> Plain | Buffered | Streamed:
    """Decides how `result` is sent to `front`. The first step that applies decides.

    Raises TypeError or ValueError for a proxy result whose fields cannot be sent, and RuntimeFault
    for a plain result that is no JSON; such a result's body is closed. The former errors name
    `handler`. The body is not read yet.

    `ascii_only`: the JSON of a plain result has ASCII characters alone.
    """
    name = handler or "the handler"
    # 1. A handler that is a generator streams its pieces; to HTTP, as a response with status 200.
    if hasattr(result, "__next__") or hasattr(result, "__anext__"):
        headers = {"Content-Type": OCTET_STREAM}
        result = {"statusCode": 200, "headers": headers, "body": result}
        if front is None and not buffered:
            pieces = Pieces(result["body"], handler=name)
            return Streamed(prelude=b"", pieces=pieces, filler=b"", content_type=OCTET_STREAM)

    # 2. Bytes are sent as they are, and anything that is no proxy result as JSON: both as the
    #    stock client does. https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html
    #    JSON cannot hold a stream, so with one as its body a dict is a proxy result. Without a
    #    front, any other proxy result is plain, too.
    if isinstance(result, bytes):
        return Plain(result, UNKNOWN)
    has_stream = isinstance(result, dict) and is_stream(result.get("body"))
    is_response = isinstance(result, dict) and front is not None and "statusCode" in result
    if not has_stream and not is_response:
        return Plain(as_json(result, ascii_only=ascii_only))

    # 3. A front that cannot stream (a load balancer, an HTTP API) takes proxy JSON: as it is if
    #    the body is text, else with the pieces collected.
    if front and not front.streams and isinstance(result.get("body"), (str, type(None))):
        return Plain(as_json(result, ascii_only=ascii_only))
    try:
        return _plan_response(result, front or CALLER, buffered=buffered, handler=name)
    except (TypeError, ValueError) as error:
        Pieces(result.get("body")).close()
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name}: {error}") from error


# A program that calls the function and takes a stream (`InvokeWithResponseStream`).
CALLER = Front("2.0", None, streams=True)


def _plan_response(
    result: Result, front: Front, *, buffered: bool, handler: str
) -> Plain | Buffered | Streamed:
    body = result.get("body")
    is_base64 = _is_base64(result)

    if not front.streams:
        fields = {"statusCode": 200, **result}
        fields.pop("body", None)
        return Buffered(fields, Pieces(body, is_base64=is_base64, handler=handler))

    # 4. Status, headers and cookies in the form that the front wants. Compression is undone where
    #    Lambda would undo it, badly.
    headers = _grouped(result)
    compressions = _take_compressions(headers)
    pieces = Pieces(body, is_base64=is_base64, compressions=compressions, handler=handler)
    status = _status(result.get("statusCode", 200))
    may_have_body = status not in WITHOUT_BODY
    if pieces.is_whole and may_have_body:  # the type that a buffered response would get
        headers.setdefault("content-type", ("Content-Type", [JSON]))
    fields = prelude_fields(status, headers, _cookies(result.get("cookies")), front)

    # 5. Where HTTP allows no body there is none, and the body is closed unread. The length is
    #    stated, since a mere end can hang clients.
    #    https://www.rfc-editor.org/rfc/rfc9110#section-6.4.1
    filler = FILLER
    if front.method == "HEAD" or not may_have_body:
        fields["headers"]["content-length"] = "0"
        pieces.leave_unread()
        filler = b""

    # 6. The setting for fronts that cannot stream, and `sam local`.
    if buffered:
        return Buffered(fields, pieces)

    # 7. HTTP integration: prelude, eight zero bytes, body.
    return Streamed(
        prelude=prelude(fields), pieces=pieces, filler=filler, content_type=HTTP_INTEGRATION
    )


def prelude(fields: Result) -> bytes:
    """Returns `fields` as JSON, and the delimiter. Raises ValueError if that is too long."""
    text = json.dumps(fields, separators=(",", ":")).encode() + PRELUDE_END
    if len(text) > PRELUDE_LIMIT_BYTES:
        raise ValueError(
            f"status, headers and cookies take {len(text)} bytes; "
            f"Lambda accepts {PRELUDE_LIMIT_BYTES}"
        )
    return text


def prelude_fields(status: int, headers: Headers, cookies: list[str], front: Front) -> Result:
    """Returns `statusCode, headers, multiValueHeaders | cookies` in the form that `front` wants."""
    _, set_cookie = headers.pop("set-cookie", ("", []))
    cookies = cookies + set_cookie
    kept = [named for key, named in headers.items() if key not in FORBIDDEN_HEADERS]
    if front.payload_format == "2.0":
        return _fields_2_0(status, kept, cookies)
    return _fields_1_0(status, kept, cookies)


def _fields_2_0(status: int, headers: list[tuple[str, list[str]]], cookies: list[str]) -> Result:
    """Repeated headers are joined, and cookies have a list of their own."""
    fields: Result = {
        "statusCode": status,
        "headers": {name: ", ".join(values) for name, values in headers},
    }
    if cookies:
        fields["cookies"] = cookies
    return fields


def _fields_1_0(status: int, headers: list[tuple[str, list[str]]], cookies: list[str]) -> Result:
    """Repeated headers and cookies stand in `multiValueHeaders`."""
    repeated = {name: values for name, values in headers if len(values) > 1}
    if cookies:
        repeated["Set-Cookie"] = cookies
    fields: Result = {
        "statusCode": status,
        "headers": {name: values[0] for name, values in headers if len(values) == 1},
    }
    if repeated:
        fields["multiValueHeaders"] = repeated
    return fields


def _status(status: Any) -> int:
    """Returns a status as a number: 200, "200", 200.0 and members of HTTPStatus are one."""
    text = str(status)
    if isinstance(status, (int, float)) and status == status // 1:
        text = str(int(status))
    is_number = len(text) == 3 and text.isascii() and text.isdigit() and "1" <= text[0] <= "5"
    if isinstance(status, bool) or not is_number:
        raise ValueError(f"statusCode must be a number from 200 to 599, not {status!r}")
    if text.startswith("1"):
        message = f"statusCode {text} announces a response and cannot be one: use 200 to 599"
        raise ValueError(message)
    return int(text)


def _is_base64(result: Result) -> bool:
    value = result.get("isBase64Encoded")
    if value not in (None, True, False):
        raise ValueError(f"isBase64Encoded must be true or false, not {value!r}")
    return bool(value)


def _cookies(cookies: Any) -> list[str]:
    """Returns the cookies. A text is one cookie."""
    if cookies is None:
        return []
    if isinstance(cookies, (str, bytes)):
        cookies = [cookies]
    if isinstance(cookies, dict) or not hasattr(cookies, "__iter__"):
        raise TypeError(f"cookies must be a list of text, not {type(cookies).__name__}")
    found = []
    for cookie in cookies:
        if not isinstance(cookie, (str, bytes)):
            raise TypeError(f"cookies: a cookie is text, not {type(cookie).__name__}")
        found.append(header_text("cookies", cookie))
    return found


def _take_compressions(headers: Headers) -> list[str]:
    """Takes the encodings from `headers` that are undone, and returns them, the outermost last.

    The others stay: Lambda hands such bodies through.
    """
    name, values = headers.pop("content-encoding", ("", []))
    encodings: list[str] = []
    for value in dict.fromkeys(value.lower() for value in values):  # said twice, it is undone once
        encodings += [each.strip() for each in value.split(",")]
    encodings = [each for each in encodings if each not in ("", "identity")]
    compressions: list[str] = []
    while encodings and encodings[-1] in COMPRESSIONS:
        compressions.insert(0, encodings.pop())
    if encodings:
        headers["content-encoding"] = (name, [", ".join(encodings)])
    return compressions


def _grouped(result: Result) -> Headers:
    """Returns the headers by name in lower case: the name as it was first written, its values."""
    headers: Headers = {}
    for name, value in headers_of(result):
        _, values = headers.setdefault(name.lower(), (name, []))
        if value not in values:
            values.append(value)
    return headers
