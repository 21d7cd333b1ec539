"""Represents HTTP requests as a front received them, and complete HTTP responses."""

import re
from dataclasses import dataclass, replace

Headers = tuple[tuple[str, str], ...]
_AUTHORITY = re.compile("https?://[^/?]*", re.IGNORECASE)


@dataclass(frozen=True)
class HttpRequest:
    method: str
    target: str
    headers: Headers = ()
    body: bytes = b""
    source_ip: str = "127.0.0.1"

    @property
    def raw_path(self) -> str:
        """Returns the path as sent. A path that begins with two slashes names no host."""
        path = self.target.partition("?")[0]
        if authority := _AUTHORITY.match(path):
            path = path[authority.end() :]
        return path or "/"

    @property
    def raw_query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def has_path(self) -> bool:
        """Whether the target is a path or a URL, and not `*` or a host alone."""
        return self.target.startswith("/") or bool(_AUTHORITY.match(self.target))

    def header(self, name: str) -> str | None:
        """Returns all values of one header, joined by commas, or None when it is absent."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ",".join(values) if values else None


@dataclass(frozen=True)
class HttpResponse:
    """Represents a complete response. Without a `reason` it has the usual one of its status."""

    status: int
    headers: Headers = ()
    body: bytes = b""
    reason: str = ""

    def with_headers(self, extra: Headers) -> "HttpResponse":
        return replace(self, headers=(*self.headers, *extra))


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def is_header(name: str, value: str) -> bool:
    """Returns whether HTTP can carry this name and value (RFC 9110, section 5).

    A value is sent as Latin-1, so other characters and lone surrogates cannot be carried.
    """
    return bool(_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value))


def json_response(status: int, text: str) -> HttpResponse:
    return HttpResponse(status, (("Content-Type", "application/json"),), text.encode())
