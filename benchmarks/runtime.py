"""What does the streaming runtime cost?

Measures the cold start up to the first `/next`, and the CPU for each piece of a stream.

    .venv/bin/python benchmarks/runtime.py [--rounds 9] [--pieces 50000]

Everything is a ratio within one run: the cases take turns, medians are compared. "raw loop" is the
least that a Python process can do: a socket, one request, one `sendall` for each piece of a
generator.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BOOTSTRAP = ROOT / "layers/streaming_runtime/bootstrap"

HANDLER = """
def handler(event, context):
    return {"statusCode": 200, "body": (b"x" * 230 for _ in range(event["pieces"]))}
"""

RAW_LOOP = """
import json, os, socket
host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
while True:
    s = socket.create_connection((host, int(port)))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\n\\r\\n")
    head, _, body = s.recv(65536).partition(b"\\r\\n\\r\\n")
    if b" 500 " in head:
        break
    s.sendall(b"POST /response HTTP/1.1\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n")
    for piece in (b"x" * 230 for _ in range(json.loads(body)["pieces"])):
        s.sendall(b"%x\\r\\n%b\\r\\n" % (len(piece), piece))
    s.sendall(b"0\\r\\n\\r\\n")
    s.recv(65536)
"""

HTTP_CLIENT = RAW_LOOP.replace("import json, os, socket", "import http.client, json, os, socket")


class Platform:
    """A minimal Runtime API: hands out one invocation, reads whatever comes, then says 500."""

    def __init__(self, pieces: int) -> None:
        self._payload = b'{"requestContext": {"http": {"method": "GET"}}, "pieces": %d}' % pieces
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.first_next_at = 0.0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
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
        with connection:
            while data := connection.recv(1 << 20):
                tail = (tail + data)[-64:]
                if data.startswith(b"GET "):
                    connection.sendall(self._next())
                elif tail.endswith(b"\r\n0\r\n\r\n"):
                    connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")

    def _next(self) -> bytes:
        if self.first_next_at:
            return b"HTTP/1.1 500 End\r\nContent-Length: 0\r\n\r\n"
        self.first_next_at = time.perf_counter()
        lines = [
            "HTTP/1.1 200 OK",
            "Lambda-Runtime-Aws-Request-Id: 1",
            f"Content-Length: {len(self._payload)}",
            "\r\n",
        ]
        return "\r\n".join(lines).encode() + self._payload


def measure(command: list[str], directory: str, pieces: int) -> tuple[float, float]:
    """Returns milliseconds to the first /next, and milliseconds of CPU of the whole process."""
    platform = Platform(pieces)
    environ = {
        "PATH": os.environ["PATH"],
        "AWS_LAMBDA_RUNTIME_API": platform.address,
        "_HANDLER": "function.handler",
        "LAMBDA_TASK_ROOT": directory,
        "STREAMING_RUNTIME_PYTHON": sys.executable,
    }
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    platform.close()
    start_s = platform.first_next_at - began
    cpu_s = usage.ru_utime + usage.ru_stime
    return start_s * 1000, cpu_s * 1000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--pieces", type=int, default=50_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        for name, text in (("function", HANDLER), ("raw", RAW_LOOP), ("client", HTTP_CLIENT)):
            Path(directory, f"{name}.py").write_text(text)
        cases = {
            "raw loop": [sys.executable, f"{directory}/raw.py"],
            "streaming_runtime": [str(BOOTSTRAP)],
            "raw loop that imports http.client": [sys.executable, f"{directory}/client.py"],
        }
        starts: dict[str, list[float]] = {name: [] for name in cases}
        costs: dict[str, list[float]] = {name: [] for name in cases}
        for _ in range(options.rounds):
            for name, command in cases.items():
                start_ms, idle_cpu_ms = measure(command, directory, 1)
                _, busy_cpu_ms = measure(command, directory, options.pieces)
                starts[name].append(start_ms)
                costs[name].append((busy_cpu_ms - idle_cpu_ms) * 1000 / options.pieces)
    version = sys.version.split()[0]
    rounds = f"median of {options.rounds} rounds"
    print(f"CPython {version}, {rounds}, {options.pieces} pieces of 230 bytes")
    report("ms to the first /next", starts)
    report("µs of CPU for each piece", costs)


def report(title: str, results: dict[str, list[float]]) -> None:
    base = statistics.median(results["raw loop"])
    print(f"\n{title}")
    for name, values in results.items():
        median = statistics.median(values)
        spread = f"[{min(values):.2f} to {max(values):.2f}]"
        print(f"  {name:36} {median:8.2f}  {spread}  {median / base:5.2f} x raw loop")


if __name__ == "__main__":
    main()
