"""What a request says, the same on both fronts, and checked before anything looks at it."""

import hashlib
from typing import Any

from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

LONGEST_HEADER = 512


def single_header(request: BaseProxyEvent, name: str, longest: int = LONGEST_HEADER) -> str | None:
    """The value of a header that must come once at most and be of sane length; None otherwise."""
    values = (request.raw_event.get("multiValueHeaders") or {}).items()
    several = [value for key, value in values if key.lower() == name.lower()]
    if several and len(several[0] or []) > 1:
        return None
    value = next((value for key, value in request.headers.items() if key.lower() == name.lower()), None)
    return value if isinstance(value, str) and 0 < len(value) <= longest else None


def client_address(request: BaseProxyEvent) -> str:
    """The address that the front saw; empty if it says none."""
    context: dict[str, Any] = request.raw_event["requestContext"]
    return str((context.get("http") or context.get("identity") or {}).get("sourceIp") or "")


def client_of(text: str) -> str:
    """A client as leases and logs know it: short, and not the address itself."""
    return hashlib.sha256(b"client:" + text.encode()).hexdigest()[:20]
