"""What does a cold start cost, up to readiness and up to the first data? And what memory?"""

import contextlib
from collections.abc import Callable

from benchmarks.plan import Run
from benchmarks.processes import rss_mib, uss_mib
from benchmarks.samples import Samples
from benchmarks.servers import Server, ours, p1, p3, raw
from benchmarks.table.client import table_process

WITHIN_S = 30
SETTLE_S = 0.5
Start = Callable[[], contextlib.AbstractContextManager[Server]]


def run(run: Run) -> None:
    """Starts each in turn. The first round writes and warms bytecode, and does not count."""
    with table_process() as table:
        cases: dict[str, Start] = {
            "ours": lambda: ours(run.artefacts, table),
            "p1": lambda: p1(table),
            "p1_no_bytecode": lambda: p1(table, bytecode=False),
            "p3": lambda: p3(table),
            "raw": raw,
        }
        for number in range(run.plan.cold_rounds + 1):
            for name, start in cases.items():
                measure(name, start, run.samples if number else Samples())
    conclude(run.samples)


def measure(name: str, start: Start, samples: Samples) -> None:
    """Starts one process and opens one stream."""
    with start() as server:
        cpu_at_data: list[float] = []
        server.viewers.on_data = lambda _stream: cpu_at_data.append(server.cpu_ms())
        server.open()
        if not server.viewers.until(lambda: bool(cpu_at_data), WITHIN_S):
            raise TimeoutError(f"{name}: no data; {server.viewers.failed}")
        stream = server.viewers.streams[0]
        if stream.status != 200:
            raise RuntimeError(f"{name}: status {stream.status}")
        server.viewers.for_s(SETTLE_S)
        assert stream.first_data_at_s is not None
        wait_ms = (stream.first_data_at_s - stream.asked_at_s) * 1000
        samples.note(f"{name}_cold_first_byte_cpu_ms", server.ready_cpu_ms)
        samples.note(f"{name}_cold_first_data_cpu_ms", cpu_at_data[0])
        samples.note(f"{name}_cold_ready_ms", server.ready_s * 1000)
        samples.note(f"{name}_cold_first_data_ms", server.ready_s * 1000 + wait_ms)
        samples.note(f"{name}_environment_uss_mib", uss_mib(server.pid))
        samples.note(f"{name}_environment_rss_mib", rss_mib(server.pid))


def conclude(samples: Samples) -> None:
    for what in ("cold_first_byte_cpu", "cold_first_data_cpu"):
        samples.ratio(what, f"ours_{what}_ms", f"p1_{what}_ms")
    samples.ratio(
        "cold_first_data_cpu_no_bytecode_peer",
        "ours_cold_first_data_cpu_ms",
        "p1_no_bytecode_cold_first_data_cpu_ms",
    )
    samples.ratio("environment_uss", "ours_environment_uss_mib", "p1_environment_uss_mib")
    samples.ratio(
        "cold_first_data_cpu_p3", "ours_cold_first_data_cpu_ms", "p3_cold_first_data_cpu_ms"
    )
