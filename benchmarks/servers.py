"""How are our built artefacts and the peers started? As they would be on Lambda."""

import contextlib
import functools
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import SmallFunction, cores, cpu_ms, started
from benchmarks.table.client import TABLE, TableProcess
from benchmarks.viewers import Stream, Viewers

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "benchmarks/peers"
START_WITHIN_S = 90
HANDLER = "stream_function.handler.handler"


@dataclass(frozen=True)
class Artefacts:
    """`opt`: all layers of the stream function, as Lambda merges them; `task`: its code."""

    opt: Path
    task: Path


def built(folder: Path) -> Artefacts:
    """Builds the stream function and its layers as `sam build` does, without SAM.

    A folder that has them is taken as it is.
    """
    artefacts = Artefacts(folder / "opt", folder / "task")
    if artefacts.task.exists():
        return artefacts
    template = (ROOT / "template.yaml").read_text("utf-8")
    for name in stream_layers(template):
        _build(name, ROOT / _source_of(template, name, "ContentUri"), folder / name)
        shutil.copytree(folder / name, artefacts.opt, dirs_exist_ok=True)
    source = ROOT / _source_of(template, "StreamFunction", "CodeUri")
    _build("StreamFunction", source, artefacts.task)
    return artefacts


def stream_layers(template: str) -> list[str]:
    """Returns the layers that the stream function has on x86-64, without an OpenID issuer."""
    block = re.search(r"Layers: &StreamLayers\n((?: {8,}.*\n)+)", template)
    assert block, "template.yaml has no list of the stream function's layers"
    names = re.findall(r"!Ref (\w+Layer)", block[1])
    return [name for name in names if "Arm64" not in name and "Tokens" not in name]


def _source_of(template: str, resource: str, attribute: str) -> str:
    block = re.search(rf"\n  {resource}:\n(?:    .*\n|\n)+", template)
    assert block, f"template.yaml has no {resource}"
    found = re.search(rf"{attribute}: (\S+)", block[0])
    assert found, f"{resource} has no {attribute}"
    return found[1]


def _build(name: str, source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    command = ["make", "-s", "-f", str(ROOT / "layers/Makefile"), f"build-{name}"]
    command += [f"ARTIFACTS_DIR={target}", f"LAMBDA_PYTHON={base_python()}"]
    subprocess.run(command, cwd=source, check=True, stdout=subprocess.DEVNULL)


def base_python() -> str:
    """Returns the interpreter itself, outside of the virtual environment."""
    version = "python{}.{}".format(*sys.version_info)
    return str(Path(sys.base_prefix).resolve() / "bin" / version)


@dataclass
class Server:
    """A measured process and its clients."""

    pid: int
    viewers: Viewers
    ready_cpu_ms: float  # to the first /next, or to the first connection that is accepted
    ready_s: float
    port: int = 0

    def open(self, count: int = 1) -> None:
        if self.port:
            self.viewers.connect(self.port, count=count)
        else:
            self.viewers.invoke(count)

    def open_all(self, count: int, within_s: float, at_once: int = 50) -> None:
        """Opens streams, some at a time, until `count` are live. Raises TimeoutError."""
        end_s = time.monotonic() + within_s
        while (missing := count - self.viewers.live) > 0:
            self.open(min(missing, at_once))
            asked = self.viewers.streams[-min(missing, at_once) :]
            settled = functools.partial(_all_settled, asked)
            self.viewers.until(settled, end_s - time.monotonic())
            if self.viewers.failed or time.monotonic() > end_s:
                raise TimeoutError(
                    f"{self.viewers.live} of {count} streams are live; {self.viewers.failed}"
                )

    def cpu_ms(self) -> float:
        return cpu_ms(self.pid)


def _all_settled(streams: list[Stream]) -> bool:
    return all(each.first_data_at_s is not None or each.ended for each in streams)


def aws_environ(table: TableProcess | None) -> dict[str, str]:
    environ = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_LAMBDA_FUNCTION_NAME": "stream",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": "stream",
        "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
    }
    if table:
        environ |= {"AWS_ENDPOINT_URL_DYNAMODB": table.url, "BENCH_TABLE": TABLE}
    return environ


