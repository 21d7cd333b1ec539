"""How do benchmarks start the stand-in of the table, and steer it?"""

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks.processes import cores, started

ROOT = Path(__file__).resolve().parents[2]
TABLE = "benchmark"
READY_WITHIN_S = 20


class TableProcess:
    """The stand-in, in a process of its own."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid = pid
        self.url = f"http://127.0.0.1:{port}"
        self._port = port

    def steer(self, operation: str, **body: Any) -> dict[str, Any]:
        """Does one of the operations that `benchmarks/table/__main__.py` has for benchmarks."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=300)
        with contextlib.closing(connection):
            headers = {"X-Amz-Target": f"Bench.{operation}"}
            connection.request("POST", "/", json.dumps(body), headers)
            response = connection.getresponse()
            found: dict[str, Any] = json.loads(response.read())
        if response.status != 200:
            raise RuntimeError(f"{operation}: {found}")
        return found

    def publish(self, count: int) -> list[str]:
        """Publishes items now. Returns their ids."""
        ids: list[str] = self.steer("Publish", count=count)["ids"]
        return ids

    def schedule(self, rate: float, count: int) -> None:
        """Publishes `count` items at `rate` a second, beginning now."""
        self.steer("Schedule", rate=rate, count=count)

    def committed(self) -> dict[str, float]:
        """Returns when each item was published, in monotonic seconds."""
        found: dict[str, float] = self.steer("Committed")["at_s"]
        return found

    def counted(self, reset: bool = False) -> dict[str, float]:
        """Returns requests and units since the last reset."""
        return {"requests": 0, "read_units": 0, **self.steer("Counted", reset=reset)}


@contextlib.contextmanager
def table_process(items: int = 100, latency_s: float = 0.0) -> Iterator[TableProcess]:
    """Starts a table with so many items; each request takes `latency_s` more."""
    layers = ROOT / "layers"
    path = [ROOT, layers / "dashboard/python", layers / "streaming_runtime/python"]
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, path))}
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        number = listener.fileno()
        port = listener.getsockname()[1]
        command = [sys.executable, "-m", "benchmarks.table", str(number)]
        running = started(command, environ, on=cores()[1], folder=ROOT, passed=[number])
        process = running.__enter__()
    with contextlib.ExitStack() as stack:
        stack.push(running)
        table = TableProcess(process.pid, port)
        until_s = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                table.steer("Seed", count=items)
                break
            except OSError:
                if time.monotonic() > until_s:
                    raise
        if latency_s:
            table.steer("Latency", s=latency_s)
        yield table
