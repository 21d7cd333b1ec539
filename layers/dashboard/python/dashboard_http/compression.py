"""When is a body compressed? Where the client takes gzip, and the front carries bytes.

A compressed body leaves a function as base64. An HTTP API and a Function URL decode that always. A
REST API does so only if it treats all types of body as binary, which nothing in a payload says.
https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html
"""

import base64
import re
import zlib
from collections.abc import Mapping
from typing import Any

from dashboard_http.results import Result, with_headers

# A shorter body comes in one packet either way.
WORTHWHILE_BYTES = 1024
CODING = "gzip"
ENCODED = {"Content-Encoding": CODING}
VARIES = {"Vary": "Accept-Encoding"}
QUICK, BEST = 6, 9  # for a body that is sent once, and for one that is kept
_WEIGHTED = re.compile(
    r"([!#$%&'*+.^_`|~0-9a-z-]+)(?:[ \t]*;[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?"
)


class Compression:
    """`on_rest_api`: whether the REST API in front treats all types of body as binary."""

    def __init__(self, *, on_rest_api: bool = False) -> None:
        self._on_rest_api = on_rest_api

    def is_possible(self, payload: Mapping[str, Any]) -> bool:
        """Returns whether the front can carry bytes. A REST API's payload has no version."""
        return self._on_rest_api or "version" in payload

    def least_bytes(self, payload: Mapping[str, Any]) -> int | None:
        """Returns the length from which on the response's body is compressed; None for never."""
        if not self.is_possible(payload):
            return None
        return least_bytes(_accepted(payload))

    def applied(self, payload: Mapping[str, Any], result: Result) -> Result:
        """Returns the result of a resolver with its body compressed, if that is wanted.

        A body that is base64 already is left alone.
        """
        body = result.get("body")
        if not body or result.get("isBase64Encoded") or not self.is_possible(payload):
            return result
        varied = with_headers(result, VARIES)
        least = self.least_bytes(payload)
        data = body.encode()
        if least is None or len(data) < least:
            return varied
        encoded = base64.b64encode(gzipped(data, QUICK)).decode()
        return {**with_headers(varied, ENCODED), "body": encoded, "isBase64Encoded": True}


def gzipped(data: bytes, level: int) -> bytes:
    """Compresses; the same data becomes the same bytes, because no time is in them."""
    return zlib.compress(data, level, wbits=zlib.MAX_WBITS | 16)


def least_bytes(accept_encoding: str) -> int | None:
    """Returns the length from which on this header's sender wants gzip; None for never.

    Codings without a weight weigh 1. What is malformed counts as not sent, so that a broken header
    leads to a plain body. A client that forbids plain bodies gets the shortest one compressed.
    """
    weights: dict[str, float] = {}
    for part in accept_encoding.lower().split(","):
        if found := _WEIGHTED.fullmatch(part.strip(" \t")):
            coding = found[1].removeprefix("x-")  # section 8.4.1.3: x-gzip is gzip
            weight = float(found[2] or 1)
            weights[coding] = min(weight, weights.get(coding, weight))
    others = weights.get("*", 0.0)
    gzip = weights.get(CODING, others)
    if not gzip or gzip < weights.get("identity", 0.0):
        return None
    plain_is_forbidden = weights.get("identity", weights.get("*", 1.0)) == 0
    return 0 if plain_is_forbidden else WORTHWHILE_BYTES


def _accepted(payload: Mapping[str, Any]) -> str:
    """Returns all `Accept-Encoding` headers, joined. Payload format 2.0 has joined them itself."""
    for key in ("multiValueHeaders", "headers"):
        for name, value in (payload.get(key) or {}).items():
            if name.lower() == "accept-encoding" and value:
                return ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return ""
