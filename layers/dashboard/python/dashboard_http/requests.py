"""What does a request say? The same on both fronts, and checked before anything looks at it."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, NamedTuple

from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent
from dashboard_data import Client

LONGEST_HEADER = 512
# Bits of the network that counts as one client, by version of IP: one customer of an IPv6 provider
# has at least a /64. And the wider network, which customers often have all of, or can rent.
CLIENT_BITS = {4: 32, 6: 64}
WIDER_BITS = {4: 24, 6: 48}
PROOF_HEADER = "x-proxy-secret"
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html
WITH_PORT = ("cloudfront-viewer-address",)
_BRACKETED = re.compile(r"\[([^][]*)\](?::[0-9]+)?")


class TrustedProxy(NamedTuple):
    """A proxy in front: it says the client's address in `header`, and knows the `secret`."""

    header: str
    secret: str


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


def query_values(request: BaseProxyEvent, name: str) -> list[str] | None:
    """Returns all values of a query parameter; None if it does not come.

    Payload format 2.0 joins several by commas into one, as a client may, too.
    """
    payload = request.raw_event
    several = payload.get("multiValueQueryStringParameters") or {}
    if name in several:
        return [str(each) for each in several[name] or [""]]
    single = payload.get("queryStringParameters") or {}
    return [str(single[name] or "")] if name in single else None


def address_of(request: BaseProxyEvent, proxy: TrustedProxy | None) -> str:
    """Returns the client's address: what a trusted proxy says, or else what the front saw."""
    if proxy and _comes_through(request, proxy):
        values = _values(request, proxy.header)
        if stated := stated_address(",".join(values), has_port=proxy.header.lower() in WITH_PORT):
            return stated
    context: dict[str, Any] = request.raw_event["requestContext"]
    return str((context.get("http") or context.get("identity") or {}).get("sourceIp") or "")


def stated_address(value: str, *, has_port: bool = False) -> str | None:
    """Returns the last address of a header such as X-Forwarded-For; None if that is no address.

    It may have a port: `192.0.2.1:443`, `[2001:db8::1]:443`. Without brackets the port of an IPv6
    address can only be told if it always comes (`has_port`), or if the rest would be no address.
    """
    last = value.rpartition(",")[2].strip()
    bracketed = _BRACKETED.fullmatch(last)
    if bracketed:
        return _checked(bracketed[1])
    host, _, port = last.rpartition(":")
    without_port = _checked(host) if port.isascii() and port.isdigit() else None
    if has_port:
        return without_port or _checked(last)
    return _checked(last) or without_port


def client_id_of_address(request: BaseProxyEvent) -> str:
    """Identifies the client by the address that the front saw, whatever a proxy says."""
    return anonymous_client(address_of(request, None), authenticated=False).client_id


def anonymous_client(address: str, *, authenticated: bool) -> Client:
    """Identifies the client by its address, and by the wider network around that.

    An IPv6 address counts with its whole network, in which everybody has many addresses.
    """
    return Client(
        client_id=_id("address", _network(address, CLIENT_BITS)),
        network_id=_id("network", _wider_network(address)),
        authenticated=authenticated,
    )


def user_client(user_id: str, address: str | None) -> Client:
    """Identifies a client by a user id that somebody vouches for, and by its address if known.

    The shares of its address and network are apart from those of clients without a token there.
    """
    if address is None:
        return Client(_id("user", user_id), authenticated=True)
    return Client(
        client_id=_id("user", user_id),
        address_id=_id("user-address", _network(address, CLIENT_BITS)),
        network_id=_id("user-network", _wider_network(address)),
        authenticated=True,
    )


def _comes_through(request: BaseProxyEvent, proxy: TrustedProxy) -> bool:
    secret = single_header(request, PROOF_HEADER) or ""
    return hmac.compare_digest(secret.encode(), proxy.secret.encode())


def _values(request: BaseProxyEvent, name: str) -> list[str]:
    """Returns all values of a header. Payload format 2.0 joins them by commas."""
    several: dict[str, Any] = request.raw_event.get("multiValueHeaders") or {}
    for headers in (several, request.headers):
        found = [value for key, value in headers.items() if key.lower() == name.lower()]
        values = [
            each for value in found for each in (value if isinstance(value, list) else [value])
        ]
        if values:
            return [str(each) for each in values]
    return []


def _checked(address: str) -> str | None:
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.scope_id:
        return None
    return str(parsed)


def _wider_network(address: str) -> str:
    """Returns the wider network. An address of this machine has its own, and stands for one.

    So clients from anywhere can be played on one machine.
    """
    checked = _checked(address)
    if checked and ip_address(checked).is_loopback:
        return address
    return _network(address, WIDER_BITS)


def _network(address: str, bits: Mapping[int, int]) -> str:
    """Returns the network of an address, of so many bits for each version of IP."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return str(ip_network((int(parsed), bits[parsed.version]), strict=False))


def _id(kind: str, text: str) -> str:
    """Makes the id that leases and logs use: short, and neither the address nor the user id."""
    return hashlib.sha256(f"{kind}:{text}".encode()).hexdigest()[:20]
