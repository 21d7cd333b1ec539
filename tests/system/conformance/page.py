"""Writes docs/conformance-results.md: `python -m tests.system.conformance.page`.

The exit code is 1 if something fails on a stream of ours, and 2 if the servers cannot be asked.
"""

import sys
import textwrap
import time

import pytest

from tests.support.paths import ROOT
from tests.system.conformance.notes import NOT_COMPARED, NOTES, reason_not_tried, said_by_kit
from tests.system.conformance.results import FAIL, PASS, SKIP, Column, measure
from tests.system.conformance.servers import must_be_installed
from tests.system.conformance.subjects import all_subjects
from tests.system.conformance.written import Written, read

PAGE = ROOT / "docs/conformance-results.md"
MARKER = "<!-- What follows is written by `python -m tests.system.conformance.page`. -->\n"
NOT_TRIED = "\N{EN DASH}"
FAILS = "✗"
SIGNS = {PASS: "✓", FAIL: FAILS, SKIP: NOT_TRIED}


def rendered(columns: list[Column]) -> str:
    """Returns all that follows the marker."""
    ours = [each for each in columns if each.subject.is_ours]
    peers = [each for each in columns if not each.subject.is_ours]
    parts = [
        "## Ours",
        *table(ours, {}),
        "",
        *map(wrapped, not_tried(ours)),
        "",
        "## Others",
        *versions(peers),
        "",
        *table(peers, numbers(peers)),
        "",
        f"{NOT_TRIED}: not tried; the server promises nothing of the kind, or sends no ids.",
        "",
        "## What each ✗ is",
        "",
        *(wrapped(f"{number}. {each}") for number, each in enumerate(sentences(peers), 1)),
        "",
    ]
    return "\n".join(parts)


def wrapped(line: str) -> str:
    """Returns an entry of a list in lines of at most 100 columns."""
    indent = " " * (line.index(" ") + 1)
    return textwrap.fill(
        line, 100, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


def table(columns: list[Column], footnotes: dict[tuple[str, str], int]) -> list[str]:
    """Returns the rows of a table, group by group."""
    titles = [each.subject.title for each in columns]
    lines = ["", "| check | level | " + " | ".join(titles) + " |"]
    lines.append("|---|---|" + "---|" * len(columns))
    group = ""
    for row in columns[0].rows:
        if row.group != group:
            group = row.group
            lines.append(f"| **{group}** | |" + " |" * len(columns))
        levels = {each.cells[row.id].level for each in columns}
        cells = [cell(each, row.id, footnotes) for each in columns]
        level = " or ".join(sorted(levels))
        lines.append(f"| {row.title} (`{row.id}`) | {level} | " + " | ".join(cells) + " |")
    return lines


def cell(column: Column, check: str, footnotes: dict[tuple[str, str], int]) -> str:
    """Returns one sign; a failure has the number of its sentence."""
    result = column.cells[check].result
    if result != FAIL:
        return SIGNS[result]
    number = footnotes.get((column.subject.title, check))
    return f"{FAILS} ({number})" if number else FAILS


def numbers(columns: list[Column]) -> dict[tuple[str, str], int]:
    """Numbers the failures, server by server."""
    keys = [
        (column.subject.title, row.id)
        for column in columns
        for row in column.rows
        if column.cells[row.id].result == FAIL
    ]
    return {key: number for number, key in enumerate(keys, 1)}


def sentences(columns: list[Column]) -> list[str]:
    """Returns a sentence for each failure: somebody's, or else the kit's."""
    evidence = {
        (column.subject.title, check): cell.evidence
        for column in columns
        for check, cell in column.cells.items()
    }
    return [
        f"**{key[0]}**, `{key[1]}`: {NOTES.get(key) or said_by_kit(evidence[key])}"
        for key in numbers(columns)
    ]


def not_tried(columns: list[Column]) -> list[str]:
    """Returns a line for each stream of ours that some checks do not apply to."""
    lines = []
    for column in columns:
        reasons: dict[str, list[str]] = {}
        for row in column.rows:
            if column.cells[row.id].result == SKIP:
                reason = reason_not_tried(column.subject.title, row.id)
                reason = reason or said_by_kit(column.cells[row.id].evidence).removesuffix(".")
                reasons.setdefault(reason, []).append(f"`{row.id}`")
        for reason, checks in reasons.items():
            lines.append(f"- Not tried on {column.subject.title}: {', '.join(checks)}; {reason}.")
    return lines


def versions(columns: list[Column]) -> list[str]:
    """Returns a line for each server with its packages."""
    named = [(each.subject.title, each.subject.versions) for each in columns]
    return ["", *(f"- {title}: {text or 'no package'}" for title, text in named)]


def present() -> Written:
    """Returns what the page says now."""
    return read(PAGE.read_text("utf-8").partition(MARKER)[2])


def differing(column: Column, page: Written) -> list[str]:
    """Returns the checks of which the page says something else; some of others do not count."""
    return [
        check
        for check, found in column.cells.items()
        if SIGNS[found.result] != page.sign(column.subject.title, check)
        and (column.subject.is_ours or check not in NOT_COMPARED)
    ]


def doubts(column: Column, page: Written) -> list[str]:
    """Returns the checks that are tried once more; of a check that is new, failures only."""
    title = column.subject.title
    fails = [check for check, found in column.cells.items() if found.result == FAIL]
    changed = [check for check in differing(column, page) if page.sign(title, check)]
    new = [check for check in differing(column, page) if check in fails and check not in changed]
    return [*changed, *(fails if column.subject.is_ours else new)]


def write(columns: list[Column]) -> None:
    head = PAGE.read_text("utf-8").partition(MARKER)[0]
    PAGE.write_text(head + MARKER + "\n" + rendered(columns), "utf-8")


def main() -> int:
    began = time.monotonic()
    try:
        must_be_installed()
        page = present()
        columns = measure(all_subjects(), lambda column: doubts(column, page), print)
    except (pytest.skip.Exception, pytest.fail.Exception, RuntimeError) as error:
        print(f"The page was not written: {error}", file=sys.stderr)
        return 2
    write(columns)
    for line in remarks(columns):
        print(line)
    print(f"{PAGE} is written, after {time.monotonic() - began:.0f} s.")
    return int(any(FAIL in results_of(each) for each in columns if each.subject.is_ours))


def results_of(column: Column) -> set[str]:
    return {each.result for each in column.cells.values()}


def remarks(columns: list[Column]) -> list[str]:
    """Returns what somebody should look at: failures of ours, and notes that are none any more."""
    ours = [
        f"FAILS: {column.subject.title}, {check}: {cell.evidence}"
        for column in columns
        for check, cell in column.cells.items()
        if column.subject.is_ours and cell.result == FAIL
    ]
    known = numbers([each for each in columns if not each.subject.is_ours])
    new = [f"Without a note: {', '.join(key)}" for key in known if key not in NOTES]
    old = [f"A note that is not used: {', '.join(key)}" for key in NOTES if key not in known]
    return [*ours, *new, *old]


if __name__ == "__main__":
    sys.exit(main())
