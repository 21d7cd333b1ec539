"""Which arguments has the model, and what may they be?"""

import argparse
from collections.abc import Callable
from pathlib import Path

from benchmarks.cost.measured import RESULTS
from benchmarks.cost.model import INSTANCES, STANDARD, Assumptions
from benchmarks.cost.peers import Peers
from benchmarks.cost.prices import INSTANCES as INSTANCE_TYPES


def number(lowest: float, highest: float) -> Callable[[str], float]:
    """Returns a reader of numbers from `lowest` to `highest`."""

    def read(text: str) -> float:
        value = float(text)
        if not lowest <= value <= highest:
            raise argparse.ArgumentTypeError(f"must be from {lowest:g} to {highest:g}")
        return value

    return read


def whole(lowest: int, highest: int) -> Callable[[str], int]:
    """Returns a reader of whole numbers from `lowest` to `highest`."""

    def read(text: str) -> int:
        value = int(text)
        if not lowest <= value <= highest:
            raise argparse.ArgumentTypeError(f"must be from {lowest:,} to {highest:,}")
        return value

    return read


MANY = 100_000_000
OPTIONS: dict[str, tuple[Callable[[str], float], str]] = {
    "viewers": (whole(1, MANY), "viewers who are on at the same time"),
    "hours_a_day": (number(0.01, 24), "hours of a day in which they are on"),
    "days": (number(0.01, 31), "days of a month in which they are on"),
    "items_a_day": (number(0, 1e9), "new items a day, each sent to each viewer"),
    "memory_mb": (whole(128, 10_240), "memory of the stream function in standard mode"),
    "life_s": (number(5, 900), "seconds that a stream lives before its client opens the next"),
    "instances": (whole(1, 10_000), "managed instances that run at the fewest"),
    "streams_of_process": (whole(1, 1_600), "streams that a process on an instance may serve"),
    "limit": (whole(1, MANY), "MaxConnections: streams that may be open"),
    "signed_in": (number(0, 1), "share of viewers whose stream follows a configuration"),
    "idle_bytes_a_second": (number(0, 1e6), "bytes of heartbeats and metrics of a stream"),
    "metrics_bytes": (number(0, 1e5), "bytes of the metrics that follow an item"),
    "visit_minutes": (number(0.1, 1e5), "minutes of one visit"),
    "abandoned": (number(0, 1), "share of visits that end without a goodbye"),
    "abandoned_s": (number(0, 900), "seconds that such a visit is billed longer"),
}
PEER_OPTIONS: dict[str, tuple[Callable[[str], float], str]] = {
    "heavy_memory_mb": (whole(128, 10_240), "memory of the heavier stack"),
    "heavy_poll_units": (number(0, 1e4), "read units of each poll of its streams"),
    "heavy_poll_s": (number(0.1, 900), "seconds between these polls"),
    "heavy_heartbeat_s": (number(0.1, 900), "seconds between its heartbeats"),
    "heavy_metrics_of_heartbeat": (whole(0, 100), "calls of PutMetricData for each of these"),
    "heavy_metrics_of_event": (whole(0, 100), "calls of PutMetricData for each event"),
    "adapter_memory_mb": (whole(128, 10_240), "memory of the web adapter's function"),
    "adapter_poll_units": (number(0, 1e4), "read units of each poll of its streams"),
    "adapter_poll_s": (number(0.1, 900), "seconds between these polls"),
    "peer_after_s": (number(0, 900), "seconds that peers on Lambda bill after each visit"),
    "container_vcpu": (number(0.25, 16), "vCPU of a container"),
    "container_gb": (number(0.5, 120), "memory of a container"),
    "container_streams": (whole(1, MANY), "streams that a container or a machine holds"),
    "polling_s": (number(1, 86_400), "seconds between the calls of who polls"),
}
CHOICES = {
    "architecture": (("arm64", "x86_64"), "processor architecture"),
    "mode": ((STANDARD, INSTANCES), "how Lambda runs the stream function"),
    "instance": (INSTANCE_TYPES, "type of the managed instances"),
}


def option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def parser(description: str | None) -> argparse.ArgumentParser:
    """Returns the parser; each assumption has an option."""
    found = argparse.ArgumentParser(
        prog="python -m benchmarks.cost",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    defaults = Assumptions()
    for name, (read, text) in OPTIONS.items():
        default = getattr(defaults, name)
        shown = "default: half a life" if default is None else f"default: {default:g}"
        found.add_argument(option(name), type=read, default=default, help=f"{text} ({shown})")
    peers = Peers()
    others = found.add_argument_group("other ways")
    for name, (read, text) in PEER_OPTIONS.items():
        default = getattr(peers, name)
        shown = f"{text} (default: {default:g})"
        others.add_argument(option(name), type=read, default=default, help=shown)
    for name, (choices, text) in CHOICES.items():
        default = getattr(defaults, name)
        found.add_argument(option(name), choices=choices, default=default, help=text)
    found.add_argument("--rest-api", action="store_true", help="streams pass through the REST API")
    found.add_argument("--results", type=Path, default=RESULTS, help="measured inputs")
    found.add_argument("--json", action="store_true", help="print JSON")
    found.add_argument("--document", action="store_true", help="print the tables of docs/cost.md")
    found.add_argument("--plot", type=Path, metavar="FILE", help="write the break-even as an SVG")
    return found
