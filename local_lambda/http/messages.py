"""Represents HTTP requests as a front received them, and complete HTTP responses."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class HttpRequest:
    method: str
    target: str
    headers: Headers = ()
    body: bytes = b""
    source_ip: str = "127.0.0.1"

    @property
    def raw_path(self) -> str:
        return self._url.path or "/"

    @property
    def raw_query(self) -> str:
        return self._url.query

    @property
    def _url(self) -> SplitResult:
        """Splits the target. A path that begins with two slashes is a path and names no host."""
        return urlsplit(f"//host{self.target}" if self.target.startswith("/") else self.target)

    def header(self, name: str) -> str | None:
        """Returns all values of one header, joined by commas, or None when it is absent."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ",".join(values) if values else None


@dataclass(frozen=True)
class HttpResponse:
    status: int
    headers: Headers = ()
    body: bytes = b""

    def with_headers(self, extra: Headers) -> "HttpResponse":
        return HttpResponse(self.status, (*self.headers, *extra), self.body)


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")


def is_header(name: str, value: str) -> bool:
    """Returns whether HTTP can carry this name and value (RFC 9110, section 5)."""
    return bool(_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value))


def json_response(status: int, text: str) -> HttpResponse:
    return HttpResponse(status, (("Content-Type", "application/json"),), text.encode())
