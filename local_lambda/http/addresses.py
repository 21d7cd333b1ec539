"""Knows the addresses of this machine on which fronts listen and under which others reach them."""

import ipaddress
import socket

LOOPBACK = "127.0.0.1"
# Networks of documentation (RFC 5737 and RFC 3849), as examples of an address elsewhere.
_ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
_DISCARD_PORT = 9


def checked(text: str) -> str:
    """Returns an address to listen on. Raises ValueError with a sentence."""
    bare = text.strip().removeprefix("[").removesuffix("]")
    if bare == "localhost":
        return LOOPBACK
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        raise ValueError(
            f"{text!r} is not an IP address; 0.0.0.0 means all addresses of this machine"
        ) from None
    if address.is_multicast or str(address) == "255.255.255.255":
        raise ValueError(f"{text!r} is an address of many machines, and none to listen on")
    return str(address)


def listen(host: str, port: int) -> socket.socket:
    """Returns a bound socket. Raises OSError with its number."""
    version = ipaddress.ip_address(host).version
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    return socket.create_server((host, port), family=family)


def origin(host: str, port: int) -> str:
    """Returns a URL with a slash at its end, under which this machine reaches the listener."""
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        address = ipaddress.ip_address(LOOPBACK if address.version == 4 else "::1")
    return _url(address, port)


def network_origin(host: str, port: int) -> str | None:
    """Returns the URL under which others in the network reach it, or None if there is none."""
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        found = _outgoing_address(socket.AF_INET if address.version == 4 else socket.AF_INET6)
        if found is None:
            return None
        address = ipaddress.ip_address(found)
    return None if address.is_loopback else _url(address, port)


def is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host).is_loopback


def _url(address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> str:
    host = f"[{address}]" if address.version == 6 else str(address)
    return f"http://{host}:{port}/"


def _outgoing_address(family: socket.AddressFamily) -> str | None:
    """Returns the address that this machine would send from, or None without a network.

    Connecting a datagram socket chooses a route and sends nothing.
    """
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as chooser:
            chooser.connect((_ELSEWHERE[family], _DISCARD_PORT))
            return str(chooser.getsockname()[0])
    except OSError:
        return None
