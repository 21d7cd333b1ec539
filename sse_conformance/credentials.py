"""Which credentials are sent to whom, and what of them is secret?"""

import base64
from urllib.parse import unquote

from sse_conformance.secrecy import credentials_of
from sse_conformance.target import Target


def basic(target: Target) -> tuple[str, str]:
    """Returns the header for the user and the password of a URL."""
    pair = unquote(target.user_info).encode("utf-8")
    return "Authorization", f"Basic {base64.b64encode(pair).decode('ascii')}"


def emit_headers(
    headers: list[tuple[str, str]],
    auth: tuple[str, str] | None,
    target: Target,
    producer: Target | None,
) -> tuple[tuple[str, str], ...]:
    """Returns what the producer gets: its URL's own credential, or the stream's if it is there."""
    if producer is None:
        return ()
    own = basic(producer) if producer.user_info else None
    if own is None and producer.origin == target.origin:
        own = auth
    if own is None:
        return tuple(headers)
    name = own[0].lower()
    return (*(each for each in headers if each[0].lower() != name), own)


def secrets_of(
    headers: list[tuple[str, str]], auth: tuple[str, str] | None, *targets: Target
) -> tuple[str, ...]:
    """Returns all that no report may show: of headers, of the credential, and of URLs."""
    values = [value for _, value in headers]
    if auth:
        values.append(auth[1])
    found = [secret for value in values for secret in (value, *credentials_of(value))]
    for target in targets:
        for each in target.path.partition("?")[2].split("&"):
            name, equals, value = each.partition("=")
            found.append(value if equals else name)
        user_info = target.user_info
        found += [unquote(part) for part in (user_info, *user_info.partition(":")[::2])]
    return tuple(dict.fromkeys(each for each in found if each))
