"""Draws lines on logarithmic axes as an SVG, without any library.

Colours, also of the background, are those of the reader's light or dark mode.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log10
from textwrap import fill
from xml.sax.saxutils import escape

WIDTH = 860
HEIGHT = 480
LEFT = 64
RIGHT = 236
TOP = 58
BOTTOM = 52
LABEL_STEP = 17  # so that labels at the ends of lines do not touch

_STYLE = """
svg { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif }
.back { fill: #ffffff } .ink { fill: #1f2328 } .soft { fill: #59636e }
.grid { stroke: #d1d9e0; stroke-width: 1 } .title { font-size: 16px; font-weight: 600 }
.line { fill: none; stroke-width: 2.5; stroke-linejoin: round } .dashed { stroke-dasharray: 6 5 }
.c0 { stroke: #0969da } .c1 { stroke: #1a7f37 } .c2 { stroke: #9a6700 }
.c3 { stroke: #bc4c00 } .c4 { stroke: #8250df } .c5 { stroke: #57606a }
.dot { fill: #ffffff; stroke: #1f2328; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
.back { fill: #0d1117 } .ink { fill: #f0f6fc } .soft { fill: #9198a1 } .grid { stroke: #30363d }
.c0 { stroke: #58a6ff } .c1 { stroke: #56d364 } .c2 { stroke: #e3b341 }
.c3 { stroke: #f0883e } .c4 { stroke: #bc8cff } .c5 { stroke: #9198a1 }
.dot { fill: #0d1117; stroke: #f0f6fc }
}
"""


@dataclass(frozen=True)
class Line:
    """A line through points (x, y), all above 0, with a label at its end."""

    label: str
    points: Sequence[tuple[float, float]]
    dashed: bool = False


@dataclass(frozen=True)
class Mark:
    """A point that has something to say, such as where two lines meet."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Axis:
    """One axis: its title, its lowest and highest value, and which values have a tick."""

    title: str
    low: float
    high: float
    ticks: Sequence[float]

    def place(self, value: float) -> float:
        """Returns where the value lies, from 0 (lowest) to 1 (highest)."""
        return log10(value / self.low) / log10(self.high / self.low)


def svg(
    title: str,
    x: Axis,
    y: Axis,
    lines: Sequence[Line],
    marks: Sequence[Mark] = (),
) -> str:
    """Returns the picture as text. At most six lines have colours of their own."""
    plot = _Plot(x, y)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"',
        f'role="img" aria-label="{escape(title)}">',
        f"<style>{_STYLE}</style>",
        f'<rect class="back" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
        _text(LEFT, 30, title, "ink title"),
        *plot.grid(),
        *plot.drawn(lines),
        *(part for mark in marks for part in plot.marked(mark)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _text(x: float, y: float, text: str, style: str, anchor: str = "start") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text class="{style}" {place}\n>{escape(text)}</text>'


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


class _Plot:
    def __init__(self, x: Axis, y: Axis) -> None:
        self.x = x
        self.y = y
        self.right = WIDTH - RIGHT
        self.bottom = HEIGHT - BOTTOM

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Returns the place of a point in the picture; what lies outside is moved to the edge."""
        across = min(1.0, max(0.0, self.x.place(x)))
        up = min(1.0, max(0.0, self.y.place(y)))
        return LEFT + across * (self.right - LEFT), self.bottom - up * (self.bottom - TOP)

    def grid(self) -> Iterable[str]:
        for value in self.y.ticks:
            _, level = self.at(self.x.low, value)
            yield _rule(LEFT, level, self.right, level)
            yield _text(LEFT - 8, level + 4, f"{value:,}", "soft", "end")
        for value in self.x.ticks:
            place, _ = self.at(value, self.y.low)
            yield _rule(place, TOP, place, self.bottom)
            yield _text(place, self.bottom + 18, f"{value:,}", "soft", "middle")
        yield _text((LEFT + self.right) / 2, HEIGHT - 12, self.x.title, "soft", "middle")
        yield _text(LEFT, TOP - 10, self.y.title, "soft")

    def drawn(self, lines: Sequence[Line]) -> Iterable[str]:
        for number, line in enumerate(lines):
            at = [self.at(*each) for each in line.points]
            places = fill(" ".join(f"{x:.1f},{y:.1f}" for x, y in at), 90)
            style = f"line c{number % 6}{' dashed' if line.dashed else ''}"
            yield f'<polyline class="{style}" points="\n{places}"/>'
        for number, level in self._labels(lines):
            end = self.right + 8
            yield f'<path class="line c{number % 6}" d="M{end} {level:.1f}h14"/>'
            yield _text(end + 20, level + 4, lines[number].label, "ink")

    def _labels(self, lines: Sequence[Line]) -> Iterable[tuple[int, float]]:
        """Yields each line's number and the level of its label, highest first."""
        ends = []
        for number, line in enumerate(lines):
            across, level = self.at(*line.points[-1])
            ends.append((level, across, number))
        lowest: float = TOP - LABEL_STEP
        for level, _, number in sorted(ends):
            lowest = max(level, lowest + LABEL_STEP)
            yield number, lowest

    def marked(self, mark: Mark) -> Iterable[str]:
        x, y = self.at(mark.x, mark.y)
        yield f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'
        yield _text(x + 9, y + 17, mark.text, "ink")
