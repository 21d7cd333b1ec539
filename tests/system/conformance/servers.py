"""Starts the servers that the kit asks: each in processes of its own, on free ports of loopback."""

import contextlib
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from tests.support.tools import missing, node

HERE = Path(__file__).parent
PEERS = HERE / "peers"
NPM = PEERS / "npm"
OLDEST_NODE = 20  # by the servers' own package.json
STARTS_WITHIN_S = 180  # beside many others
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


@dataclass(frozen=True)
class Peer:
    """A server that nobody here wrote. `program` lies in peers/ or in peers/npm/."""

    title: str
    program: str
    packages: tuple[str, ...]

    @property
    def is_npm(self) -> bool:
        return self.program.endswith(".mjs")

    @property
    def versions(self) -> str:
        """Names the packages with their versions, as they are pinned."""
        if self.is_npm:
            pinned = json.loads((NPM / "package.json").read_text("utf-8"))["dependencies"]
            return ", ".join(f"`{name}` {pinned[name]}" for name in self.packages)
        return ", ".join(f"`{name}` {version(name)}" for name in self.packages)

    def command(self) -> list[str]:
        if self.is_npm:
            return [node(), str(NPM / self.program)]
        command = [sys.executable, "-m", "uvicorn", "--app-dir", str(PEERS), "--port", "0"]
        return [*command, f"{self.program}:app"]


ALL_PEERS = (
    Peer("FastAPI", "fastapi_peer", ("fastapi", "uvicorn")),
    Peer("sse-starlette", "sse_starlette_peer", ("sse-starlette", "starlette", "uvicorn")),
    Peer("Litestar", "litestar_peer", ("litestar", "uvicorn")),
    Peer("better-sse", "better-sse.mjs", ("better-sse",)),
    Peer("@fastify/sse", "fastify-sse.mjs", ("@fastify/sse", "fastify")),
    Peer("Hono", "hono.mjs", ("hono", "@hono/node-server")),
    Peer("sse-channel", "sse-channel.mjs", ("sse-channel",)),
    Peer("Node alone", "plain-node.mjs", ()),
)


def must_be_installed() -> None:
    """Skips the test if Node or the packages from npm are not there; fails it in CI."""
    said = subprocess.run([node(), "--version"], capture_output=True, text=True, check=False).stdout
    if major(said) < OLDEST_NODE:
        found = said.strip() or "something else"
        missing(f"Node {OLDEST_NODE} or newer (found: {found})", "https://nodejs.org/en/download")
    if not (NPM / "node_modules").is_dir():
        missing("the servers from npm", "make clients")


def major(said: str) -> int:
    """Returns the first number of a version such as v20.20.2, or 0."""
    found = re.match(r"v(\d+)\.", said)
    return int(found[1]) if found else 0


@contextlib.contextmanager
def running(peer: Peer) -> Iterator[str]:
    """Runs a peer; yields its origin. Raises RuntimeError with its output if it does not start."""
    process = subprocess.Popen(
        peer.command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    output = _Output(process)
    try:
        if not output.has_address.wait(STARTS_WITHIN_S) or not output.address:
            raise RuntimeError(f"{peer.title} did not start: {''.join(output.lines)}")
        yield output.address
    finally:
        process.kill()
        process.wait()
        output.thread.join()


class _Output:
    """Reads what a process prints, so that it never waits, and finds its address."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.lines: list[str] = []
        self.address = ""
        self.has_address = threading.Event()
        self._process = process
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        assert self._process.stdout, "it is a pipe"
        for line in self._process.stdout:
            self.lines.append(line)
            if not self.address and (found := _ADDRESS.search(line)):
                self.address = found[0]
                self.has_address.set()
        self.has_address.set()
