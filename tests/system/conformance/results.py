"""Runs the kit as a command on every subject, some at once, and collects what it says."""

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.support.paths import ROOT
from tests.system.conformance.subjects import Run, Subject, started

PASS = "pass"
FAIL = "fail"
SKIP = "skip"
AT_ONCE = 12
STARTING_AT_ONCE = 3
KIT_WITHIN_S = 200


class KitFailed(RuntimeError):
    """The kit ended with a usage error or a crash; the message is what it wrote."""


@dataclass(frozen=True)
class Cell:
    """The result of one check on one subject; `evidence` is the kit's sentence."""

    result: str
    level: str
    evidence: str


@dataclass(frozen=True)
class Row:
    """A check, as the kit describes it."""

    id: str
    group: str
    title: str


@dataclass(frozen=True)
class Column:
    """All results of one subject. `exit_codes`: those of the kit's runs."""

    subject: Subject
    rows: tuple[Row, ...]
    cells: dict[str, Cell]
    exit_codes: tuple[int, ...]


def measure(subjects: list[Subject]) -> list[Column]:
    """Runs the kit on all subjects. Raises KitFailed."""
    starting = threading.Semaphore(STARTING_AT_ONCE)

    def one(subject: Subject) -> Column:
        with started(subject, starting) as runs:
            return column(subject, [report(run) for run in runs])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, subjects))


def report(run: Run) -> dict[str, Any]:
    """Returns the kit's JSON."""
    command = [sys.executable, "-m", "sse_conformance", run.url, *run.options, "--json", "-"]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=KIT_WITHIN_S, check=False
    )
    if ended.returncode not in (0, 1) or not ended.stdout:
        raise KitFailed(f"{run.url}: exit code {ended.returncode}: {ended.stderr}")
    found: dict[str, Any] = json.loads(ended.stdout)
    assert found["exit_code"] == ended.returncode
    return found


def column(subject: Subject, reports: list[dict[str, Any]]) -> Column:
    """Merges the reports of one subject: a check that a later one tried counts from there."""
    cells: dict[str, Cell] = {}
    for each in reports:
        for check in each["checks"]:
            cell = Cell(check["result"], check["level"], check["evidence"])
            if check["id"] not in cells or cell.result != SKIP:
                cells[check["id"]] = cell
    rows = [Row(each["id"], each["group"], each["title"]) for each in reports[0]["checks"]]
    codes = tuple(each["exit_code"] for each in reports)
    return Column(subject, tuple(rows), cells, codes)
