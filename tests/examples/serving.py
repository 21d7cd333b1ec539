"""Serves an example under the emulator, and measures what arrives at a client.

@pytest.fixture(scope="module")
def example():
    with served("csv-export") as running:
        yield running

@pytest.mark.parametrize("front", FRONTS)
def test_...(example, front):
    arrived = arrivals(example.url(front, "export.csv"))
"""

import contextlib
import importlib.metadata
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from packaging.requirements import Requirement
from serve_example import (
    API,
    CONTENT,
    EXAMPLES,
    FUNCTION_URL,
    NOT_COPIED,
    RUNTIME,
    fronts,
    pass_env_options,
    with_addresses,
)

from local_lambda import Emulator
from tests.support.paths import ROOT
from tests.support.tools import missing

FRONTS = (FUNCTION_URL, API)
PATIENCE_S = 30
FAULTS = Path(__file__).parent / "faults"


@dataclass(frozen=True)
class Example:
    """An example that is being served."""

    name: str
    emulator: Emulator

    def url(self, front: str, path: str = "") -> str:
        """Returns an address at one of FRONTS, for a path without its first slash."""
        return fronts(self.emulator.addresses)[front] + path

    def as_here(self, command: str) -> str:
        """Returns a command of the README with this emulator's addresses."""
        return with_addresses(command, self.emulator.addresses)

    @property
    def log(self) -> str:
        return self.emulator.log

    def wait_for_log(self, text: str, after: int = 0) -> None:
        """Waits until the log holds a text, behind its first `after` characters."""
        self.emulator.wait_for(lambda: text in self.log[after:])

    def peak_bytes(self, function: str | None = None) -> int:
        """Returns the largest resident size so far of the processes of a function, summed."""
        pids = [each["pid"] for each in self.emulator.environments(function) if each["pid"]]
        return sum(_peak_bytes(pid) for parent in pids for pid in (parent, *_children(parent)))


@contextlib.contextmanager
def served(
    name: str,
    *options: str,
    timeout_s: int | None = None,
    faults: str = "",
    parameters: dict[str, str] | None = None,
) -> Iterator[Example]:
    """Serves an example, with its companion if it has one, as long as the block lasts.

    `timeout_s` replaces the timeout of every function, for tests of the deadline. `faults` is the
    name of a file in the folder `faults`, which becomes the handler's module: it imports the
    example's `app`, puts something that fails in place of one of its parts, and has a `handler`.
    `options` are further ones of `local-lambda`.
    """
    folder = EXAMPLES / name
    python = interpreter_for(folder)
    with contextlib.ExitStack() as stack:
        passed = stack.enter_context(pass_env_options(folder, python))
        template = folder / "template.yaml"
        if timeout_s or faults:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            template = _changed(folder, place, timeout_s, faults)
        emulator = stack.enter_context(
            Emulator(template, *passed, *options, parameters=parameters, interpreter=python)
        )
        yield Example(name, emulator)


def interpreter_for(folder: Path) -> str:
    """Returns a Python that has what an example needs: this one, or that of `.venv-examples`."""
    lacking = [each for each in requirements(folder) if not _is_here(each)]
    if not lacking:
        return sys.executable
    found = ROOT / ".venv-examples/bin/python"
    if found.is_file():
        return str(found)
    missing(", ".join(map(str, lacking)), "make examples")


def requirements(folder: Path) -> list[Requirement]:
    """Returns what an example's functions need beside the layer."""
    lines = [
        line.partition("#")[0].strip()
        for path in folder.glob("*/requirements.txt")
        if path.parent.name != "cdk"  # CDK deploys the function, which does not need it
        for line in path.read_text("utf-8").splitlines()
    ]
    return [Requirement(line) for line in lines if line]


def _is_here(requirement: Requirement) -> bool:
    try:
        return requirement.specifier.contains(
            importlib.metadata.version(requirement.name), prereleases=True
        )
    except importlib.metadata.PackageNotFoundError:
        return False


def _changed(folder: Path, place: Path, timeout_s: int | None, faults: str) -> Path:
    """Writes a copy of an example that differs in timeouts and in the handler's module alone."""
    shutil.copytree(folder, place, dirs_exist_ok=True, ignore=NOT_COPIED)
    template = place / "template.yaml"
    text = template.read_text("utf-8").replace(CONTENT, f"ContentUri: {RUNTIME}\n")
    if timeout_s:
        text = _replaced(r"\bTimeout: \d+", f"Timeout: {timeout_s}", text)
    if faults:
        text = _replaced(r"\bHandler: app\.", "Handler: app_with_faults.", text)
        shutil.copy(FAULTS / faults, place / "app/app_with_faults.py")
    template.write_text(text, "utf-8")
    return template


def _replaced(pattern: str, by: str, text: str) -> str:
    result, count = re.subn(pattern, by, text)
    assert count, f"the template has no {pattern}"
    return result


# --- what arrives


@dataclass(frozen=True)
class Arrivals:
    """A response and when its pieces came. `at_s` are seconds since the request."""

    response: requests.Response
    pieces: list[bytes]
    at_s: list[float]
    is_whole: bool

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def span_s(self) -> float:
        """Returns the seconds between the first piece and the last one."""
        return self.at_s[-1] - self.at_s[0] if self.at_s else 0.0

    def came_apart(self, times: int, apart_s: float) -> bool:
        """Tells whether there were so many pauses of this length between two pieces."""
        gaps = [later - earlier for earlier, later in zip(self.at_s, self.at_s[1:], strict=False)]
        return sum(gap >= apart_s for gap in gaps) >= times


def arrivals(url: str, method: str = "GET", **arguments: Any) -> Arrivals:
    """Makes a request and reads the response, piece by piece as it comes.

    A connection that breaks is no error: then `is_whole` is False.
    """
    started_s = time.monotonic()
    pieces: list[bytes] = []
    at_s: list[float] = []
    is_whole = True
    session = requests.Session()
    session.trust_env = False
    with (
        session,
        session.request(method, url, stream=True, timeout=PATIENCE_S, **arguments) as response,
    ):
        try:
            for piece in response.iter_content(chunk_size=None):
                pieces.append(piece)
                at_s.append(time.monotonic() - started_s)
        except (requests.exceptions.ChunkedEncodingError, requests.ConnectionError):
            is_whole = False
    return Arrivals(response, pieces, at_s, is_whole)


# --- memory


def _peak_bytes(pid: int) -> int:
    """Returns the peak resident size of a process. https://man7.org/linux/man-pages/man5/proc.5"""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        status = Path(f"/proc/{pid}/status").read_text("utf-8")
        if found := re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE):
            return int(found[1]) * 1024
    if not Path("/proc/self/status").is_file():
        pytest.skip("there is no /proc here, which says how much memory a process has")
    return 0


def _children(pid: int) -> list[int]:
    """Returns the processes that a process has forked, and theirs."""
    found: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for path in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in map(int, path.read_text("utf-8").split()):
                found += [child, *_children(child)]
    return found
