"""Cross-origin access, for streams, errors and refusals alike.

https://fetch.spec.whatwg.org/#http-cors-protocol

Not Powertools' CORSConfig: that one sends no `Vary`, and leaves the headers off responses that do
not come from its routes.
"""

from collections.abc import Iterable, Mapping
from typing import Any

ALLOWED_HEADERS = "Authorization, Content-Type, Last-Event-ID, X-Connection-Key"
ALLOWED_METHODS = "GET, POST, PUT, DELETE, OPTIONS"
EXPOSED_HEADERS = "Retry-After, X-Connection-Id"
MAX_AGE_S = 7200


class Cors:
    """`origins`: those that may read the responses, as browsers send them.

    None of them means same origin only. Raises ValueError for what is no origin.
    """

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origins)
        for origin in self._origins:
            if origin in ("*", "null") or origin.endswith("/"):
                raise ValueError(
                    f"an origin is a scheme and a host, like https://example.com, not {origin!r}"
                )

    def preflight(self, method: str, headers: Mapping[str, str]) -> dict[str, Any] | None:
        """Returns the response to a preflight request, which touches no data.

        None for every other request.
        """
        origin = headers.get("origin")
        asks_for = headers.get("access-control-request-method")
        if method != "OPTIONS" or not asks_for or not origin:
            return None
        allowed = {
            "Access-Control-Allow-Methods": ALLOWED_METHODS,
            "Access-Control-Allow-Headers": ALLOWED_HEADERS,
            "Access-Control-Max-Age": str(MAX_AGE_S),
        }
        if origin not in self._origins:
            allowed = {}
        return {"statusCode": 204, "headers": allowed, "body": ""}

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Returns the headers of every response to a request with these (names in lower case)."""
        if not self._origins:
            return {}
        origin = headers.get("origin")
        if origin is None or origin not in self._origins:
            return {"Vary": "Origin"}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": EXPOSED_HEADERS,
            "Vary": "Origin",
        }
