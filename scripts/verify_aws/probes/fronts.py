"""Probes of all fronts: requests as they reach a function, and the names of headers."""

import ipaddress
import json
from typing import Any

from verify_aws.trying import WITHIN_S, Differs, Target, expect, probe
from verify_aws.wire import Reply, written

CLOSED_WITHIN_S = 5.0
CLIENT = "192.0.2.7"
FUNCTION_NAMES = ("date", "server", "connection", "x-amzn-requestid")
TOO_LARGE_TEXT = "Request Entity Too Large"
FIVE_MB = 5 * 1024 * 1024


def header(payload: dict[str, Any], name: str) -> str | None:
    """Returns a header of the request that a payload holds."""
    for key, value in payload["headers"].items():
        if key.lower() == name:
            return str(value)
    return None


def message(reply: Reply) -> object:
    """Returns the `message` of a JSON body, or None."""
    try:
        found = json.loads(reply.body)
    except ValueError:
        return None
    return found.get("message") if isinstance(found, dict) else None


def refused_and_closed(target: Target, request: bytes, status: int) -> None:
    with target.connection() as connection:
        connection.send(request)
        reply = connection.read(WITHIN_S)
        expect(reply.status == status, f"status {reply.status}")
        expect(connection.is_closed(CLOSED_WITHIN_S), "the connection stays open")


@probe("http-version-505", "url")
def http_version(target: Target) -> None:
    refused_and_closed(target, written(target.address, "/", version="3.0"), status=505)


@probe("head-over-1-mb-431", "url")
def long_head(target: Target) -> None:
    lines = tuple((f"x-long-{number}", "x" * 11_000) for number in range(200))
    refused_and_closed(target, written(target.address, "/", headers=lines), status=431)


@probe("unknown-method-405", "url", "rest", "http-api")
def unknown_methods(target: Target) -> None:
    for method in ("BREW", "get"):
        reply = target.ask(target.path(), method=method)
        expect(reply.status == 405, f"{method}: status {reply.status}")
        expect(reply.value("allow"), f"{method}: 405 without Allow")


@probe("payload-over-6-mb-text", "url", "http-api")
def large_payload(target: Target) -> None:
    kind = (("Content-Type", "application/octet-stream"),)
    reply = target.ask(target.path(), "POST", kind, bytes(FIVE_MB))
    said_too_large(reply)


def said_too_large(reply: Reply) -> None:
    expect(reply.status == 413, f"status {reply.status}")
    expect(message(reply) == TOO_LARGE_TEXT, f"413 with the message {message(reply)!r}")


def source(payload: dict[str, Any]) -> str:
    """Returns the client's address that a payload names, or an empty text."""
    context = payload["requestContext"]
    of_client = context.get("http") or context.get("identity") or {}
    return str(of_client.get("sourceIp", ""))


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@probe("url-replaces-x-forwarded-for", "url", "buffered-url")
def replaced(target: Target) -> None:
    payload = target.echo(headers=(("X-Forwarded-For", CLIENT),))["payload"]
    value = header(payload, "x-forwarded-for") or ""
    expect(CLIENT not in value, "what the client sent reaches the function")
    expect(value, "the header is missing")
    expect(value == source(payload), "it is another address than the payload's source")


@probe("apis-append-x-forwarded-for", "rest", "http-api", "load-balancer")
def appended(target: Target) -> None:
    payload = target.echo(headers=(("X-Forwarded-For", CLIENT),))["payload"]
    value = header(payload, "x-forwarded-for") or ""
    first, _, others = value.partition(",")
    expect(first.strip() == CLIENT, "what the client sent is not the first address")
    behind = [each.strip() for each in others.split(",")]
    # A payload of a load balancer names no source, and an edge of AWS may stand behind the client.
    own = source(payload) or behind[-1]
    expect(is_address(own) and own in behind, "the client's own address is missing")


@probe("hop-by-hop-headers-stay", "url", "rest", "http-api")
def of_one_connection(target: Target) -> None:
    sent = (("TE", "trailers"), ("Keep-Alive", "timeout=5"), ("Trailer", "x-probe"))
    payload = target.echo(headers=sent)["payload"]
    arrived = [name for name, _ in sent if header(payload, name.lower()) is not None]
    expect(not arrived, f"the function gets {', '.join(arrived)}")


@probe("remapped-headers", "url", "buffered-url", "rest", "http-api")
def remapped(target: Target) -> None:
    streams = target.key in ("url", "rest")
    reply = target.ask(target.path("streamed-names" if streams else "names"))
    expect(reply.status == 200, f"status {reply.status}")
    for name in FUNCTION_NAMES:
        under_own_name = "of-the-function" in reply.values(name)
        expect(not under_own_name, f"{name} arrives under its own name")
        found = reply.value(f"x-amzn-remapped-{name}")
        expect(found == "of-the-function", f"{name} does not arrive")
    if streams:
        found = reply.value("x-amzn-remapped-content-length")
        expect(found == "5", "content-length of a stream does not arrive")


@probe("remapped-www-authenticate", "service-rest", "service-url")
def challenge(target: Target) -> None:
    reply = target.ask("/api/v2/configurations/none/stream")
    expect(reply.status == 401, f"status {reply.status}")
    if not reply.value("x-amzn-remapped-www-authenticate"):
        own = reply.value("www-authenticate")
        raise Differs("it keeps its name" if own else "it does not arrive")
    expect(not reply.value("www-authenticate"), "it arrives under both names")


@probe("url-suffixes-are-text", "url", "buffered-url")
def suffixes(target: Target) -> None:
    for kind in ("application/problem+json", "image/svg+xml"):
        payload = target.echo("POST", (("Content-Type", kind),), b'{"a": 1}')["payload"]
        expect(payload["isBase64Encoded"] is False, f"{kind} is handed over as base64")


@probe("url-doubles-cors", "buffered-url")
def doubled(target: Target) -> None:
    reply = target.ask(target.path("cors"), headers=(("Origin", "https://probe.example"),))
    joined = ",".join(reply.values("access-control-allow-origin"))
    origins = {each.strip() for each in joined.split(",")}
    both = {"https://probe.example", "https://function.example"}
    expect(origins == both, f"it arrives as {', '.join(sorted(origins)) or 'nothing'}")
