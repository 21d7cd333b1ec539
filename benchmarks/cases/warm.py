"""What does one warm stream cost: idle, for each item, and at rates from 1 to 1,000 a second?"""

import contextlib
from collections.abc import Callable

from benchmarks.cases.loads import idle_cpu, steady
from benchmarks.plan import Run
from benchmarks.servers import Server, ours, p1
from benchmarks.table.client import TableProcess, table_process

RATE = 25
SETTLE_S = 3
POLL_S = 1.0  # the default of DASHBOARD_POLL_INTERVAL_S, and P1's
OPEN_WITHIN_S = 30
PEER_IDLE_S = 8
Start = Callable[[], contextlib.AbstractContextManager[Server]]


def cases(run: Run, table: TableProcess) -> dict[str, Start]:
    return {"ours": lambda: ours(run.artefacts, table), "p1": lambda: p1(table)}


def run(run: Run) -> None:
    """Idle, then 25 items a second."""
    with table_process() as table:
        for _ in range(run.plan.warm_rounds):
            for name, start in cases(run, table).items():
                with start() as server:
                    _idle_and_items(name, server, table, run)
    run.samples.ratio("item_cpu", "ours_25_a_second_item_cpu_us", "p1_25_a_second_item_cpu_us")
    run.samples.ratio("item_p99", "ours_25_a_second_item_p99_ms", "p1_25_a_second_item_p99_ms")


def _idle_and_items(name: str, server: Server, table: TableProcess, run: Run) -> None:
    server.open_all(1, OPEN_WITHIN_S)
    server.viewers.for_s(SETTLE_S)
    seconds = run.plan.idle_s if name == "ours" else min(PEER_IDLE_S, run.plan.idle_s)
    table.counted(reset=True)
    idle_ms_a_s = idle_cpu(server, seconds)
    counted = table.counted()
    run.samples.note(f"{name}_idle_ms_a_second", idle_ms_a_s)
    run.samples.note(f"{name}_idle_requests_a_second", counted["requests"] / seconds)
    run.samples.note(f"{name}_idle_read_units_a_second", counted["read_units"] / seconds)
    run.samples.note(f"{name}_idle_write_units_a_second", counted.get("write_units", 0) / seconds)
    if name == "ours":
        polls = counted.get("polls", 0)
        run.samples.note("idle_ms_a_second", idle_ms_a_s)
        run.samples.note("idle_poll_requests", polls / round(seconds / POLL_S))
        run.samples.note("idle_poll_read_units", counted.get("poll_units", 0) / max(1, polls))
    steady(
        server,
        table,
        rate=RATE,
        count=run.plan.items,
        idle_ms_a_s=idle_ms_a_s,
        name=f"{name}_{RATE}_a_second",
        samples=run.samples,
    )


def rates(run: Run) -> None:
    """1 to 1,000 items a second, one rate after the other."""
    with table_process() as table:
        for name, start in cases(run, table).items():
            with start() as server:
                server.open_all(1, OPEN_WITHIN_S)
                server.viewers.for_s(SETTLE_S)
                idle_ms_a_s = idle_cpu(server, min(PEER_IDLE_S, run.plan.idle_s))
                for rate in run.plan.rates:
                    steady(
                        server,
                        table,
                        rate=rate,
                        count=max(1, round(rate * run.plan.rate_s)),
                        idle_ms_a_s=idle_ms_a_s,
                        name=f"rates_{rate}_{name}",
                        samples=run.samples,
                    )
    for name in ("ours", "p1"):
        points = [(float(rate), f"rates_{rate}_{name}_item_cpu_us") for rate in run.plan.rates]
        run.samples.curve(f"rates_{name}_item_cpu_exponent", points)
