"""How many read and write units does each access to the table take?

A consistent read takes one read unit for each 4 KB, any other half of that. A write takes one unit
for each KB of the record, twice that within a transaction:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html

docs/data.md and docs/connections.md name the accesses.
"""

from dataclasses import dataclass
from math import ceil

from benchmarks.cost.prices import MONTH_S, price

POLL_S = 1.0
LEASE_S = 45
RENEW_S = LEASE_S / 4
HEARTBEAT_S = 8
COUNT_AGE_S = 1  # streams of a process share a count that is no older
STATE_S = 300  # streams of a process share the state that one of them has read
SURVEY_S = 15
# The index has a set of numbers for each block of slots, of 3 bytes each.
BLOCK = 250
INDEX_SLOT_BYTES = 3
INDEX_RECORD_BYTES = 60
SLOT_BYTES = 200
LIFELINE_BYTES = 55
STATE_READS = 25  # hourly records of a day
HEAD_READS = 1
LIFELINE_WRITES = 1
KB = 1024


@dataclass(frozen=True)
class Units:
    """Read and write units, of one access or of a span of time."""

    reads: float = 0
    writes: float = 0

    def __add__(self, other: "Units") -> "Units":
        return Units(self.reads + other.reads, self.writes + other.writes)

    def times(self, count: float) -> "Units":
        return Units(self.reads * count, self.writes * count)

    @property
    def dollars(self) -> float:
        return self.reads * price("read unit") + self.writes * price("write unit")

    @property
    def for_a_million(self) -> float:
        """Dollars for a million of this access."""
        return self.dollars * 1e6


def monthly(every_s: float) -> float:
    """Returns how often in a month something happens that happens every `every_s` seconds."""
    return MONTH_S / every_s


def read_units(size_bytes: float) -> int:
    """Returns the units of a consistent read, or of a consistent query, of so many bytes."""
    return max(1, ceil(size_bytes / (4 * KB)))


def index_reads(open_streams: float) -> int:
    """Returns the units of one consistent query of the index, which names all slots taken."""
    records = max(1, ceil(open_streams / BLOCK))
    return read_units(open_streams * INDEX_SLOT_BYTES + records * INDEX_RECORD_BYTES)


def taking(open_streams: float, *, user: bool = False, own_key: bool = True) -> Units:
    """Returns what taking a slot takes: nearly the same whatever number of streams is open.

    The index is read, slot and marks are put in one transaction, and the index is written.
    `own_key`: the client draws a connection key, as the dashboard does, which has a record too.
    """
    actions = 1 + (3 if user else 2) + (1 if own_key else 0)
    return Units(reads=index_reads(open_streams), writes=2 * actions + 1)


def opening(
    open_streams: float, *, user: bool = False, own_key: bool = True, alone: bool = True
) -> Units:
    """Returns what a stream's beginning takes: a slot, a count, and the state.

    The state is the head and the hourly records. `alone`: no other stream of its process has
    counted or read the hourly records a moment before.
    """
    state = Units(reads=HEAD_READS)
    if alone:
        state += Units(reads=index_reads(open_streams) + STATE_READS)
    return taking(open_streams, user=user, own_key=own_key) + state


def ending(*, user: bool = False) -> Units:
    """Returns what a stream's end takes: slot and marks in one transaction, and the index."""
    return Units(writes=2 * (1 + (3 if user else 2)) + 1)


def rotation(open_streams: float, *, user: bool = False, alone: bool = True) -> Units:
    """Returns what the end of a stream and its next beginning take."""
    return ending(user=user) + opening(open_streams, user=user, alone=alone)


def poll(followed: int = 0, requests: float = 1, idle_units: float = 1) -> Units:
    """Returns what one idle poll of a process takes: the head, and its lifeline.

    `followed`: sessions and configurations that the process follows, half a unit each.
    """
    return Units(reads=requests * idle_units + followed / 2)


def count(open_streams: float) -> Units:
    """Returns what a heartbeat's count takes; a process has one for all its streams."""
    return Units(reads=index_reads(open_streams))


def count_every_s(streams_here: float) -> float:
    """Returns how often a process counts that has so many streams, each with heartbeats."""
    if streams_here <= 1:
        return HEARTBEAT_S
    return COUNT_AGE_S + HEARTBEAT_S / streams_here


def renewal() -> Units:
    """Returns what prolonging all leases of a process takes."""
    return Units(writes=LIFELINE_WRITES)


def survey(open_streams: float, processes: float = 0) -> Units:
    """Returns what one look at all slots takes: the query, and the claim that it is ours."""
    size_bytes = open_streams * SLOT_BYTES + processes * LIFELINE_BYTES
    return Units(reads=read_units(size_bytes), writes=1)


def refusal(open_streams: float, *, waits: bool = False) -> Units:
    """Returns what a refused stream takes: the index, a survey, and perhaps a waiting place."""
    looked = survey(open_streams, open_streams).reads
    return Units(reads=index_reads(open_streams) + looked, writes=3 if waits else 0)


def process_month(
    open_streams: float, streams_here: float = 1, followed: int = 0, idle_units: float = 1
) -> Units:
    """Returns what a process takes in a month that serves `streams_here` of the open streams."""
    units = (
        poll(followed, idle_units=idle_units).times(monthly(POLL_S))
        + renewal().times(monthly(RENEW_S))
        + count(open_streams).times(monthly(count_every_s(streams_here)))
    )
    if streams_here > 1:
        units += Units(reads=STATE_READS).times(monthly(STATE_S))
    return units
