"""Which inputs of the model were measured, and what were they?

`benchmarks/results.json` is written by `make bench`. A key that is missing there, and every key if
there is no such file, has the default that stands here; `source` says which.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "results.json"
ALONE = ("idle_ms_a_second", "idle_poll_requests", "idle_poll_read_units", "event_bytes")
_MANY = re.compile(r"streams_(\d+)_ours_(kib|idle_ms_a_second|event_cpu_us)")


@dataclass(frozen=True)
class Measured:
    """Figures of the benchmarks. The defaults are what these promise.

    `idle_...`: milliseconds of CPU, requests and read units a second of one idle stream in a
    process of its own. `many_...`: of each of many streams in one process, as many as were
    measured: microseconds of CPU a second while idle, memory, and CPU of an item.
    """

    idle_ms_a_second: float = 2.5
    idle_poll_requests: float = 1.0
    idle_poll_read_units: float = 1.0
    event_bytes: float = 300.0
    many_idle_us_a_second: float = 20.0
    many_kib: float = 26.0
    many_event_cpu_us: float = 20.0
    source: str = "defaults"


def measured(path: Path = RESULTS) -> Measured:
    """Reads the results if there are any.

    Raises ValueError if the file is no JSON object, or one of our keys is no number above 0.
    """
    if not path.is_file():
        return Measured()
    found = json.loads(path.read_text("utf-8"))
    if not isinstance(found, dict):
        raise ValueError(f"{path} is no JSON object")
    ours = {name: _above_0(found, name) for name in ALONE if found.get(name) is not None}
    many = _of_many(found)
    names = ", ".join([*ours, *many]) or "nothing of it"
    return Measured(**ours, **many, source=f"{path.name}: {names}")


def _of_many(found: dict[str, object]) -> dict[str, float]:
    """Returns the figures of the largest number of streams for which each was measured."""
    largest: dict[str, int] = {}
    for name, value in found.items():
        named = _MANY.fullmatch(name)
        if named and value is not None:
            largest[named[2]] = max(int(named[1]), largest.get(named[2], 0))
    figures = {}
    for kind, streams in largest.items():
        value = _above_0(found, f"streams_{streams}_ours_{kind}")
        if kind == "idle_ms_a_second":
            figures["many_idle_us_a_second"] = value * 1_000 / streams
        else:
            figures[f"many_{kind}"] = value
    return figures


def _above_0(found: dict[str, object], name: str) -> float:
    value = found[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ValueError(f"{name} is {value!r}, and no number above 0")
    return float(value)
