"""Which inputs of the model were measured, and what were they?

`benchmarks/results.json` is written by `make bench`. A key that is missing there, and every key if
there is no such file, has the default that stands here; `source` says which.
"""

import json
from dataclasses import dataclass, fields
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "results.json"


@dataclass(frozen=True)
class Measured:
    """Figures of the benchmarks, by their names there.

    `idle_...`: CPU, requests and read units of one idle stream in a process of its own;
    `streams_1000_ours_...`: CPU a second of 1,000 idle streams in one process together, memory of
    each, and CPU of an item for each. The defaults are what the benchmarks promise.
    """

    idle_ms_a_second: float = 2.5
    idle_poll_requests: float = 1.0
    idle_poll_read_units: float = 1.0
    event_bytes: float = 300.0
    streams_1000_ours_idle_ms_a_second: float = 20.0
    streams_1000_ours_kib: float = 26.0
    streams_1000_ours_event_cpu_us: float = 20.0
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
    ours = {}
    for name in (each.name for each in fields(Measured) if each.name != "source"):
        value = found.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise ValueError(f"{path}: {name} is {value!r}, and no number above 0")
        ours[name] = float(value)
    return Measured(**ours, source=f"{path.name}: {', '.join(ours) or 'nothing of it'}")
