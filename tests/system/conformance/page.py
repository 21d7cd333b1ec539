"""Writes docs/conformance-results.md: `python -m tests.system.conformance.page`."""

import textwrap

from tests.support.paths import ROOT
from tests.system.conformance.notes import NOTES, reason_not_tried
from tests.system.conformance.results import FAIL, PASS, SKIP, Column, measure
from tests.system.conformance.subjects import all_subjects

PAGE = ROOT / "docs/conformance-results.md"
MARKER = "<!-- What follows is written by `python -m tests.system.conformance.page`. -->\n"
NOT_TRIED = "\N{EN DASH}"
SIGNS = {PASS: "✓", SKIP: NOT_TRIED}


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
        *(wrapped(f"{number}. {sentence(*key)}") for key, number in numbers(peers).items()),
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
    return f"✗ ({number})" if number else "✗"


def numbers(columns: list[Column]) -> dict[tuple[str, str], int]:
    """Numbers the failures, server by server."""
    keys = [
        (column.subject.title, row.id)
        for column in columns
        for row in column.rows
        if column.cells[row.id].result == FAIL
    ]
    return {key: number for number, key in enumerate(keys, 1)}


def sentence(title: str, check: str) -> str:
    """Returns the sentence about a failure."""
    known = NOTES.get((title, check), "nobody has looked at this yet.")
    return f"**{title}**, `{check}`: {known}"


def not_tried(columns: list[Column]) -> list[str]:
    """Returns a line for each stream of ours that some checks do not apply to."""
    lines = []
    for column in columns:
        reasons: dict[str, list[str]] = {}
        for row in column.rows:
            if column.cells[row.id].result == SKIP:
                reason = reason_not_tried(column.subject.title, row.id) or "no reason is listed"
                reasons.setdefault(reason, []).append(f"`{row.id}`")
        for reason, checks in reasons.items():
            lines.append(f"- Not tried on {column.subject.title}: {', '.join(checks)}; {reason}.")
    return lines


def versions(columns: list[Column]) -> list[str]:
    """Returns a line for each server with its packages."""
    named = [(each.subject.title, each.subject.versions) for each in columns]
    return ["", *(f"- {title}: {text or 'no package'}" for title, text in named)]


def write(columns: list[Column]) -> None:
    head = PAGE.read_text("utf-8").partition(MARKER)[0]
    PAGE.write_text(head + MARKER + "\n" + rendered(columns), "utf-8")


if __name__ == "__main__":
    write(measure(all_subjects()))
