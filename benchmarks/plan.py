"""How much does a run measure? The whole bench, a quick look, or the least that shows it works."""

from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.samples import Samples
from benchmarks.servers import Artefacts


@dataclass(frozen=True)
class Plan:
    """Rounds and durations. More rounds where a round is short."""

    cold_rounds: int = 9
    latency_rounds: int = 9
    stamps: int = 500
    hot_events: int = 20_000
    warm_rounds: int = 3
    idle_s: float = 24  # three heartbeats and two renewals of our streams
    items: int = 200  # at 25 a second
    rates: tuple[int, ...] = (1, 10, 100, 1000)
    rate_s: float = 8
    small_rounds: int = 7
    small_load_rounds: int = 3
    streams: tuple[int, ...] = (1, 10, 100, 300, 1000)
    many_rounds: int = 3  # the others have one
    many_idle_s: float = 16
    settle_s: float = 12  # until what opening costs is over, and first renewals too
    bursts: int = 3
    storm_clients: int = 300
    storm_rounds: int = 3
    sizes: tuple[int, ...] = (100, 1_000, 10_000, 100_000, 1_000_000)


FULL = Plan()
QUICK = Plan(
    cold_rounds=3,
    latency_rounds=2,
    stamps=300,
    hot_events=10_000,
    warm_rounds=1,
    idle_s=8,
    items=100,
    rates=(10, 100),
    rate_s=3,
    small_rounds=2,
    small_load_rounds=1,
    streams=(1, 10, 100),
    many_rounds=1,
    many_idle_s=8,
    settle_s=3,
    bursts=1,
    storm_clients=100,
    storm_rounds=1,
    sizes=(100, 10_000),
)
SMALLEST = Plan(
    cold_rounds=1,
    latency_rounds=1,
    stamps=20,
    hot_events=500,
    warm_rounds=1,
    idle_s=2,
    items=25,
    rates=(25,),
    rate_s=1,
    small_rounds=1,
    small_load_rounds=1,
    streams=(1, 5),
    many_rounds=1,
    many_idle_s=2,
    settle_s=0.5,
    bursts=1,
    storm_clients=10,
    storm_rounds=1,
    sizes=(100,),
)


@dataclass
class Run:
    """Holds all that a case needs; it notes in `samples` what it finds."""

    artefacts: Artefacts
    plan: Plan
    samples: Samples = field(default_factory=Samples)
    folder: Path = Path()
