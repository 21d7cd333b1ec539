"""Does a larger table cost a stream more? From 100 items to 1,000,000."""

from benchmarks.cases.warm import OPEN_WITHIN_S
from benchmarks.plan import Run
from benchmarks.servers import ours
from benchmarks.table.client import table_process

ROUNDS = 3
POLLS_S = 3.2


def run(run: Run) -> None:
    for size in run.plan.sizes:
        with table_process(items=size) as table:
            for _ in range(ROUNDS):
                table.counted(reset=True)
                with ours(run.artefacts, table) as server:
                    server.open_all(1, OPEN_WITHIN_S)
                    run.samples.note(f"table_{size}_first_data_cpu_ms", server.cpu_ms())
                    counted = table.counted(reset=True)
                    run.samples.note(f"table_{size}_open_read_units", counted["read_units"])
                    server.viewers.for_s(POLLS_S)
                    counted = table.counted()
                    units = counted.get("poll_units", 0) / max(1, counted.get("polls", 0))
                    run.samples.note(f"table_{size}_poll_read_units", units)
    for what in ("first_data_cpu_ms", "open_read_units", "poll_read_units"):
        points = [(float(size), f"table_{size}_{what}") for size in run.plan.sizes]
        run.samples.curve(f"table_{what}_exponent", points)
