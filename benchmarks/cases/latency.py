"""What does an event cost on its way from a handler to its client, and how long does that take?

No table is in it: what an item waits for the next poll, and what reading it costs, is in `warm`.
"""

import contextlib
from collections.abc import Callable

from benchmarks.plan import Run
from benchmarks.samples import percentile
from benchmarks.servers import PEERS, Server, aws_environ, ours, raw, under_uvicorn
from benchmarks.table.client import TABLE

PAUSE_S = 0.002
WARM_UP = 1  # streams before the one that counts
FACTORY = ("--factory",)


def run(run: Run) -> None:
    """Stamped events at a steady pace."""
    events = {"BENCH_EVENTS": str(run.plan.stamps)}
    within_s = 10 + 20 * PAUSE_S * run.plan.stamps
    for _ in range(run.plan.latency_rounds):
        for name, start in {**_pair(run, "stamps", events), "raw": _raw(run)}.items():
            with start() as server:
                _to_the_end(name, server, within_s)
                for share in (50, 99):
                    late_us = percentile(server.viewers.stamps_s, share / 100) * 1e6
                    run.samples.note(f"{name}_latency_p{share}_us", late_us)
    for share in (50, 99):
        name = f"latency_p{share}"
        run.samples.ratio(name, f"ours_{name}_us", f"p1_{name}_us")


def items(run: Run) -> None:
    """Items as fast as they go. The first stream of a process does not count."""
    events = {"BENCH_EVENTS": str(run.plan.hot_events), "BENCH_TABLE": TABLE}
    events["BENCH_TASK"] = str(run.artefacts.task)
    for _ in range(run.plan.latency_rounds):
        cases = _pair(run, "items", events)
        cases["ours_alone"] = _pair(run, "items", events | {"BENCH_ALONE": "1"})["ours"]
        for name, start in cases.items():
            with start() as server:
                for _ in range(WARM_UP):
                    _to_the_end(name, server, 60)
                before_ms = server.cpu_ms()
                _to_the_end(name, server, 60)
                spent_us = (server.cpu_ms() - before_ms) * 1000
                sent = server.viewers.streams[-1].items
                if sent != run.plan.hot_events:
                    raise RuntimeError(f"{name}: {sent} of {run.plan.hot_events} items")
                run.samples.note(f"{name}_event_cpu_us", spent_us / sent)
    run.samples.ratio("event_cpu", "ours_event_cpu_us", "p1_event_cpu_us")
    run.samples.ratio("event_alone_cpu", "ours_alone_event_cpu_us", "p1_event_cpu_us")


Start = Callable[[], contextlib.AbstractContextManager[Server]]


def _pair(run: Run, module: str, events: dict[str, str]) -> dict[str, Start]:
    return {
        "ours": lambda: ours(
            run.artefacts, None, handler=f"{module}.handler", task=PEERS, more=events
        ),
        "p1": lambda: under_uvicorn(
            f"{module}:application", aws_environ(None) | events, options=FACTORY
        ),
    }


def _raw(run: Run) -> Start:
    return lambda: raw(run.plan.stamps)


def _to_the_end(name: str, server: Server, within_s: float) -> None:
    server.open()
    viewers = server.viewers
    if not viewers.until(lambda: viewers.streams[-1].ended, within_s):
        raise TimeoutError(f"{name}: the stream does not end; {viewers.failed}")
