"""Reads the list of what is assumed: docs/assumptions.md."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/assumptions.md"
BY_HAND_HEADING = "By hand"
_ROW = re.compile(r"^\| `([a-z0-9-]+)` \|(.*)\|$")
_LINK = re.compile(r"\]\(([^)]+)\)")


@dataclass(frozen=True)
class Assumption:
    """One row of the list.

    `fronts` are the names of the page; there are none `by_hand`, where `tried_by` is what a person
    does. `said_in` are the targets of links, relative to docs/.
    """

    id: str
    statement: str
    fronts: tuple[str, ...]
    tried_by: str
    said_in: tuple[str, ...]
    by_hand: bool


def parse(text: str) -> list[Assumption]:
    """Returns the rows in their order. Raises ValueError for one that is not understood."""
    found = []
    by_hand = False
    for line in text.splitlines():
        if line.startswith("#"):
            by_hand = line.strip("# ") == BY_HAND_HEADING
        elif match := _ROW.match(line):
            found.append(_assumption(match[1], match[2], by_hand))
    return found


def _assumption(identifier: str, rest: str, by_hand: bool) -> Assumption:
    cells = [cell.strip() for cell in rest.split("|")]
    if len(cells) != 4:
        raise ValueError(f"{identifier}: five columns are needed")
    statement, fronts, tried_by, said_in = cells
    return Assumption(
        id=identifier,
        statement=statement,
        fronts=() if by_hand else tuple(fronts.split(", ")),
        tried_by=tried_by,
        said_in=tuple(_LINK.findall(said_in)),
        by_hand=by_hand,
    )
