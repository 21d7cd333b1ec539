"""Reads the prelude of a streamed HTTP response: JSON with status, headers and cookies.

Eight NUL bytes follow it, then the body.
https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local_lambda.http.messages import Headers, is_header

CONTENT_TYPE = "application/vnd.awslambda.http-integration-response"
DELIMITER = b"\0" * 8
LIMIT_BYTES = 16 * 1024  # the delimiter must lie within; the documentation says "16 KB"
ALLOWED_KEYS = frozenset({"statusCode", "headers", "multiValueHeaders", "cookies"})


class PreludeError(ValueError):
    """The function's first bytes are not a valid prelude."""


@dataclass(frozen=True)
class Prelude:
    status: int
    headers: Headers
    cookies: tuple[str, ...]


class PreludeReader:
    """Collects the first bytes of a response until the prelude is complete."""

    def __init__(self) -> None:
        self._seen = bytearray()

    def feed(self, piece: bytes) -> tuple[Prelude, bytes] | None:
        """Returns the prelude and the first bytes of the body, or None until it is complete.

        Raises PreludeError.
        """
        self._seen += piece
        end = self._seen.find(DELIMITER)
        if end < 0:
            if len(self._seen) > LIMIT_BYTES:
                raise PreludeError(f"no delimiter within {LIMIT_BYTES} bytes")
            return None
        body_start = end + len(DELIMITER)
        if body_start > LIMIT_BYTES:
            raise PreludeError(
                f"prelude and delimiter are {body_start} bytes, more than {LIMIT_BYTES}"
            )
        return parse(bytes(self._seen[:end])), bytes(self._seen[body_start:])


def parse(text: bytes) -> Prelude:
    """Reads a prelude without its delimiter. Raises PreludeError."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PreludeError(f"not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise PreludeError("not a JSON object")
    if unknown := sorted(fields.keys() - ALLOWED_KEYS):
        raise PreludeError(f"unknown keys: {', '.join(unknown)}")
    return Prelude(
        status=_status(fields.get("statusCode", 200)),
        headers=tuple(_headers(fields)),
        cookies=_cookies(fields.get("cookies")),
    )


def _status(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 200 <= value <= 599:
        raise PreludeError(f"statusCode is {value!r}, not an integer from 200 to 599")
    return value


def _headers(fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    single = fields.get("headers") or {}
    multiple = fields.get("multiValueHeaders") or {}
    if not isinstance(single, dict) or not isinstance(multiple, dict):
        raise PreludeError("headers must be objects")
    repeated = {name.lower() for name in multiple}
    for name, value in single.items():
        if not isinstance(value, str | int | float | bool):
            raise PreludeError(f"header {name} must have one value, has {type(value).__name__}")
        if name.lower() not in repeated:
            yield _header(name, value)
    for name, values in multiple.items():
        if not isinstance(values, list):
            raise PreludeError(f"multiValueHeaders {name} must be a list")
        for value in values:
            yield _header(name, value)


def _header(name: str, value: Any) -> tuple[str, str]:
    text = value if isinstance(value, str) else json.dumps(value)
    if not is_header(name, text):
        raise PreludeError(f"header {name!r} cannot be sent: its name or value is invalid in HTTP")
    return name, text


def _cookies(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(cookie, str) for cookie in value):
        raise PreludeError("cookies must be a list of strings")
    return tuple(_header("set-cookie", cookie)[1] for cookie in value)
