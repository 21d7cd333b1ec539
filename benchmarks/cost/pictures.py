"""Draws from how many viewers on another way is cheaper: docs/images/cost_break_even.svg."""

from collections.abc import Callable
from dataclasses import replace

from benchmarks.cost.model import Assumptions, Bill, on_instances, standard
from benchmarks.cost.peers import DEFAULTS, Peers, adapter, break_even, fargate, heavy
from benchmarks.cost.plot import Axis, Line, Mark, svg

MOST = 1_000
VIEWERS = Axis("viewers, all of them always on", 1, MOST, (1, 3, 10, 30, 100, 300, 1_000))
DOLLARS = Axis("dollars a month", 2, 50_000, (3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000))
Way = Callable[[Assumptions], Bill]


def sizes(most: int = MOST) -> list[int]:
    """Returns some 60 numbers of viewers from 1 to `most`, evenly on a logarithmic axis."""
    steps = 60
    return sorted({round(most ** (step / steps)) for step in range(steps + 1)})


def _line(label: str, way: Way, a: Assumptions) -> Line:
    points = [(float(each), way(a.with_viewers(each)).total) for each in sizes()]
    return Line(label, points)


def _meeting(dear: Way, flat: Way, a: Assumptions) -> list[Mark]:
    viewers = break_even(dear, flat, a, MOST)
    if viewers is None:
        return []
    return [Mark(viewers, flat(a.with_viewers(viewers)).total, f"{viewers} viewers")]


def cost_picture(a: Assumptions, peers: Peers = DEFAULTS) -> str:
    """Returns the break-even of standard Lambda, managed instances and a container, as an SVG."""

    def container(a: Assumptions) -> Bill:
        return fargate(a, peers)

    shared = replace(a, streams_of_process=1_000)
    lines = [
        _line(f"standard, {a.memory_mb} MB", standard, a),
        _line(f"managed, {a.streams_of_process} streams each", on_instances, a),
        _line("managed, 1,000 streams each", on_instances, shared),
        _line("container, load balancer", container, a),
        _line(f"web adapter, {peers.adapter_memory_mb} MB", lambda a: adapter(a, peers), a),
        _line(f"heavier stack, {peers.heavy_memory_mb:,} MB", lambda a: heavy(a, peers), a),
    ]
    marks = [*_meeting(standard, container, a), *_meeting(standard, on_instances, a)]
    title = "What viewers who are always on cost in a month"
    return svg(title, VIEWERS, DOLLARS, lines, marks)
