"""What both payload formats share: where a request came in, text or binary, the body and status of a result."""

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
    """A buffered result that is no proxy result."""


@dataclass(frozen=True)
class RequestContext:
    """The front's own facts about one request."""

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


def grouped(headers: Headers) -> dict[str, list[str]]:
    """Headers by name, as first spelled; a name that comes again in another spelling joins the first."""
    spelled: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(spelled.setdefault(name.lower(), name), []).append(value)
    return values


def is_text(content_type: str) -> bool:
    """Whether a Function URL hands a body over as text; anything else goes as base64."""
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type.startswith(_TEXT_TYPES) or media_type.endswith(("+json", "+xml"))


def status_of(value: Any) -> int:
    """Raises ResultError."""
    try:
        status = int(value)
    except (TypeError, ValueError):
        raise ResultError(f"statusCode {value!r}") from None
    if not 200 <= status <= 599:
        raise ResultError(f"statusCode {value!r}")
    return status


def header_of(name: Any, value: Any) -> tuple[str, str]:
    """Raises ResultError."""
    if isinstance(value, list | dict):
        raise ResultError(f"header {name!r} has more than one value")
    text = value if isinstance(value, str) else json.dumps(value)
    if not is_header(str(name), text):
        raise ResultError(f"header {name!r} cannot be sent")
    return str(name), text


def body_bytes(fields: dict[str, Any], decode_base64: bool = True) -> bytes:
    """Raises ResultError."""
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
