"""One client that nobody here wrote, as a process of its own that prints lines of JSON."""

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT
from tests.support.tools import chromium, missing, node

HERE = Path(__file__).parent
NPM = HERE / "npm"
PYPI = HERE / "pypi"
PYTHON = ROOT / ".venv-clients/bin/python"
NPM_CLIENTS = json.loads((NPM / "package.json").read_text("utf-8"))["dependencies"]
PYPI_CLIENTS = [path.stem.removeprefix("follow_") for path in PYPI.glob("follow_*.py")]
ALL_CLIENTS = sorted(
    [f"npm/{name.rpartition('/')[2]}" for name in NPM_CLIENTS]
    + [f"pypi/{name.replace('_', '-')}" for name in PYPI_CLIENTS]
    + ["chromium"]
)


def must_be_installed(client: str) -> None:
    """Skips the test if the client is not installed; fails it in CI."""
    if client == "chromium":
        chromium()
    elif client.startswith("npm/"):
        node()
    if not is_installed(client):
        missing(client, "run `make clients`")


def is_installed(client: str) -> bool:
    if client == "chromium":
        return all(map(shutil.which, ("chromium", "chromedriver")))
    if client.startswith("npm/"):
        return bool(shutil.which("node")) and (NPM / "node_modules").is_dir()
    return PYTHON.is_file()


def command_of(client: str) -> list[str]:
    """Returns the command that follows a URL with this client."""
    name = client.partition("/")[2]
    if client == "chromium":
        return [sys.executable, str(HERE / "follow_chromium.py")]
    if client.startswith("npm/"):
        return [node(), str(NPM / f"{name}.mjs")]
    return [str(PYTHON), str(PYPI / f"follow_{name.replace('-', '_')}.py")]


class Client:
    """Follows `url` until it is closed. `lines` is all that it has printed, parsed.

    User code waits `longest_pause_s` at most before it comes back. Clients that can be told to give
    up do so after `patience_s` without a byte.
    """

    def __init__(self, name: str, url: str, *, longest_pause_s: float, patience_s: float) -> None:
        self.name = name
        self.lines: list[dict[str, Any]] = []
        self.errors: list[str] = []
        command = [*command_of(name), url, str(longest_pause_s), str(patience_s)]
        if name == "chromium":
            command += chromium()
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for read in (self._read_lines, self._read_errors):
            threading.Thread(target=read, daemon=True).start()

    def events(self, event_type: str) -> list[dict[str, Any]]:
        return [line for line in list(self.lines) if line.get("event") == event_type]

    def item_ids(self) -> list[str]:
        return [line["item_id"] for line in self.events("new_item")]

    def states(self) -> list[str]:
        return [line["state"] for line in list(self.lines) if "state" in line]

    def runs(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read_lines(self) -> None:
        assert self._process.stdout, "it is a pipe"
        for line in self._process.stdout:
            self.lines.append(json.loads(line))

    def _read_errors(self) -> None:
        assert self._process.stderr, "it is a pipe"
        self.errors.extend(self._process.stderr)
