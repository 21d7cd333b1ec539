"""Cross-origin access, for streams and errors and refusals alike: https://fetch.spec.whatwg.org/#http-cors-protocol

Not Powertools' CORSConfig: that one sends no `Vary`, and leaves the headers off what its routes did not answer.
"""

from collections.abc import Iterable, Mapping
from typing import Any

ALLOWED_HEADERS = "Authorization, Content-Type, Last-Event-ID, X-Connection-Key"
ALLOWED_METHODS = "GET, POST, PUT, DELETE, OPTIONS"
EXPOSED_HEADERS = "Retry-After, X-Connection-Id"
MAX_AGE_S = 7200


class Cors:
    """`origins`: those that may read the answers, written out as browsers send them. None means same origin only."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origins)
        if bad := [origin for origin in self._origins if origin in ("*", "null") or origin.endswith("/")]:
            raise ValueError(f"an origin is a scheme and a host, like https://example.com, not {bad[0]!r}")

    def preflight(self, method: str, headers: Mapping[str, str]) -> dict[str, Any] | None:
        """The answer to a preflight request, which touches no data; None for every other request."""
        if method != "OPTIONS" or not headers.get("access-control-request-method") or not headers.get("origin"):
            return None
        answer = {
            "Access-Control-Allow-Methods": ALLOWED_METHODS,
            "Access-Control-Allow-Headers": ALLOWED_HEADERS,
            "Access-Control-Max-Age": str(MAX_AGE_S),
        }
        return {"statusCode": 204, "headers": answer if headers.get("origin") in self._origins else {}, "body": ""}

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """What every answer to a request with these headers (names in lower case) carries."""
        if not self._origins:
            return {}
        origin = headers.get("origin")
        if origin not in self._origins:
            return {"Vary": "Origin"}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": EXPOSED_HEADERS,
            "Vary": "Origin",
        }
