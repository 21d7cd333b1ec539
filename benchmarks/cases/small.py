"""What does a viewer wait at the CPU share and in the memory of a 128 MB function?"""

import contextlib
import os
from collections.abc import Iterator

from benchmarks.cases.loads import steady
from benchmarks.cases.warm import OPEN_WITHIN_S, RATE, SETTLE_S
from benchmarks.plan import Run
from benchmarks.processes import SmallFunction
from benchmarks.servers import Server, ours, p1
from benchmarks.table.client import TableProcess, table_process

BUSY_RATE = 100
BUSY_S = 10


def run(run: Run) -> None:
    """Init has a whole core, and all after the first /next the share (docs/benchmarks.md)."""
    probe = SmallFunction(f"bench-{os.getpid()}")
    probe.close()
    if probe.missing:
        run.samples.problems["first_data_after_next_at_128mb_ms"] = probe.missing
        return
    with table_process() as table:
        for number in range(run.plan.small_rounds + 1):
            for name in ("ours", "p1"):
                with _limited(name, run, table) as (server, small):
                    server.open_all(1, OPEN_WITHIN_S)
                    stream = server.viewers.streams[0]
                    assert stream.first_data_at_s is not None
                    waited_ms = (stream.first_data_at_s - stream.asked_at_s) * 1000
                    if number:
                        prefix = "" if name == "ours" else f"{name}_"
                        run.samples.note(f"{prefix}first_data_after_next_at_128mb_ms", waited_ms)
                        run.samples.note(f"{name}_128mb_refused_pages", small.refused_pages())
        for _ in range(run.plan.small_load_rounds):
            for name in ("ours", "p1"):
                _loads(name, run, table)


def _loads(name: str, run: Run, table: TableProcess) -> None:
    with _limited(name, run, table) as (server, _small):
        server.open_all(1, OPEN_WITHIN_S)
        server.viewers.for_s(SETTLE_S)
        for rate in (RATE, BUSY_RATE):
            steady(
                server,
                table,
                rate=rate,
                count=round(rate * min(BUSY_S, run.plan.rate_s)),
                idle_ms_a_s=0,
                name=f"{name}_128mb_{rate}_a_second",
                samples=run.samples,
            )


@contextlib.contextmanager
def _limited(name: str, run: Run, table: TableProcess) -> Iterator[tuple[Server, SmallFunction]]:
    small = SmallFunction(f"bench-{os.getpid()}")
    with contextlib.closing(small):
        start = ours(run.artefacts, table, small=small) if name == "ours" else None
        with start or p1(table, small=small) as server:
            yield server, small
