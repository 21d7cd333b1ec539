"""What does a FastAPI application cost through `Asgi`, and what behind uvicorn?

Measures, for one application: the CPU from the start of the process to the first byte of its first
response, the resident memory then and after a stream, and the CPU for each piece of a stream.

    .venv/bin/python benchmarks/asgi.py [--rounds 9] [--pieces 20000] [--python PATH ...]

uvicorn stands for the web server that a function with the Lambda Web Adapter runs, so it is a lower
bound: the adapter's own process comes on top. `--python` names interpreters of environments with
fastapi and uvicorn; with uvicorn[standard] it uses uvloop and httptools. The cases take turns, and
medians are compared. CPU is what the kernel counts for all threads of the process. Linux only.
"""

import argparse
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BOOTSTRAP = ROOT / "layers/streaming_runtime/bootstrap"
PORT_LINE = b"Uvicorn running on http://127.0.0.1:"

APPLICATION = """
import asyncio

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

app = FastAPI()


@app.get("/stream")
async def stream(pieces: int, pause_s: float = 0):
    async def body():
        for number in range(pieces):
            if pause_s:
                await asyncio.sleep(pause_s)
            yield b"data: a token of a language model\\n\\n"

    return StreamingResponse(body(), media_type="text/event-stream")
"""

FUNCTION = """
from application import app
from lambda_streaming import Asgi

handler = Asgi(app)
"""

MEASURES = {
    "first": "ms of CPU to the first byte",
    "memory": "MiB resident at the first byte",
    "peak": "MiB resident at most, after the streams",
    "piece": "µs of CPU for each piece, without a pause",
    "token": "µs of CPU for each piece, with a pause of 2 ms before it",
}


def cpu_ms(pid: int) -> float:
    """Returns the CPU time of all threads. https://docs.kernel.org/scheduler/sched-stats.html"""
    total_ns = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            total_ns += int((task / "schedstat").read_text().split()[0])
    return total_ns / 1e6


def memory_mib(pid: int, field: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise LookupError(field)


class UnderUvicorn:
    """The application as a web server serves it."""

    def __init__(self, python: str, folder: str) -> None:
        command = [python, "-m", "uvicorn", "application:app", "--port", "0", "--no-access-log"]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        for line in self.process.stderr or ():
            if PORT_LINE in line:
                self._port = int(line.partition(PORT_LINE)[2].split()[0])
                return
        raise RuntimeError("uvicorn did not start")

    def bytes_of(self, path: str) -> Iterator[int]:
        """Asks for `path`. Yields the size of each read of the response."""
        with socket.create_connection(("127.0.0.1", self._port)) as connection:
            head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            connection.sendall(head.encode())
            while data := connection.recv(1 << 20):
                yield len(data)

    def close(self) -> None:
        self.process.terminate()
        self.process.communicate()


class UnderTheRuntime:
    """The application as a function: a minimal Runtime API hands out one invocation at a time."""

    def __init__(self, python: str, folder: str) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._wanted: list[str] = []
        self._asked = threading.Condition()
        self._arrived: list[int] = []
        threading.Thread(target=self._accept, daemon=True).start()
        environ = {
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._listener.getsockname()[1]}",
            "_HANDLER": "function.handler",
            "LAMBDA_TASK_ROOT": folder,
            "STREAMING_RUNTIME_PYTHON": python,
        }
        self.process = subprocess.Popen(
            [BOOTSTRAP], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def bytes_of(self, path: str) -> Iterator[int]:
        with self._asked:
            self._wanted.append(path)
            self._asked.notify_all()
        while True:
            with self._asked:
                while not self._arrived:
                    self._asked.wait(60)
                size = self._arrived.pop(0)
            if not size:
                return
            yield size

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        tail = b""
        with connection, contextlib.suppress(ConnectionError):
            while data := connection.recv(1 << 20):
                tail = (tail + data)[-64:]
                if data.startswith(b"GET "):
                    connection.sendall(self._next())
                    continue
                self._report(len(data))
                if tail.endswith(b"\r\n0\r\n\r\n"):
                    connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
                    self._report(0)

    def _report(self, size: int) -> None:
        with self._asked:
            self._arrived.append(size)
            self._asked.notify_all()

    def _next(self) -> bytes:
        with self._asked:
            while not self._wanted:
                self._asked.wait()
            path, _, query = self._wanted.pop(0).partition("?")
        payload = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {"host": "localhost"},
            "requestContext": {
                "http": {"method": "GET", "path": path, "sourceIp": "127.0.0.1"},
                "domainName": "localhost",
            },
        }
        body = json.dumps(payload).encode()
        lines = [
            "HTTP/1.1 200 OK",
            "Lambda-Runtime-Aws-Request-Id: 1",
            f"Content-Length: {len(body)}",
            "\r\n",
        ]
        return "\r\n".join(lines).encode() + body


Server = type[UnderUvicorn] | type[UnderTheRuntime]


def measured(kind: Server, python: str, folder: str, pieces: int) -> dict[str, float]:
    server = kind(python, folder)
    pid = server.process.pid
    try:
        reading = server.bytes_of("/stream?pieces=1")
        next(reading)
        found = {"first": cpu_ms(pid), "memory": memory_mib(pid, "VmRSS")}
        for _ in reading:
            pass
        few = max(1, pieces // 20)
        found["piece"] = _cpu_for(server, f"/stream?pieces={pieces}") * 1000 / pieces
        found["token"] = _cpu_for(server, f"/stream?pieces={few}&pause_s=0.002") * 1000 / few
        found["peak"] = memory_mib(pid, "VmHWM")
        return found
    finally:
        server.close()


def _cpu_for(server: UnderUvicorn | UnderTheRuntime, path: str) -> float:
    before_ms = cpu_ms(server.process.pid)
    for _ in server.bytes_of(path):
        pass
    return cpu_ms(server.process.pid) - before_ms


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--pieces", type=int, default=20_000)
    parser.add_argument("--python", action="append", metavar="PATH")
    options = parser.parse_args()
    pythons = options.python or [sys.executable]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "application.py").write_text(APPLICATION)
        Path(folder, "function.py").write_text(FUNCTION)
        cases: dict[str, tuple[Server, str]] = {}
        for python in pythons:
            cases[f"Asgi, {_server_of(python)}"] = (UnderTheRuntime, python)
            cases[_server_of(python)] = (UnderUvicorn, python)
        results: dict[str, list[dict[str, float]]] = {name: [] for name in cases}
        for number in range(options.rounds + 1):
            for name, (kind, python) in cases.items():
                found = measured(kind, python, folder, options.pieces)
                if number:  # the first round compiles
                    results[name].append(found)
    print(f"CPython {sys.version.split()[0]}, median of {options.rounds} rounds")
    for measure, title in MEASURES.items():
        report(title, {name: [each[measure] for each in found] for name, found in results.items()})


def _server_of(python: str) -> str:
    code = "import importlib.util as u; print(bool(u.find_spec('httptools')))"
    told = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return "uvicorn[standard]" if told.stdout.strip() == "True" else "uvicorn"


def report(title: str, results: dict[str, list[float]]) -> None:
    names = list(results)
    print(f"\n{title}")
    for ours, server in zip(names[::2], names[1::2], strict=True):
        ratio = statistics.median(results[ours]) / statistics.median(results[server])
        for name in (ours, server):
            values = results[name]
            spread = f"[{min(values):.1f} to {max(values):.1f}]"
            print(f"  {name:28} {statistics.median(values):9.1f}  {spread}")
        print(f"  {'ratio':28} {ratio:9.2f}")


if __name__ == "__main__":
    main()
