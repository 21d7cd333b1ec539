"""Probes of HTTP APIs and load balancers."""

from verify_aws.probes.fronts import said_too_large
from verify_aws.probes.rest_api import TOO_MUCH_BYTES
from verify_aws.trying import Target, expect, probe, shown

DECODED_STATUS = 218  # the fixed response of the probe template's rule


@probe("http-api-payload-1-stage", "http-api")
def stage_in_path(target: Target) -> None:
    payload = target.echo(path="/one")["payload"]
    expect(payload.get("version") == "1.0", f"a payload of version {payload.get('version')}")
    expect(payload["path"] == "/probe/one", f"path is {payload['path']}")


@probe("http-api-413-text", "http-api")
def large_body(target: Target) -> None:
    kind = (("Content-Type", "text/plain"),)
    said_too_large(target.ask(target.path(), "POST", kind, b" " * TOO_MUCH_BYTES))


@probe("http-api-stream-loses-body", "http-api")
def stream_without_body(target: Target) -> None:
    reply = target.ask(target.path("streamed"))
    expect(reply.status == 200, f"status {reply.status}")
    expect(reply.value("x-probe") == "streamed", "its headers are lost, too")
    expect(reply.body == b"", f"{len(reply.body)} bytes arrive")


@probe("alb-queries-as-sent", "load-balancer")
def queries(target: Target) -> None:
    reply = target.ask("/?words=a%20b")
    expect(reply.status != DECODED_STATUS, "the rule matches")
    shown(reply)


@probe("alb-header-values", "load-balancer")
def header_values(target: Target) -> None:
    for kind, text in (("number", "7"), ("boolean", "true")):
        reply = target.ask(target.path("header-value", kind=kind))
        expect(reply.status == 200, f"a {kind}: status {reply.status}")
        found = reply.value("x-value")
        expect(found == text, f"a {kind} is sent as {found!r}")
    reply = target.ask(target.path("header-value", kind="list"))
    expect(reply.status == 502, f"a list: status {reply.status}")


@probe("alb-stream-502", "load-balancer")
def stream(target: Target) -> None:
    reply = target.ask(target.path("streamed"))
    expect(reply.status == 502, f"status {reply.status}")
