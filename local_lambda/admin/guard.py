"""Decides whose requests the admin address accepts: it executes code, so no other site's page may.

A page of any site can make a browser send requests to this machine. Two things tell them apart:
the `Origin` that browsers add, and a `Host` that is not this machine's when a name of that site has
been made to lead here (DNS rebinding).
"""

import ipaddress
import re
from urllib.parse import urlsplit

from local_lambda.http.messages import Headers

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d+)?", re.IGNORECASE)
_READING = ("GET", "HEAD")
_OWN_SITES = ("same-origin", "none")  # "none": the user's own address bar


def refusal(method: str, headers: Headers) -> str | None:
    """Returns why a request is refused, as a sentence, or None."""
    hosts = _values(headers, "host")
    if len(hosts) != 1 or not _is_loopback(hosts[0]):
        return f"the admin address is for this machine: Host {', '.join(hosts)!r} is not loopback"
    if method in _READING:
        return None
    for origin in _values(headers, "origin"):
        if urlsplit(origin).netloc.lower() != hosts[0].lower():
            return f"a page of {origin!r} may not use the admin address"
    for site in _values(headers, "sec-fetch-site"):
        if site not in _OWN_SITES:
            return "a page of another site may not use the admin address"
    return None


def _values(headers: Headers, name: str) -> list[str]:
    return [value.strip() for key, value in headers if key.lower() == name]


def _is_loopback(host: str) -> bool:
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = found[1].strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, section 6.3
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
