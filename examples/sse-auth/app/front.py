"""What does a client ask? Reads the payload of a Function URL or a REST API."""

import base64
import json
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any


@dataclass(frozen=True)
class Request:
    """An HTTP request. Names of headers are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def cookie(self, name: str) -> str:
        """Returns the value of a cookie, or an empty text."""
        try:
            found = SimpleCookie(self.headers.get("cookie", "")).get(name)
        except CookieError:
            return ""
        return found.value if found else ""

    def json(self) -> dict[str, Any]:
        """Returns the fields of a JSON body; none if it is anything else."""
        try:
            fields = json.loads(self.body)
        except ValueError:
            return {}
        return fields if isinstance(fields, dict) else {}


def request_of(event: dict[str, Any]) -> Request:
    """Returns the request of a payload of format 1.0 (REST API) or 2.0 (Function URL)."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    body = (event.get("body") or "").encode()
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body)
    if event.get("version") == "2.0":
        method = event["requestContext"]["http"]["method"]
        headers["cookie"] = "; ".join(event.get("cookies") or ())
        return Request(method, event["rawPath"], headers, body)
    # Behind the routes `/` and `/{proxy+}`, whatever the stage or the base path is.
    path = (event.get("pathParameters") or {}).get("proxy", "")
    return Request(event["httpMethod"], f"/{path}", headers, body)
