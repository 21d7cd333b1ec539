"""The figures of docs/scale.md that stand in sentences, by the words around them.

`{}` is the figure's place. A test finds the words and compares the figures.
"""

from benchmarks.cost.units import (
    HEARTBEAT_S,
    LEASE_S,
    SURVEY_S,
    ending,
    index_reads,
    survey,
    taking,
)
from benchmarks.scale.load import (
    BATCH_METRICS_WRITES,
    ITEM_WRITES,
    Design,
    most_streams,
    steady,
)
from benchmarks.scale.quotas import PARTITION_READS, PARTITION_WRITES, rest_api
from benchmarks.scale.scenarios import INSTANCES, SHARDED, STANDARD, all_scenarios
from benchmarks.scale.simulation import GRACE_S, Played, play

MILLION = 1_000_000


def _storm(name: str) -> Played:
    (scenario,) = [each for each in all_scenarios() if each.name == f"{name}, storm"]
    return play(scenario)


def _all_served_s(name: str) -> int:
    return _storm(name).served_by_s(0.99) or 0


def _writes_of_turn() -> float:
    return taking(1).writes + ending().writes


def facts() -> dict[str, float]:
    """Returns each figure by its words."""
    life_s = STANDARD.life_s
    surveyed = survey(10_000, 10_000 / 64)
    rest = rest_api().front_rate
    return {
        "standard Lambda passes the limit at {} viewers": most_streams(STANDARD)[0],
        "managed instances at {}": most_streams(INSTANCES)[0],
        "Slots beyond {}": 36**3,
        "standard Lambda to about {} viewers": most_streams(STANDARD)[0],
        "managed instances to about {}": most_streams(INSTANCES)[0],
        "a stream {} when it opens": taking(1).writes,
        "lets {} streams a second begin. Nobody": PARTITION_WRITES / taking(1).writes,
        "A stream's turn takes {} write units": _writes_of_turn(),
        "so {} turns a second fill it": PARTITION_WRITES / _writes_of_turn(),
        "{} openings a second fill": PARTITION_READS / 25,
        "{} items a second fill the entries' key": PARTITION_WRITES / ITEM_WRITES,
        "{} batches a second the hourly records": PARTITION_WRITES / BATCH_METRICS_WRITES,
        "head read by {} processes": PARTITION_READS / 0.5,
        "With 10,000 streams the index has {} read units": index_reads(10_000),
        "10,000 processes then read {} a second": index_reads(10_000) * 10_000 / HEARTBEAT_S,
        "A survey of 10,000 slots takes {} read units": surveyed.reads,
        "1,000 viewers are back within {} s": _all_served_s("1,000, 64 a process"),
        "10,000 within {} s": _all_served_s("10,000, 64 a process"),
        "99 % of a full house wait {} s": _all_served_s("1,000, full"),
        "taken for up to {} s": LEASE_S + GRACE_S + SURVEY_S,
        "REST API lets {} streams a second begin": rest,
        "enough for {} viewers": rest * life_s,
        "a million open {} streams a second": MILLION / life_s,
        "it would take {} lease shards": SHARDED.lease_shards,
        "the slots' key takes {} times": (
            steady(Design(streams_of_process=1_000), MILLION)["CONNECTIONS"].writes
            / PARTITION_WRITES
        ),
    }
