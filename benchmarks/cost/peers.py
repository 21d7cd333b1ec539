"""What does the same audience cost in other ways?

Each is a function of the same assumptions, and of settings of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
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

METRICS_CALL = Units(reads=STATE_READS + 1 + 0.5)  # records, head, and a page of 20 entries
CALL_S = 0.05
STREAMS_OF_BALANCER_UNIT = 3_000


@dataclass(frozen=True)
class Peers:
    """Settings of the other ways. Those of the heavier stack are of one measured beside ours.

    Its streams poll three tickers' indexes, and call PutMetricData. `peer_after_s`: seconds that
    the peers on Lambda bill for each visit after its viewer has left.
    """

    heavy_memory_mb: int = 1_024
    heavy_poll_units: float = 13.5
    heavy_poll_s: float = 5
    heavy_heartbeat_s: float = 30
    heavy_metrics_of_heartbeat: int = 2
    heavy_metrics_of_event: int = 1
    adapter_memory_mb: int = 256
    adapter_poll_units: float = 0.5
    adapter_poll_s: float = 2
    peer_after_s: float = 0
    container_vcpu: float = 0.25
    container_gb: float = 0.5
    container_streams: int = 2_000
    machine: str = "t4g.micro"
    polling_s: float = 10

    def billed(self, a: Assumptions) -> Assumptions:
        """Returns the audience as a peer without goodbyes bills it."""
        return replace(a, abandoned=1, abandoned_s=self.peer_after_s)


DEFAULTS = Peers()


def heavy(a: Assumptions, peers: Peers = DEFAULTS) -> Bill:
    """A heavier stack on Lambda: each stream polls indexes, and calls PutMetricData."""
    a = peers.billed(a)
    seconds = a.streams * MONTH_S
    events = a.streams * a.items_a_day * DAYS * peers.heavy_metrics_of_event
    calls = seconds / peers.heavy_heartbeat_s * peers.heavy_metrics_of_heartbeat + events
    units = seconds / peers.heavy_poll_s * peers.heavy_poll_units
    lines = {
        "compute": a.streams * MONTH_H * gb_hour(peers.heavy_memory_mb, a.architecture),
        "polls": units * price("read unit"),
        "PutMetricData": calls * price("put metric data"),
        "data out": data_out(a),
    }
    return Bill(f"a heavier stack on Lambda, {peers.heavy_memory_mb:,} MB", lines)


def adapter(a: Assumptions, peers: Peers = DEFAULTS) -> Bill:
    """A web server behind the Lambda Web Adapter, with a query of its own for each stream."""
    a = peers.billed(a)
    units = a.streams * MONTH_S / peers.adapter_poll_s * peers.adapter_poll_units
    lines = {
        "compute": a.streams * MONTH_H * gb_hour(peers.adapter_memory_mb, a.architecture),
        "polls": units * price("read unit"),
        "data out": data_out(a),
    }
    return Bill(f"a web adapter on Lambda, {peers.adapter_memory_mb:,} MB", lines)


def _balancer(streams: int) -> float:
    units = max(1, streams / STREAMS_OF_BALANCER_UNIT)
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


def fargate(a: Assumptions, peers: Peers = DEFAULTS) -> Bill:
    """Containers behind a load balancer; each reads the table once a second for all its streams."""
    vcpu = peers.container_vcpu
    gb = peers.container_gb
    hour = vcpu * price("fargate arm64 vcpu") + gb * price("fargate arm64 gb")
    name = f"Fargate, arm64, {vcpu:g} vCPU and {gb:g} GB, with a load balancer"
    return _container(a, name, hour * MONTH_H, peers.container_streams)


def ec2(a: Assumptions, peers: Peers = DEFAULTS) -> Bill:
    """Small machines behind a load balancer."""
    name = f"EC2 {peers.machine}, with a load balancer"
    return _container(a, name, price(peers.machine) * MONTH_H, peers.container_streams)


def polling(a: Assumptions, peers: Peers = DEFAULTS) -> Bill:
    """`GET /api/v2/metrics` through the REST API instead of streams."""
    calls = a.streams * monthly(peers.polling_s)
    work = CALL_S / 3_600 * gb_hour(128, a.architecture)
    lines = {
        "requests": calls * (price("rest api request") + price("lambda request")),
        "compute": calls * work,
        "table": calls * METRICS_CALL.dollars,
    }
    name = f"polling GET /api/v2/metrics every {peers.polling_s:g} s through the REST API"
    return Bill(name, lines)


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


def all_ways(a: Assumptions, peers: Peers = DEFAULTS) -> list[Bill]:
    """Returns one bill for each way, ours first."""
    larger = replace(peers, adapter_memory_mb=2 * peers.adapter_memory_mb)
    return [
        standard(a),
        on_instances(a),
        fargate(a, peers),
        ec2(a, peers),
        adapter(a, peers),
        adapter(a, larger),
        heavy(a, peers),
        polling(a, peers),
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
