"""What does a request say? The same on both fronts, and checked before anything looks at it."""

import hashlib
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

LONGEST_HEADER = 512
IPV6_NETWORK_BITS = 64  # one customer of an IPv6 provider has at least this network


def single_header(request: BaseProxyEvent, name: str, longest: int = LONGEST_HEADER) -> str | None:
    """Returns the value of a header that must come once at most, with at most `longest` characters.

    None if it does not come; an empty text if it comes more than once, or is too long.
    """
    values = (request.raw_event.get("multiValueHeaders") or {}).items()
    several = [value for key, value in values if key.lower() == name.lower()]
    value = next(
        (value for key, value in request.headers.items() if key.lower() == name.lower()), None
    )
    if not value:
        return None
    once = sum(len(each or []) for each in several) <= 1
    if not once or not isinstance(value, str) or len(value) > longest:
        return ""
    return value


def client_id_of_address(request: BaseProxyEvent) -> str:
    """Identifies the client by the address that the front saw.

    An IPv6 address counts with its whole network, in which everybody has many addresses.
    """
    context: dict[str, Any] = request.raw_event["requestContext"]
    address = str((context.get("http") or context.get("identity") or {}).get("sourceIp") or "")
    return _client_id("address", _network(address))


def client_id_of_user(user_id: str) -> str:
    """Identifies a client by a user id that somebody vouches for."""
    return _client_id("user", user_id)


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


def _client_id(kind: str, text: str) -> str:
    """Makes the id that leases and logs use: short, and neither the address nor the user id."""
    return hashlib.sha256(f"{kind}:{text}".encode()).hexdigest()[:20]
