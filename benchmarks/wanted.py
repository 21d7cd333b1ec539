"""Which figures are promised, and at most how large? docs/benchmarks.md has the table."""

from typing import NamedTuple


class Wanted(NamedTuple):
    """`most`: the largest value that is good. `what`: the row's words in the document."""

    most: float
    what: str


WANTED = {
    "cold_first_byte_cpu": Wanted(
        0.50, "cold start: CPU to the first `/next`, to P1's CPU to accept"
    ),
    "cold_first_data_cpu": Wanted(0.50, "cold start: CPU to the first `data:`, to P1"),
    "cold_first_data_cpu_no_bytecode_peer": Wanted(
        0.30, "the same, to P1 without bytecode, as packages are that nobody compiled"
    ),
    "environment_uss": Wanted(0.60, "memory of one streaming environment (USS), to P1"),
    "event_cpu": Wanted(
        0.50, "CPU of an event on one warm stream, of those that are ready together, to P1"
    ),
    "latency_p50": Wanted(0.8, "from a handler's yield to the client, p50, to P1"),
    "latency_p99": Wanted(1.0, "the same, p99"),
    "first_data_after_next_at_128mb_ms": Wanted(
        250, "ms to the first `data:` after `/next`, at 128 MB"
    ),
    "idle_ms_a_second": Wanted(2.5, "ms of CPU a second of one idle stream"),
    "idle_poll_requests": Wanted(1, "requests of an idle poll"),
    "idle_poll_read_units": Wanted(1, "read units of an idle poll"),
    "streams_1000_kib": Wanted(0.5, "1,000 streams in one process: memory of a stream, to P1"),
    "streams_1000_idle": Wanted(2.0, "the same: CPU while idle, to P1"),
    "streams_1000_event_cpu": Wanted(0.5, "the same: CPU of an item and stream, to P1"),
    "streams_1000_spread_ms": Wanted(
        250, "the same: ms from the first client to the last, 20 items"
    ),
    "open_reads_exponent": Wanted(0.1, "growth of an opening's read units, 10 to 1,000 streams"),
    "storm_300_served_s": Wanted(15, "s until 300 clients that come at once are served"),
}
