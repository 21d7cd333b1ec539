"""The pictures of docs/benchmarks.md, readable on a light and on a dark page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("agg")

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, StrMethodFormatter

IMAGES = Path(__file__).resolve().parents[1] / "docs/images"
GREY = "#8a8f98"  # has contrast enough on white and on black
COLOURS = {"ours": "#3d8bfd", "p1": "#e8833a", "p1_ping_4": "#c9a227", "limit": "#d6456b"}
TITLES = {"ours": "ours", "p1": "P1", "p1_ping_4": "P1, a ping each 4 s"}
Results = Mapping[str, Any]
STYLE = {
    "text.color": GREY,
    "axes.edgecolor": GREY,
    "axes.labelcolor": GREY,
    "axes.titlesize": 10,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}


def draw(results: Results) -> None:
    """Writes docs/images/benchmark-*.png."""
    with matplotlib.rc_context(STYLE):
        _cold(results)
        _streams(results)
        _growth(results)


def _cold(results: Results) -> None:
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 2.6))
    names = {"raw": "raw loop", "p3": "P3, buffers", "p1": "P1", "ours": "ours"}
    with_bytecode = {**names, "p1_no_bytecode": "P1, no bytecode"}
    _bars(left, with_bytecode, "cold_first_data_cpu_ms", results)
    left.set_title("Cold start: ms of CPU to the first data")
    _bars(right, names, "environment_uss_mib", results)
    right.set_title("One streaming environment: MiB (USS)")
    _save(figure, "benchmark-cold")


def _bars(axes: Axes, names: Mapping[str, str], what: str, results: Results) -> None:
    values = [results.get(f"{name}_{what}") or 0 for name in names]
    colours = [COLOURS["ours"] if name == "ours" else COLOURS["p1"] for name in names]
    bars = axes.barh(list(names.values()), values, color=colours, height=0.6)
    axes.bar_label(bars, fmt="%.0f", padding=3, color=GREY)
    axes.set_xlim(0, 1.15 * max(values, default=1))
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])


def _streams(results: Results) -> None:
    panels = {
        "kib": "Memory of a stream, KiB",
        "idle_ms_a_second": "Idle, ms of CPU a second",
        "event_cpu_us": "CPU of an item and stream, µs",
        "spread_ms": "20 items, first to last client, ms",
    }
    figure, grid = pyplot.subplots(2, 2, figsize=(9, 5.2))
    for axes, (what, title) in zip(grid.flat, panels.items(), strict=True):
        for who in ("ours", "p1", "p1_ping_4"):
            points = _points(results, "streams_", f"_{who}_{what}")
            _line(axes, points, who)
        _scales(axes, title, "streams in one process")
    grid.flat[0].legend(loc="best")
    _save(figure, "benchmark-streams")


def _growth(results: Results) -> None:
    figure, (rates, opened, sizes) = pyplot.subplots(1, 3, figsize=(9, 2.8))
    for who in ("ours", "p1"):
        _line(rates, _points(results, "rates_", f"_{who}_item_cpu_us"), who)
    _scales(rates, "CPU of an item, µs", "items a second, one stream")
    rates.legend(loc="best")
    _line(opened, _points(results, "streams_", "_ours_open_read_units"), "ours")
    _scales(opened, "Read units of an opening", "streams that are open")
    _line(sizes, _points(results, "table_", "_open_read_units"), "ours")
    _scales(sizes, "Read units of an opening", "items in the table")
    _save(figure, "benchmark-growth")


def _points(results: Results, start: str, end: str) -> list[tuple[int, float]]:
    found = []
    for name, value in results.items():
        number = name.removeprefix(start).removesuffix(end)
        if name == f"{start}{number}{end}" and number.isdigit() and value:
            found.append((int(number), float(value)))
    return sorted(found)


def _line(axes: Axes, points: Sequence[tuple[int, float]], who: str) -> None:
    if not points:
        return
    xs = [x for x, _ in points]
    ys = [y for _, y in points]
    axes.plot(xs, ys, marker="o", markersize=4, color=COLOURS[who], label=TITLES[who])


def _scales(axes: Axes, title: str, below: str) -> None:
    """Finishes a panel once all its lines are drawn: logarithms on both axes, from 1 or less on."""
    axes.set_title(title)
    axes.set_xlabel(below)
    if not axes.lines:
        return
    for set_scale, axis in ((axes.set_xscale, axes.xaxis), (axes.set_yscale, axes.yaxis)):
        set_scale("log")
        axis.set_major_formatter(StrMethodFormatter("{x:,.10g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.set_ylim(bottom=min(1, axes.get_ylim()[0]))
    axes.grid(visible=True, which="major", color=GREY, alpha=0.25)


def _save(figure: Any, name: str) -> None:
    figure.tight_layout()
    nothing = {"Software": None}  # the same results give the same file
    figure.savefig(IMAGES / f"{name}.png", transparent=True, dpi=110, metadata=nothing)
    pyplot.close(figure)
