"""What do many streams in one process cost? Memory, idling, an event, its spread, an opening."""

import contextlib
import functools
from collections.abc import Callable

from benchmarks.cases.loads import burst, idle_cpu, steady
from benchmarks.plan import Run
from benchmarks.processes import uss_mib
from benchmarks.servers import Server, ours, p1
from benchmarks.table.client import TableProcess, table_process

BURST = 20
WINDOW_S = 3.0
RATE = 20  # items a second, for their CPU
MORE = 10  # opened when all others are open
OPEN_WITHIN_S = 150
PEER_SETTLES_S = 4
Start = Callable[[], contextlib.AbstractContextManager[Server]]


def run(run: Run) -> None:
    """Each number of streams; the largest several times, in turn with the peer."""
    largest = max(run.plan.streams)
    for count in run.plan.streams:
        for number in range(run.plan.many_rounds if count == largest else 1):
            with table_process() as table:
                cases = _cases(run, table, count)
                if count == largest and number == 0:
                    # A byte at least every 4 s, as our contract promises.
                    cases["p1_ping_4"] = functools.partial(p1, table, ping_s=4)
                for name, start in cases.items():
                    with start() as server:
                        _measure(f"streams_{count}_{name}", server, table, count, run)
    conclude(run)


def _cases(run: Run, table: TableProcess, count: int) -> dict[str, Start]:
    return {
        "ours": lambda: ours(run.artefacts, table, streams=count + (MORE if count > 1 else 0)),
        "p1": lambda: p1(table),
    }


def _measure(name: str, server: Server, table: TableProcess, count: int, run: Run) -> None:
    samples = run.samples
    server.open_all(1, OPEN_WITHIN_S)
    first_mib = uss_mib(server.pid)
    server.open_all(count, OPEN_WITHIN_S)
    is_ours = server.port == 0
    server.viewers.for_s(run.plan.settle_s if is_ours else min(PEER_SETTLES_S, run.plan.settle_s))
    samples.note(f"{name}_uss_mib", uss_mib(server.pid))
    if count > 1:
        # Against a process that was made for one stream: threads that wait are memory, too.
        alone_mib = samples.median(f"streams_1_{'ours' if is_ours else 'p1'}_uss_mib")
        grown_mib = samples.values[f"{name}_uss_mib"][-1] - alone_mib
        samples.note(f"{name}_kib", grown_mib * 1024 / (count - 1))
        since_first_mib = samples.values[f"{name}_uss_mib"][-1] - first_mib
        samples.note(f"{name}_grown_kib", since_first_mib * 1024 / (count - 1))
    table.counted(reset=True)
    idle_ms_a_s = idle_cpu(server, run.plan.many_idle_s)
    counted = table.counted()
    samples.note(f"{name}_idle_ms_a_second", idle_ms_a_s)
    samples.note(f"{name}_idle_requests_a_second", counted["requests"] / run.plan.many_idle_s)
    for _ in range(run.plan.bursts):
        burst(
            server,
            table,
            count=BURST,
            streams=count,
            window_s=WINDOW_S,
            name=name,
            samples=samples,
        )
    steady(
        server,
        table,
        rate=RATE,
        count=round(RATE * run.plan.rate_s),
        idle_ms_a_s=idle_ms_a_s,
        name=name,
        samples=samples,
        streams=count,
    )
    if is_ours and count > 1:
        _open_more(name, server, table, count, run, counted)
    longest_s = max(each.longest_silence_s for each in server.viewers.streams)
    samples.note(f"{name}_longest_silence_ms", longest_s * 1000)
    ended = sum(each.ended and each.first_data_at_s is not None for each in server.viewers.streams)
    samples.note(f"{name}_ended", ended)


def _open_more(
    name: str,
    server: Server,
    table: TableProcess,
    count: int,
    run: Run,
    idle: dict[str, float],
) -> None:
    """Notes the read units of one opening more, without those of the polls meanwhile."""
    table.counted(reset=True)
    before_s = server.viewers.now_s()
    for number in range(MORE):
        server.open_all(count + number + 1, OPEN_WITHIN_S, at_once=1)
    counted = table.counted()
    elapsed_s = server.viewers.now_s() - before_s
    idle_units = idle["read_units"] / run.plan.many_idle_s * elapsed_s
    units = max(0.0, counted["read_units"] - idle_units)
    run.samples.note(f"{name}_open_read_units", units / MORE)
    run.samples.note(f"{name}_open_requests", counted["requests"] / MORE)


def conclude(run: Run) -> None:
    samples = run.samples
    largest = max(run.plan.streams)
    ours_name, peer = f"streams_{largest}_ours", f"streams_{largest}_p1"
    keys = {
        "kib": "kib",
        "idle": "idle_ms_a_second",
        "event_cpu": "event_cpu_us",
    }
    for key, measured in keys.items():
        samples.ratio(f"streams_{largest}_{key}", f"{ours_name}_{measured}", f"{peer}_{measured}")
    samples.ratio(
        f"streams_{largest}_idle_same_promise",
        f"{ours_name}_idle_ms_a_second",
        f"{peer}_ping_4_idle_ms_a_second",
    )
    for value in samples.values.get(f"{ours_name}_spread_ms", ()):
        samples.note(f"streams_{largest}_spread_ms", value)
    for who in ("ours", "p1"):
        for measured in ("kib", "idle_ms_a_second", "event_cpu_us", "spread_ms"):
            points = [
                (float(count), f"streams_{count}_{who}_{measured}")
                for count in run.plan.streams
                if count > 1
            ]
            samples.curve(f"streams_{who}_{measured}_exponent", points)
    points = [
        (float(count), f"streams_{count}_ours_open_read_units")
        for count in run.plan.streams
        if count > 1
    ]
    samples.curve("open_reads_exponent", points)
