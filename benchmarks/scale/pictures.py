"""Draws how much of a partition's limit so many viewers take: docs/images/scale_partitions.svg."""

from benchmarks.cost.plot import Axis, Line, Mark, svg
from benchmarks.scale.load import Design, fullest, most_streams, steady
from benchmarks.scale.scenarios import DENSE, INSTANCES, SHARDED, STANDARD

MOST = 1_000_000
VIEWERS = Axis(
    "viewers, all of them always on", 100, MOST, (100, 1_000, 10_000, 100_000, 1_000_000)
)
PERCENT = Axis("per cent of the busiest partition's limit", 0.1, 10_000, (0.1, 1, 10, 100, 1_000))
LINES: dict[str, Design] = {
    "standard": STANDARD,
    "managed, 64 streams each": INSTANCES,
    "managed, 1,000 streams each": DENSE,
    "sharded, not built": SHARDED,
}


def sizes() -> list[int]:
    """Returns some 60 numbers of viewers, evenly on a logarithmic axis."""
    steps = 60
    return [round(100 * (MOST / 100) ** (step / steps)) for step in range(steps + 1)]


def _line(label: str, design: Design) -> Line:
    points = [(float(each), fullest(steady(design, each))[0] * 100) for each in sizes()]
    inside = [(x, y) for x, y in points if y <= PERCENT.high]
    return Line(label, [*inside, *points[len(inside) : len(inside) + 1]])


def scale_picture() -> str:
    """Returns the load of each design by viewers as an SVG; 100 per cent is the limit."""
    lines = [_line(label, design) for label, design in LINES.items()]
    lines.append(Line("limit", [(100, 100), (MOST, 100)], dashed=True))
    marks = []
    for design in (STANDARD, INSTANCES):
        most, _ = most_streams(design)
        marks.append(Mark(most, 100, f"{round(most, -2):,}"))
    return svg("Where one table's partition is full", VIEWERS, PERCENT, lines, marks)
