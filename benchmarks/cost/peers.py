"""What does the same audience cost in other ways?

Each is a function of the same assumptions. Their settings are those of services that were measured
beside ours, and stand here as arguments.
"""

from collections.abc import Callable
from math import ceil

from benchmarks.cost.model import (
    DAYS,
    Assumptions,
    Bill,
    data_out,
    gb_hour,
    on_instances,
    standard,
)
from benchmarks.cost.prices import MONTH_H, MONTH_S, price
from benchmarks.cost.units import POLL_S, STATE_READS, Units, monthly, poll

POLLING_S = 10
METRICS_CALL = Units(reads=STATE_READS + 1 + 0.5)  # records, head, and a page of 20 entries
CALL_S = 0.05


def heavy(
    a: Assumptions,
    *,
    memory_mb: int = 1_024,
    poll_units: float = 13.5,
    poll_s: float = 5,
    heartbeats_s: float = 30,
    metrics_of_heartbeat: int = 2,
) -> Bill:
    """A heavier stack on Lambda: each stream polls indexes, and calls PutMetricData.

    13.5 read units a poll of 5 s, one call for each event and two for each heartbeat.
    """
    seconds = a.streams * MONTH_S
    calls = seconds / heartbeats_s * metrics_of_heartbeat + a.streams * a.items_a_day * DAYS
    lines = {
        "compute": a.streams * MONTH_H * gb_hour(memory_mb, a.architecture),
        "polls": seconds / poll_s * poll_units * price("read unit"),
        "PutMetricData": calls * price("put metric data"),
        "data out": data_out(a),
    }
    return Bill(f"a heavier stack on Lambda, {memory_mb:,} MB", lines)


def adapter(a: Assumptions, *, memory_mb: int = 256, poll_units: float = 0.5) -> Bill:
    """A web server behind the Lambda Web Adapter, with one query every 2 s for each stream."""
    lines = {
        "compute": a.streams * MONTH_H * gb_hour(memory_mb, a.architecture),
        "polls": a.streams * MONTH_S / 2 * poll_units * price("read unit"),
        "data out": data_out(a),
    }
    return Bill(f"a web adapter on Lambda, {memory_mb} MB", lines)


STREAMS_OF_UNIT = 3_000  # connections that one load balancer unit (LCU) has


def _balancer(streams: int) -> float:
    units = max(1, streams / STREAMS_OF_UNIT)
    return (price("load balancer") + units * price("load balancer unit")) * MONTH_H


def _container(a: Assumptions, name: str, compute: float, streams_of_one: int) -> Bill:
    count = max(1, ceil(a.served / streams_of_one))
    lines = {
        "compute": compute * count,
        "load balancer": _balancer(a.served),
        "polls": poll().times(monthly(POLL_S) * count).dollars,
        "data out": data_out(a),
    }
    return Bill(name, lines)


def fargate(
    a: Assumptions, *, vcpu: float = 0.25, gb: float = 0.5, streams_of_one: int = 2_000
) -> Bill:
    """Containers behind a load balancer; each reads the table once a second for all its streams."""
    hour = vcpu * price("fargate arm64 vcpu") + gb * price("fargate arm64 gb")
    name = f"Fargate, arm64, {vcpu:g} vCPU and {gb:g} GB, with a load balancer"
    return _container(a, name, hour * MONTH_H, streams_of_one)


def ec2(a: Assumptions, *, instance: str = "t4g.micro", streams_of_one: int = 2_000) -> Bill:
    """Small machines behind a load balancer."""
    name = f"EC2 {instance}, with a load balancer"
    return _container(a, name, price(instance) * MONTH_H, streams_of_one)


def polling(a: Assumptions, *, every_s: float = POLLING_S, memory_mb: int = 128) -> Bill:
    """`GET /api/v2/metrics` through the REST API instead of streams: half of `every_s` late."""
    calls = a.streams * monthly(every_s)
    work = CALL_S / 3_600 * gb_hour(memory_mb, a.architecture)
    lines = {
        "requests": calls * (price("rest api request") + price("lambda request")),
        "compute": calls * work,
        "table": calls * METRICS_CALL.dollars,
    }
    return Bill(f"polling GET /api/v2/metrics every {every_s:g} s through the REST API", lines)


def appsync(a: Assumptions) -> Bill:
    """AppSync Events: connection minutes, and one operation for each item that a viewer gets.

    Without the publisher's own operations, which one viewer's exceed.
    """
    lines = {
        "connection minutes": a.streams * MONTH_S / 60 * price("appsync events minute"),
        "operations": a.streams * a.items_a_day * DAYS * price("appsync events operation"),
        "data out": data_out(a),
    }
    return Bill("AppSync Events", lines)


def iot(a: Assumptions) -> Bill:
    """IoT Core over MQTT: connection minutes, and one message for each item that a viewer gets."""
    lines = {
        "connection minutes": a.streams * MONTH_S / 60 * price("iot core minute"),
        "messages": a.streams * a.items_a_day * DAYS * price("iot core message"),
        "data out": data_out(a),
    }
    return Bill("IoT Core", lines)


def all_ways(a: Assumptions) -> list[Bill]:
    """Returns one bill for each way, ours first."""
    return [
        standard(a),
        on_instances(a),
        fargate(a),
        ec2(a),
        adapter(a),
        adapter(a, memory_mb=512),
        heavy(a),
        polling(a),
        appsync(a),
        iot(a),
    ]


def break_even(
    dear: Callable[[Assumptions], Bill],
    flat: Callable[[Assumptions], Bill],
    a: Assumptions,
    most: int = 5_000,
) -> int | None:
    """Returns the fewest viewers for whom `dear` costs as much as `flat` or more; None: never."""
    for viewers in range(1, most + 1):
        audience = a.with_viewers(viewers)
        if dear(audience).total >= flat(audience).total:
            return viewers
    return None
