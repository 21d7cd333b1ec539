"""How many units a second do streams take from each partition of the table?

A record's partition key decides where it lies. DynamoDB may divide a busy key's records among
several partitions, which nobody can rely on, so a key is taken for one partition here.
"""

from dataclasses import dataclass, replace
from math import ceil

from benchmarks.cost.units import (
    HEAD_READS,
    RENEW_S,
    STATE_READS,
    STATE_S,
    SURVEY_S,
    Units,
    count_every_s,
    ending,
    index_reads,
    survey,
    taking,
)
from benchmarks.scale.quotas import PARTITION_READS, PARTITION_WRITES

CONNECTIONS = "CONNECTIONS"
HEAD = "FEED"
ENTRIES = "FEED#<epoch>#<n>"
METRICS = "METRICS#<epoch>#*"
KEYS = (CONNECTIONS, HEAD, ENTRIES, METRICS)
Load = dict[str, Units]
ITEM_WRITES = 2  # the feed's entry, within a transaction
BATCH_METRICS_WRITES = 2 * 3  # an hourly record of 3 KB


@dataclass(frozen=True)
class Design:
    """How streams share processes, and the table's keys.

    `lease_shards`, `feed_copies`: over how many keys the slots and the head are spread. 1 is what
    is built; more is what could be.
    """

    streams_of_process: int = 1
    life_s: float = 240
    batches_a_second: float = 0.5
    items_of_batch: float = 1
    lease_shards: int = 1
    feed_copies: int = 1

    @property
    def shares(self) -> bool:
        """Whether streams share a process, and with it the state that one of them has read."""
        return self.streams_of_process > 1

    def processes(self, streams: float) -> int:
        return ceil(streams / self.streams_of_process)


def idle(design: Design, streams: float) -> Load:
    """Returns what open streams take a second without items, ends and surveys.

    Each process polls head and lifeline once a second, and reads the index for its heartbeats. With
    lease shards it would read a sum instead, which lies beside the head.
    """
    processes = design.processes(streams)
    every_s = count_every_s(min(streams, design.streams_of_process))
    counted = index_reads(streams) / every_s if design.lease_shards == 1 else 0
    summed = 0 if design.lease_shards == 1 else 0.5 / every_s
    of_leases = Units(reads=0.5 / design.lease_shards + counted)
    renewed = Units(writes=1 / RENEW_S / design.lease_shards)
    return {
        CONNECTIONS: (of_leases + renewed).times(processes),
        HEAD: Units(reads=0.5 + summed).times(processes / design.feed_copies),
        ENTRIES: Units(),
        METRICS: Units(reads=STATE_READS / STATE_S * processes if design.shares else 0),
    }


def items(design: Design, streams: float) -> Load:
    """Returns what new items take a second: the publisher's batch, and each process's query."""
    batches = design.batches_a_second
    items_a_second = batches * design.items_of_batch
    queries = min(1, batches) * design.processes(streams)
    return {
        CONNECTIONS: Units(),
        HEAD: Units(writes=2 * batches, reads=batches),
        ENTRIES: Units(
            reads=0.5 * queries / design.feed_copies, writes=ITEM_WRITES * items_a_second
        ),
        METRICS: Units(reads=batches, writes=BATCH_METRICS_WRITES * batches),
    }


def of_opening(design: Design, streams: float) -> Load:
    """Returns what one opened stream takes, while so many are open."""
    slots = taking(streams / design.lease_shards).times(1 / design.lease_shards)
    counted = Units(reads=index_reads(streams / design.lease_shards) / design.lease_shards)
    return {
        CONNECTIONS: slots if design.shares else slots + counted,
        HEAD: Units(reads=HEAD_READS / design.feed_copies),
        ENTRIES: Units(),
        METRICS: Units(reads=0 if design.shares else STATE_READS),
    }


def of_ending(design: Design) -> Units:
    """Returns what one ended stream takes from CONNECTIONS."""
    return ending().times(1 / design.lease_shards)


def of_survey(design: Design, streams: float) -> Units:
    """Returns what one survey takes from CONNECTIONS."""
    return survey(streams / design.lease_shards, design.processes(streams) / design.lease_shards)


def steady(design: Design, streams: float) -> Load:
    """Returns the mean load a second of so many streams that end and begin all the time."""
    turns = streams / design.life_s
    opened = of_opening(design, streams)
    load = {key: idle(design, streams)[key] + items(design, streams)[key] for key in KEYS}
    load = {key: load[key] + opened[key].times(turns) for key in KEYS}
    others = of_ending(design).times(turns) + of_survey(design, streams).times(1 / SURVEY_S)
    load[CONNECTIONS] += others
    return load


def fullest(load: Load) -> tuple[float, str]:
    """Returns the largest part of a partition's limit that is taken, and of which: 1 is all."""
    parts = [(units.reads / PARTITION_READS, f"{key}, reads") for key, units in load.items()]
    parts += [(units.writes / PARTITION_WRITES, f"{key}, writes") for key, units in load.items()]
    return max(parts)


def most_streams(design: Design, highest: int = 100_000_000) -> tuple[int, str]:
    """Returns how many streams no partition limits while nothing happens, and which does then."""
    low, high = 1, highest
    while low < high:
        middle = (low + high + 1) // 2
        if fullest(steady(design, middle))[0] <= 1:
            low = middle
        else:
            high = middle - 1
    return low, fullest(steady(design, low + 1))[1]


def standard(design: Design) -> Design:
    """Returns the same with a process for each stream, as on standard Lambda."""
    return replace(design, streams_of_process=1)
