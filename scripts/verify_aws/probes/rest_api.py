"""Probes of REST APIs."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

from verify_aws.fronts import ONE_A_SECOND
from verify_aws.probes.fronts import message
from verify_aws.probes.streams import follows
from verify_aws.trying import AT_ONCE, WITHIN_S, NotTried, Target, expect, probe
from verify_aws.wire import Address, Connection, written

AUTHORIZER_S = 29.0
TOO_MUCH_BYTES = 10 * 1024 * 1024 + 512 * 1024


@probe("rest-order-of-missing-parameters", "rest")
def missing_parameters(target: Target) -> None:
    reply = target.ask("/required")
    said = str(message(reply))
    expect(reply.status == 400, f"status {reply.status}")
    expect("[second, first]" in said, f"the message is {said!r}")


@probe("rest-throttled-429", "rest")
def throttled(target: Target) -> None:
    reply = target.ask("/throttled")
    expect(reply.status == 429, f"status {reply.status}")


@probe("rest-authorizer-29-s", "rest", is_slow=True)
def slow_authorizer(target: Target) -> None:
    within_s = AUTHORIZER_S + WITHIN_S
    reply = target.ask("/authorized?seconds=25", within_s=within_s)
    expect(reply.status == 200, f"one that takes 25 s: status {reply.status}")
    reply = target.ask("/authorized?seconds=32", within_s=within_s)
    after_s = reply.duration_s
    expect(reply.status >= 400, f"one that takes 32 s: status {reply.status}")
    expect(
        abs(after_s - AUTHORIZER_S) < 2, f"one that takes 32 s is given up after {after_s:.0f} s"
    )


@probe("rest-head-without-body", "service-rest", "rest")
def head(target: Target) -> None:
    path = target.path("plain", path="/buffered") if target.front.is_probe else "/health"
    with target.connection() as connection:
        connection.send(written(target.address, path, "HEAD"))
        reply = connection.read(WITHIN_S, "HEAD")
        expect(reply.status == 200, f"status {reply.status}")
        length = int(reply.value("content-length") or 0)
        expect(length > 0, "its length does not reach the client")
        follows(connection, target)


@probe("rest-throttle-by-method", "rest", alone=True, unlike_emulator=True)
def throttle_by_method(target: Target) -> None:
    address = target.stacks.addresses.get(ONE_A_SECOND)
    if not address:
        raise NotTried("the probe stack has no second API")
    with Connection(Address.parse(address)) as connection:
        statuses = [_status(connection, "/a") for _ in range(20)]
        if 429 not in statuses:
            raise NotTried("twenty requests were not throttled")
        expect(_status(connection, "/b") == 200, "the other route is throttled, too")


def _status(connection: Connection, path: str) -> int:
    connection.send(written(connection.address, path))
    return connection.read(WITHIN_S).status


@probe("rest-errors-are-detail", "service-rest", unlike_emulator=True)
def own_errors(target: Target) -> None:
    reply = target.ask("/api/v2/configurations", "POST", body=bytes(TOO_MUCH_BYTES))
    expect(reply.status == 413, f"status {reply.status}")
    expect(list(json.loads(reply.body)) == ["detail"], "the body has other names than detail")


@probe("rest-no-second-invocation", "rest", alone=True)
def second_invocation(target: Target) -> None:
    reply = target.ask(target.path("pieces"))
    expect(reply.status == 200, f"status {reply.status}")
    # Each environment counts such payloads. Several requests at once reach several environments.
    seen = set()
    with ThreadPoolExecutor(AT_ONCE) as executor:
        for _ in range(6):
            for echo in list(executor.map(lambda _: target.echo(), range(AT_ONCE))):
                seen.add(echo["environment"])
                strangers = echo["strangers"]
                expect(strangers == 0, f"{strangers} invocations without HTTP")
            threading.Event().wait(0.5)
    if reply.value("x-environment") not in seen:
        raise NotTried("the environment that streamed did not serve the next requests")
