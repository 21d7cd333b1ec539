"""Which HTTP request does a payload stand for, whatever front it came through?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class NotAnHttpRequest(TypeError):
    """The payload is no HTTP request, or one of a kind that is not served (a WebSocket API)."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request, in the terms that ASGI and WSGI share.

    `path` is decoded and includes `root_path`, which is the stage or the base path, or "".
    `raw_path` is as the client sent it, as far as the front tells; `query` likewise. `headers` are
    pairs of lower-case names and values; all cookies are one header. `client` and `server` are
    (host, port).
    """

    method: str
    scheme: str
    path: str
    raw_path: bytes
    root_path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    client: tuple[str, int] | None
    server: tuple[str, int | None]
    http_version: str
    payload: dict[str, Any]
