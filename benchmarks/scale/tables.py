"""The tables of docs/scale.md, as rows of cells. A test compares them with the page."""

from collections.abc import Callable
from dataclasses import replace
from math import floor, log10

from benchmarks.cost.model import Assumptions, on_instances, standard
from benchmarks.cost.peers import appsync, fargate, iot
from benchmarks.cost.tables import Rows, markdown
from benchmarks.cost.units import Units
from benchmarks.scale.load import KEYS, Design, fullest, most_streams, steady
from benchmarks.scale.quotas import PARTITION_READS, PARTITION_WRITES
from benchmarks.scale.scenarios import DENSE, INSTANCES, SHARDED, STANDARD, STORM, all_scenarios
from benchmarks.scale.simulation import Played, play

SIZES = (1_000, 10_000, 1_000_000)
DESIGNS: dict[str, Design] = {
    "standard: a process for each stream": STANDARD,
    "managed instances, 64 streams a process": INSTANCES,
    "1,000 streams a process": DENSE,
    "1,000 a process, 16 lease shards (not built)": replace(DENSE, lease_shards=16),
    "1,000 a process, 192 lease shards, 16 copies of the head (not built)": SHARDED,
}


def about(value: float) -> str:
    """Writes a figure with two digits, as the page does."""
    if value <= 0:
        return "0"
    digits = 1 - floor(log10(value))
    return f"{round(value, digits):,.{max(0, digits)}f}"


def percent(units: Units) -> str:
    """Returns the larger part of a partition's limits that this is."""
    return f"{about(max(units.reads / PARTITION_READS, units.writes / PARTITION_WRITES) * 100)} %"


def reach() -> Rows:
    """How many viewers each design serves before a partition limits it."""
    rows = []
    for name, design in DESIGNS.items():
        most, key = most_streams(design)
        rows.append([name, about(most), _coded(key)])
    return rows


def partitions() -> Rows:
    """The mean load of each key while nothing happens, reads and writes a second."""
    rows = []
    for name, design in list(DESIGNS.items())[:3]:
        for viewers in SIZES[:2]:
            load = steady(design, viewers)
            cells = [f"{about(load[key].reads)} / {about(load[key].writes)}" for key in KEYS]
            part = f"{about(fullest(load)[0] * 100)} %"
            rows.append([f"{viewers:,}", name.split(":")[0], *cells, part])
    return rows


def _passed(played: Played) -> str:
    if not played.crossed:
        return "nothing"
    longest = sorted(((count, name) for name, (_, count) in played.crossed.items()), reverse=True)
    return "; ".join(f"{_coded(name)} ({count} s)" for count, name in longest[:2])


def _coded(name: str) -> str:
    key, _, kind = name.partition(", ")
    return f"`{key}` {kind}" if kind else name


def _waits(played: Played) -> list[str]:
    if played.scenario.kind != STORM:
        return ["-", "-"]
    return [
        "never" if at_s is None else f"{at_s} s"
        for at_s in (played.served_by_s(0.5), played.served_by_s(0.99))
    ]


def simulated(seed: int = 1) -> Rows:
    """How each scenario went."""
    rows = []
    for scenario in all_scenarios():
        played = play(scenario, seed)
        busiest = max(KEYS, key=lambda key: fullest({key: played.peak(key)})[0])
        rows.append(
            [
                scenario.name,
                f"`{busiest}`",
                percent(played.mean(busiest)),
                percent(played.peak(busiest)),
                _passed(played),
                *_waits(played),
            ]
        )
    return rows


def prices() -> Rows:
    """A month of each size, all viewers always on, in several ways."""
    rows = []
    for viewers in SIZES:
        a = Assumptions(viewers=viewers, limit=viewers, streams_of_process=1_000)
        ways = [standard(a), on_instances(a), fargate(a), appsync(a), iot(a)]
        rows.append([f"{viewers:,}", *(f"${float(f'{bill.total:.2g}'):,.0f}" for bill in ways)])
    return rows


def arrivals() -> Rows:
    """New streams a second by themselves, executions at once, and what the REST API's route has."""
    rows = []
    for viewers in SIZES:
        new = viewers / STANDARD.life_s
        rest = f"{about(viewers / 25)} s"
        rows.append([f"{viewers:,}", about(new), f"{viewers:,}", f"{about(viewers / 100)} s", rest])
    return rows


TABLES: dict[str, tuple[list[str], Callable[[], Rows]]] = {
    "How far one table reaches": (["streams", "viewers", "then is too slow"], reach),
    "Where the units go": (
        ["viewers", "streams", *(f"`{key}`" for key in KEYS), "of a limit"],
        partitions,
    ),
    "What Lambda and the front allow": (
        [
            "viewers",
            "new streams a second",
            "at once, standard",
            "to make so many environments",
            "to open all through the REST API",
        ],
        arrivals,
    ),
    "Played": (
        ["scenario", "busiest key", "mean", "peak", "passed (seconds)", "half served", "99 %"],
        simulated,
    ),
    "What it costs": (
        ["viewers", "standard", "managed, 1,000 each", "Fargate", "AppSync Events", "IoT Core"],
        prices,
    ),
}


def document() -> str:
    """Returns all tables with their headings, as Markdown."""
    parts = [
        f"### {title}\n\n{markdown(heading, rows())}" for title, (heading, rows) in TABLES.items()
    ]
    return "\n".join(parts)
