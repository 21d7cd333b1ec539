"""What does one warm stream cost: idle, for each item, and at rates from 1 to 1,000 a second?"""

import contextlib
from collections.abc import Callable
from statistics import median

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
    idle_ms_a_s = _idle(name, server, table, round(seconds), run)
    steady(
        server,
        table,
        rate=RATE,
        count=run.plan.items,
        idle_ms_a_s=idle_ms_a_s,
        name=f"{name}_{RATE}_a_second",
        samples=run.samples,
    )


def _idle(name: str, server: Server, table: TableProcess, seconds: int, run: Run) -> float:
    """Notes CPU, requests and units of an idle stream. Returns its CPU a second.

    A poll is due each second, so the median of the seconds is what one poll costs; the mean has
    renewals and counts, too.
    """
    before_ms = server.cpu_ms()
    counted = []
    table.counted(reset=True)
    for _ in range(seconds):
        server.viewers.for_s(POLL_S)
        counted.append(table.counted(reset=True))
    idle_ms_a_s = (server.cpu_ms() - before_ms) / seconds
    run.samples.note(f"{name}_idle_ms_a_second", idle_ms_a_s)
    for what in ("requests", "read_units", "write_units"):
        each = [second.get(what, 0) for second in counted]
        run.samples.note(f"{name}_idle_{what}_a_second", sum(each) / seconds)
        if name == "ours" and what != "write_units":
            run.samples.note(f"idle_poll_{what}", median(each))
    if name == "ours":
        run.samples.note("idle_ms_a_second", idle_ms_a_s)
    return idle_ms_a_s


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
        for what in ("item_cpu_us", "item_p99_ms"):
            points = [(float(rate), f"rates_{rate}_{name}_{what}") for rate in run.plan.rates]
            run.samples.curve(f"rates_{name}_{what}_exponent", points)
