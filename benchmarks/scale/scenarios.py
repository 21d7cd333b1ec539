"""Which situations are simulated?"""

from dataclasses import dataclass, field

from benchmarks.scale.load import Design
from benchmarks.scale.quotas import Quotas, function_url, rest_api

STEADY = "steady"
STORM = "storm"


@dataclass(frozen=True)
class Scenario:
    """Viewers who are always on.

    `kind`: with `steady` streams end and begin as planned, and viewers come and go; with `storm`
    all processes die in the first second, and all viewers come back. `visit_s`: how long a viewer
    stays. `limit`: MaxConnections; slots of dead processes are taken until a survey frees them.
    """

    name: str
    viewers: int
    design: Design = field(default_factory=Design)
    kind: str = STEADY
    quotas: Quotas = field(default_factory=function_url)
    seconds: int = 300
    visit_s: float = 1_800
    limit: int | None = None

    @property
    def slots(self) -> int:
        return self.limit if self.limit is not None else 2 * self.viewers + 20


STANDARD = Design()
INSTANCES = Design(streams_of_process=64)
DENSE = Design(streams_of_process=1_000)
# Enough for a million: proposed, and not built.
SHARDED = Design(streams_of_process=1_000, lease_shards=192, feed_copies=16)


def _pair(name: str, viewers: int, design: Design, concurrency: int) -> list[Scenario]:
    quotas = function_url(concurrency)
    return [
        Scenario(f"{name}, steady", viewers, design, STEADY, quotas),
        Scenario(f"{name}, storm", viewers, design, STORM, quotas, seconds=600),
    ]


def all_scenarios() -> list[Scenario]:
    """Returns the scenarios of docs/scale.md, in its order."""
    return [
        *_pair("1,000, standard", 1_000, STANDARD, 2_000),
        *_pair("1,000, 64 a process", 1_000, INSTANCES, 2_000),
        Scenario("1,000, REST API, storm", 1_000, INSTANCES, STORM, rest_api(), seconds=600),
        Scenario(
            "1,000, full, storm", 1_000, INSTANCES, STORM, function_url(2_000), 600, limit=1_200
        ),
        *_pair("10,000, standard", 10_000, STANDARD, 20_000),
        *_pair("10,000, 64 a process", 10_000, INSTANCES, 20_000),
        *_pair("10,000, 1,000 a process", 10_000, DENSE, 20_000),
        *_pair("1,000,000, 1,000 a process", 1_000_000, DENSE, 2_000_000),
        *_pair("1,000,000, sharded, not built", 1_000_000, SHARDED, 2_000_000),
    ]
