"""Runs the kit as a command on every subject, few at once, and collects what it says.

A result that was not expected is tried once more, while nothing else runs, and the second try
counts: a busy machine alone is no finding.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from tests.support.paths import PACKAGES, ROOT
from tests.system.conformance.subjects import Run, Subject

PASS = "pass"
FAIL = "fail"
SKIP = "skip"
AT_ONCE = 6
STARTING_AT_ONCE = 2
KIT_WITHIN_S = 330  # longer than the kit gives itself


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
    """All results of one subject."""

    subject: Subject
    rows: tuple[Row, ...]
    cells: dict[str, Cell]


Doubts = Callable[[Column], Iterable[str]]
Tell = Callable[[str], None]


def measure(subjects: list[Subject], doubts: Doubts, tell: Tell = lambda _: None) -> list[Column]:
    """Runs the kit on all subjects.

    `doubts` returns the checks of a column that are tried once more, alone. `tell` hears of each.
    Raises what starting a subject raises, and KitFailed, if that happens twice.
    """
    starting = threading.Semaphore(STARTING_AT_ONCE)

    def one(subject: Subject) -> Column | None:
        try:
            return _measured(subject, starting)
        except (KitFailed, RuntimeError, OSError, subprocess.TimeoutExpired) as error:
            tell(f"{subject.title} is tried once more: {type(error).__name__}: {error}")
            return None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        columns = list(pool.map(one, subjects))
    pairs = zip(subjects, columns, strict=True)
    return [_settled(found or _measured(each, starting), doubts, tell) for each, found in pairs]


def _measured(subject: Subject, starting: threading.Semaphore) -> Column:
    with ExitStack() as stack:
        with starting:
            runs = subject.start(stack)
        with ThreadPoolExecutor(len(runs)) as pool:
            return column(subject, list(pool.map(report, runs)))


def _settled(found: Column, doubts: Doubts, tell: Tell) -> Column:
    """Tries what is doubted once more; nothing else runs meanwhile."""
    doubted = [check for check in found.cells if check in set(doubts(found))]
    if not doubted:
        return found
    again: dict[str, Cell] = {}
    with ExitStack() as stack:
        for run in found.subject.start(stack):
            # Only what the run was asked for: a short life is no subject of the other checks.
            asked = [check for check in doubted if run.only is None or check in run.only]
            for check in asked:
                cell = column(found.subject, [report(run, [check])]).cells[check]
                if check not in again or cell.result != SKIP:
                    again[check] = cell
    for check, cell in again.items():
        tell(f"{found.subject.title}, {check}: {_shown(found.cells[check])}, then {_shown(cell)}")
    return replace(found, cells={**found.cells, **again})


def _shown(cell: Cell) -> str:
    return f"{cell.result} ({cell.evidence})" if cell.evidence else cell.result


def report(run: Run, only: Iterable[str] | None = None) -> dict[str, Any]:
    """Returns the kit's JSON; `only` has other checks than those of the run."""
    asked = run.only if only is None else only
    command = [sys.executable, "-m", "sse_conformance", run.url, *run.options, "--json", "-"]
    if asked is not None:
        command += ["--only", ",".join(asked)]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(PACKAGES["event_stream"].parent)},
        capture_output=True,
        text=True,
        timeout=KIT_WITHIN_S,
        check=False,
    )
    # 2 is also the status of a run in which every check was skipped.
    if ended.returncode not in (0, 1, 2) or not ended.stdout:
        raise KitFailed(f"{run.url}: exit code {ended.returncode}: {ended.stderr}")
    found: dict[str, Any] = json.loads(ended.stdout)
    if found["exit_code"] != ended.returncode:
        raise KitFailed(f"{run.url}: exit code {ended.returncode}, and another in its report")
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
    return Column(subject, tuple(rows), cells)
