"""Defines the facts and conversions that all payloads share.

The request context, text or binary bodies, and the status, headers and body of a result.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from local_lambda.http.messages import (
    Headers,
    HttpRequest,
    HttpResponse,
    is_header,
    json_response,
)

_TEXT_TYPES = ("application/javascript", "application/json", "application/xml")
# They belong to one connection (RFC 9110, section 7.6.1), and the fronts end the connection.
_HOP_BY_HOP = frozenset(
    {"connection", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)
FORWARDED = ("x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto")


def typed_error(status: int, body: str, error_type: str) -> HttpResponse:
    """Returns a REST API's own error, with the type that it has on AWS."""
    return json_response(status, body).with_headers((("x-amzn-ErrorType", error_type),))


class ResultError(ValueError):
    """A buffered result is not a valid proxy result."""


@dataclass(frozen=True)
class RequestContext:
    """Holds facts about one request that the front adds to the payload.

    `authorizer` is what an authorizer has left in the request context, and `identity` what IAM
    adds to a REST API's identity.
    """

    api_id: str
    host: str
    port: int
    request_id: str
    trace_id: str
    time_ms: int
    stage: str = "$default"
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    authorizer: Mapping[str, Any] | None = None
    identity: Mapping[str, Any] = field(default_factory=dict)
    scheme: str = "http"

    @property
    def time_text(self) -> str:
        return datetime.fromtimestamp(self.time_ms / 1000, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")


def group_headers(headers: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Groups header values by name, regardless of case; the first spelling of a name is kept."""
    spelled: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for name, value in headers:
        first_spelling = spelled.setdefault(name.lower(), name)
        values.setdefault(first_spelling, []).append(value)
    return values


def end_to_end(headers: Headers) -> Headers:
    """Returns the headers without those that belong to the connection."""
    return tuple(pair for pair in headers if pair[0].lower() not in _HOP_BY_HOP)


def forwarded_for(request: HttpRequest) -> str:
    """Returns the client's own `X-Forwarded-For` with its address added."""
    sent = request.header("x-forwarded-for")
    return f"{sent}, {request.source_ip}" if sent else request.source_ip


def decoded_query(raw: str) -> dict[str, list[str]]:
    """Returns all values of each parameter, decoded. A `+` is a space."""
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(raw, keep_blank_values=True):
        query.setdefault(name, []).append(value)
    return query


def is_text(content_type: str) -> bool:
    """Returns whether a body is handed on as text; all other bodies are base64.

    Text, JSON, XML and JavaScript are text. Forms are not.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    named = media_type.startswith("text/") or media_type in _TEXT_TYPES
    return named or media_type.endswith(("+json", "+xml"))


def text_or_base64(body: bytes, as_text: bool) -> tuple[str, bool]:
    """Returns a body for a payload, and whether it is base64.

    Text is read as UTF-8. Bytes that are not UTF-8 get lost, as on AWS.
    """
    if as_text:
        return body.decode("utf-8", "replace"), False
    return base64.b64encode(body).decode(), True


def parse_json(result: bytes) -> Any:
    """Raises ResultError."""
    try:
        return json.loads(result)
    except (ValueError, RecursionError) as error:
        raise ResultError(f"the result is not JSON: {error}") from error


def parse_status(value: Any) -> int:
    """Returns the status code. Raises ResultError."""
    try:
        status = int(value)
    except (TypeError, ValueError, OverflowError):
        raise ResultError(f"statusCode {value!r} is not a number") from None
    if not 200 <= status <= 599:
        raise ResultError(f"statusCode {value!r} is not from 200 to 599")
    return status


def parse_header(name: Any, value: Any) -> tuple[str, str]:
    """Returns the header as text. Raises ResultError."""
    if isinstance(value, list | dict):
        raise ResultError(f"header {name!r} has more than one value")
    text = value if isinstance(value, str) else json.dumps(value)
    if not is_header(str(name), text):
        raise ResultError(f"header {name!r} cannot be sent: its name or value is invalid in HTTP")
    return str(name), text


def parse_headers(value: Any) -> list[tuple[str, str]]:
    """Returns the headers of an object with one value for each name. A null value is left out.

    Raises ResultError.
    """
    if value is None:
        return []
    if not isinstance(value, dict):
        raise ResultError("headers must be an object")
    return [parse_header(name, each) for name, each in value.items() if each is not None]


def parse_multi_headers(value: Any) -> list[tuple[str, str]]:
    """Returns the headers of an object with a list for each name. Raises ResultError."""
    if value is None:
        return []
    if not isinstance(value, dict):
        raise ResultError("multiValueHeaders must be an object")
    headers: list[tuple[str, str]] = []
    for name, values in value.items():
        if not isinstance(values, list):
            raise ResultError(f"multiValueHeaders {name!r} must be a list")
        headers += [parse_header(name, each) for each in values]
    return headers


def merged_headers(fields: dict[str, Any]) -> list[tuple[str, str]]:
    """Returns the headers of a result of format 1.0: multi-values first, no pair twice.

    Raises ResultError.
    """
    headers = parse_multi_headers(fields.get("multiValueHeaders"))
    seen = {(name.lower(), value) for name, value in headers}
    for name, value in parse_headers(fields.get("headers")):
        if (name.lower(), value) not in seen:
            headers.append((name, value))
    return headers


def with_content_type(headers: list[tuple[str, str]], default: str) -> list[tuple[str, str]]:
    """Returns the headers, with `default` as the content type if they name none."""
    if any(name.lower() == "content-type" for name, _ in headers):
        return headers
    return [*headers, ("Content-Type", default)]


def decode_body(fields: dict[str, Any], decode_base64: bool = True) -> bytes:
    """Returns the bytes of a result's body. Raises ResultError."""
    body = fields.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise ResultError("body must be a string")
    if not fields.get("isBase64Encoded") or not decode_base64:
        return body.encode("utf-8", "replace")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ResultError("body is not base64") from error
