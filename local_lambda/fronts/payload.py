"""Defines the facts and conversions that both payload formats share.

The request context, text or binary bodies, and the status, headers and body of a result.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local_lambda.http.messages import Headers, is_header

_TEXT_TYPES = (
    "text/",
    "application/javascript",
    "application/json",
    "application/x-www-form-urlencoded",
    "application/xml",
)


class ResultError(ValueError):
    """A buffered result is not a valid proxy result."""


@dataclass(frozen=True)
class RequestContext:
    """Holds facts about one request that the front adds to the payload."""

    api_id: str
    host: str
    port: int
    request_id: str
    trace_id: str
    time_ms: int
    stage: str = "$default"

    @property
    def time_text(self) -> str:
        return datetime.fromtimestamp(self.time_ms / 1000, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")


def group_headers(headers: Headers) -> dict[str, list[str]]:
    """Groups header values by name, regardless of case; the first spelling of a name is kept."""
    spelled: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for name, value in headers:
        first_spelling = spelled.setdefault(name.lower(), name)
        values.setdefault(first_spelling, []).append(value)
    return values


def is_text(content_type: str) -> bool:
    """Returns whether a Function URL passes a body on as text; all other bodies are base64."""
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type.startswith(_TEXT_TYPES) or media_type.endswith(("+json", "+xml"))


def parse_status(value: Any) -> int:
    """Returns the status code. Raises ResultError."""
    try:
        status = int(value)
    except (TypeError, ValueError):
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


def decode_body(fields: dict[str, Any], decode_base64: bool = True) -> bytes:
    """Returns the bytes of a result's body. Raises ResultError."""
    body = fields.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise ResultError("body must be a string")
    if not fields.get("isBase64Encoded") or not decode_base64:
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ResultError("body is not base64") from error
