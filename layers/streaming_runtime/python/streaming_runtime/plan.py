"""How is a result sent? Decided by one pure function, `plan`, before anything is sent.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming
"""

from __future__ import annotations

import json
import re

from streaming_runtime.body import Pieces, clean, headers_of
from streaming_runtime.plain_json import as_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from streaming_runtime.body import Result

JSON = "application/json"
OCTET_STREAM = "application/octet-stream"
UNKNOWN = "application/unknown"
HTTP_INTEGRATION = "application/vnd.awslambda.http-integration-response"
# "The first 16 KB", says API Gateway, and not whether that is 16,000 or 16,384.
PRELUDE_LIMIT_BYTES = 16_000
PRELUDE_END = bytes(8)
# A response without a single byte of body leaves clients of Function URLs waiting.
FILLER = b"\n"
WITHOUT_BODY = (204, 304)
# Lambda does the framing of the body, and undoes its compression.
FORBIDDEN_HEADERS = {
    "connection",
    "content-encoding",
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


def front_of(payload: Any) -> Front | None:
    """Returns the front whose HTTP request `payload` is; None if it is no such request.

    The payload formats are 1.0 and 2.0 of API Gateway's Lambda proxy integration.
    """
    context = None
    if isinstance(payload, dict):
        context = payload.get("requestContext")
    if not isinstance(context, dict):
        return None
    http = context.get("http")
    if isinstance(http, dict):  # an HTTP API has the payload of a Function URL, and buffers
        http_api = ".execute-api." in str(context.get("domainName"))
        return Front("2.0", http.get("method"), streams=not http_api)
    if "httpMethod" not in payload:
        return None
    # A load balancer says `elb`, and an HTTP API adds `version` to format 1.0. Both buffer.
    streams = "elb" not in context and "version" not in payload
    return Front("1.0", payload["httpMethod"], streams=streams)


def plan(
    result: Any, front: Front | None, *, buffered: bool, ascii_only: bool = False
) -> Plain | Buffered | Streamed:
    """Decides how `result` is sent to `front`. The first step that applies decides.

    Raises ValueError for a proxy result whose status or headers cannot be sent, RuntimeFault for a
    plain result that is no JSON. The body is not read yet.

    `ascii_only`: the JSON of a plain result has ASCII characters alone.
    """
    # 1. A handler that is a generator streams its pieces; to HTTP, as a response with status 200.
    if hasattr(result, "__next__") or hasattr(result, "__anext__"):
        headers = {"Content-Type": OCTET_STREAM}
        result = {"statusCode": 200, "headers": headers, "body": result}
        if front is None and not buffered:
            return Streamed(
                prelude=b"", pieces=Pieces.of(result), filler=b"", content_type=OCTET_STREAM
            )

    # 2. Bytes are sent as they are, and anything that is no proxy result as JSON: both as the
    #    stock client does. https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html
    if isinstance(result, bytes):
        return Plain(result, UNKNOWN)
    if not isinstance(result, dict) or "statusCode" not in result:
        return Plain(as_json(result, ascii_only=ascii_only))

    # 3. A front that cannot stream (a load balancer, an HTTP API, no front at all) takes proxy
    #    JSON: as it is if the body is text, else with the pieces collected.
    if front is None or not front.streams:
        if isinstance(result.get("body"), (str, type(None))):
            return Plain(as_json(result, ascii_only=ascii_only))
        return Buffered(result, Pieces.of(result, decode=False))

    # 4. Status, headers and cookies in the form that the front wants.
    fields = prelude_fields(result, front)

    # 5. Where HTTP allows no body there is none, and the body is closed unread. The length is
    #    stated, since a mere end can hang clients.
    #    https://www.rfc-editor.org/rfc/rfc9110#section-6.4.1
    pieces = Pieces.of(result)
    filler = FILLER
    if front.method == "HEAD" or fields["statusCode"] in WITHOUT_BODY:
        fields["headers"]["content-length"] = "0"
        pieces = Pieces.none_of(result)
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


def prelude_fields(result: Result, front: Front) -> Result:
    """Returns `statusCode, headers, multiValueHeaders | cookies` in the form that `front` wants.

    Raises ValueError for a status or a header that HTTP does not know.
    """
    status = _status(result["statusCode"])
    headers = _grouped(result)
    cookies = [clean("cookies", cookie) for cookie in result.get("cookies") or []]
    _, set_cookie = headers.pop("set-cookie", ("", []))
    cookies += set_cookie
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


def _status(status: object) -> int:
    if isinstance(status, bool) or not re.fullmatch("[1-5][0-9][0-9]", str(status)):
        raise ValueError(f"statusCode must be a number from 100 to 599, not {status!r}")
    return int(str(status))


def _grouped(result: Result) -> dict[str, tuple[str, list[str]]]:
    """Returns the headers by name in lower case: the name as it was first written, its values."""
    headers: dict[str, tuple[str, list[str]]] = {}
    for name, value in headers_of(result):
        _, values = headers.setdefault(name.lower(), (name, []))
        if value not in values:
            values.append(value)
    return headers
