"""What if hundreds of clients come at the same moment to one process, and the table takes time?"""

import time

from benchmarks.plan import Run
from benchmarks.servers import Server, ours, p1
from benchmarks.table.client import table_process

LATENCY_S = 0.010  # each request takes that much, as in DynamoDB
WITHIN_S = 60


def run(run: Run) -> None:
    clients = run.plan.storm_clients
    for _ in range(run.plan.storm_rounds):
        with table_process(latency_s=LATENCY_S) as table:
            with ours(run.artefacts, table, streams=clients) as server:
                _storm("ours", server, clients, run)
            with p1(table) as server:
                _storm("p1", server, clients, run)
    for value in run.samples.values.get(f"ours_storm_{clients}_served_s", ()):
        run.samples.note(f"storm_{clients}_served_s", value)


def _storm(name: str, server: Server, clients: int, run: Run) -> None:
    """Notes when the last client had its first data, and how many had none.

    A client that is refused has failed, whatever it was told.
    """
    began_s = time.monotonic()
    server.open(clients)
    streams = server.viewers.streams
    server.viewers.until(
        lambda: all(each.first_data_at_s is not None or each.ended for each in streams), WITHIN_S
    )
    served = [
        each.first_data_at_s
        for each in streams
        if each.first_data_at_s is not None and each.status == 200
    ]
    run.samples.note(f"{name}_storm_{clients}_failed", clients - len(served))
    last_s = max(served) - began_s if len(served) == clients else WITHIN_S
    run.samples.note(f"{name}_storm_{clients}_served_s", last_s)
    run.samples.note(f"{name}_storm_{clients}_cpu_ms", server.cpu_ms())