@contextlib.contextmanager
def ours(
    artefacts: Artefacts,
    table: TableProcess | None,
    *,
    streams: int = 1,
    handler: str = HANDLER,
    task: Path | None = None,
    small: SmallFunction | None = None,
    more: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Our function under the real bootstrap, ready for `streams` invocations at once."""
    environ = aws_environ(table) | {
        "_HANDLER": handler,
        "LAMBDA_TASK_ROOT": str(task or artefacts.task),
        "STREAMING_RUNTIME_PYTHON": base_python(),
        "STREAMING_RUNTIME_CONCURRENCY": "threads",
        "POWERTOOLS_SERVICE_NAME": "stream",
        "POWERTOOLS_METRICS_NAMESPACE": "LambdaSSE/benchmark",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "DASHBOARD_TABLE": TABLE,
        "DASHBOARD_MAX_CONNECTIONS": str(max(100, streams + 100)),
        "DASHBOARD_STREAM_LIFE_S": "700",  # the longest that the template allows
    }
    if streams > 1:
        environ["AWS_LAMBDA_MAX_CONCURRENCY"] = str(streams)
    environ |= more or {}
    command = [str(artefacts.opt / "bootstrap")]
    with under_runtime_api(command, environ, streams, task or artefacts.task, small) as server:
        yield server


@contextlib.contextmanager
def under_runtime_api(
    command: list[str],
    environ: Mapping[str, str],
    streams: int,
    folder: Path,
    small: SmallFunction | None = None,
) -> Iterator[Server]:
    """Any runtime client: a process that asks a Runtime API for invocations."""
    viewers = Viewers()
    environ = {**environ, "AWS_LAMBDA_RUNTIME_API": viewers.runtime_api}
    began_s = time.monotonic()
    enter = small.limit_memory if small else None
    with (
        contextlib.closing(viewers),
        started(command, environ, on=cores()[0], folder=folder, enter=enter) as process,
    ):
        ready: list[float] = []

        def note() -> None:
            if not ready:
                ready.extend((cpu_ms(process.pid), time.monotonic() - began_s))

        viewers.on_next = note
        if not viewers.until(lambda: viewers.waiting >= streams, START_WITHIN_S):
            raise TimeoutError(f"{viewers.waiting} of {streams} call /next; {viewers.failed}")
        if small:
            small.limit_cpu(process.pid)
        yield Server(process.pid, viewers, ready_cpu_ms=ready[0], ready_s=ready[1])


@contextlib.contextmanager
def under_uvicorn(
    application: str,
    environ: Mapping[str, str],
    *,
    options: tuple[str, ...] = (),
    small: SmallFunction | None = None,
) -> Iterator[Server]:
    """A peer with a server of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", application, "--port", str(port)]
    command += ["--no-access-log", "--log-level", "warning", "--backlog", "2048", *options]
    viewers = Viewers()
    began_s = time.monotonic()
    enter = small.limit_memory if small else None
    with (
        contextlib.closing(viewers),
        started(command, environ, on=cores()[0], folder=PEERS, enter=enter) as process,
    ):
        while True:
            with contextlib.suppress(ConnectionError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            if time.monotonic() - began_s > START_WITHIN_S or process.poll() is not None:
                raise TimeoutError(f"{application} does not accept")
            time.sleep(0.001)
        ready_cpu_ms, ready_s = cpu_ms(process.pid), time.monotonic() - began_s
        if small:
            small.limit_cpu(process.pid)
        yield Server(process.pid, viewers, ready_cpu_ms, ready_s, port)


@contextlib.contextmanager
def p1(
    table: TableProcess,
    *,
    ping_s: int = 15,
    bytecode: bool = True,
    small: SmallFunction | None = None,
) -> Iterator[Server]:
    """FastAPI and sse-starlette behind uvicorn[standard]."""
    environ = aws_environ(table) | {"BENCH_PING_S": str(ping_s)}
    if not bytecode:  # neither reads nor writes any
        environ |= {"PYTHONPYCACHEPREFIX": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
    with under_uvicorn("p1:app", environ, small=small) as server:
        yield server


@contextlib.contextmanager
def p3(table: TableProcess) -> Iterator[Server]:
    """The stock runtime client with Powertools and boto3, which buffers."""
    environ = aws_environ(table) | {"_HANDLER": "p3.handler", "LAMBDA_TASK_ROOT": str(PEERS)}
    command = [sys.executable, "-m", "awslambdaric", "p3.handler"]
    with under_runtime_api(command, environ, 1, PEERS) as server:
        yield server


@contextlib.contextmanager
def raw(events: int = 0) -> Iterator[Server]:
    """The lower bound: a loop over sockets."""
    environ = aws_environ(None) | {"BENCH_EVENTS": str(events)}
    command = [base_python(), "-I", "-S", str(PEERS / "raw.py")]
    with under_runtime_api(command, environ, 1, PEERS) as server:
        yield server
