"""Reads docs/clients.md, so that tests can compare it with what they see."""

import re
from typing import NamedTuple

from tests.support.paths import ROOT

PAGE = (ROOT / "docs/clients.md").read_text("utf-8")


class Row(NamedTuple):
    """A client's row: its version, and how it says its position, as `Exchange.position_said`."""

    version: str
    position: set[str]


CLIENT = re.compile(r"`((?:npm|pypi)/[\w-]+|chromium)` ?([\d.]*)")
POSITION = re.compile(r"last_?event_?id|header", re.IGNORECASE)


def client_rows() -> dict[str, Row]:
    """Returns the rows of the clients that tests run, by their names in the tests."""
    rows = {}
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if cells and (client := CLIENT.match(cells[0])):
            rows[client[1]] = Row(client[2], set(POSITION.findall(cells[4])))
    return rows


def configuration(language: str) -> str:
    """Returns the page's block of code in this language, of which there is one."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return found
