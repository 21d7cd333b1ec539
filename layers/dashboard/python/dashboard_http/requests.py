"""What a request says, the same on both fronts, and checked before anything looks at it."""

import hashlib
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

LONGEST_HEADER = 512
IPV6_NETWORK_BITS = 64  # what one customer of an IPv6 provider has, at the least


def single_header(request: BaseProxyEvent, name: str, longest: int = LONGEST_HEADER) -> str | None:
    """The value of a header that must come once at most and be of sane length.

    None if it does not come; an empty text if it comes, but more than once or too long.
    """
    values = (request.raw_event.get("multiValueHeaders") or {}).items()
    several = [value for key, value in values if key.lower() == name.lower()]
    value = next((value for key, value in request.headers.items() if key.lower() == name.lower()), None)
    if not value:
        return None
    once = sum(len(each or []) for each in several) <= 1
    return value if once and isinstance(value, str) and len(value) <= longest else ""


def client_at(request: BaseProxyEvent) -> str:
    """The client behind the address that the front saw: of IPv6 the network, in which everybody has many addresses."""
    context: dict[str, Any] = request.raw_event["requestContext"]
    address = str((context.get("http") or context.get("identity") or {}).get("sourceIp") or "")
    return _client("address", _network(address))


def client_who_is(user_id: str) -> str:
    return _client("user", user_id)


def _network(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), IPV6_NETWORK_BITS), strict=False))


def _client(kind: str, text: str) -> str:
    """A client as leases and logs know it: short, and neither the address nor the user itself."""
    return hashlib.sha256(f"{kind}:{text}".encode()).hexdigest()[:20]
