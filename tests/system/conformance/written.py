"""Reads docs/conformance-results.md back."""

import re
from dataclasses import dataclass, field

_ROW = re.compile(
    r"^\| (?P<title>.+) \(`(?P<id>[a-z0-9-]+)`\) \| (?P<level>[^|]+) \|(?P<cells>.*)\|$"
)
_SENTENCE = re.compile(r"^(\d+)\. \*\*(.+?)\*\*, `([a-z0-9-]+)`: (.+)$", re.MULTILINE)
_HEAD = "| check | level |"


@dataclass
class Written:
    """The page's cells and sentences, by server and check, and the titles of its checks."""

    cells: dict[tuple[str, str], str] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    sentences: dict[tuple[str, str], str] = field(default_factory=dict)

    def sign(self, server: str, check: str) -> str:
        """Returns the sign of a cell without its number, or an empty text."""
        return self.cells.get((server, check), "").partition(" ")[0]


def read(text: str) -> Written:
    """Reads what page.rendered wrote."""
    found = Written()
    servers: list[str] = []
    for line in text.splitlines():
        if line.startswith(_HEAD):
            servers = _split(line.removeprefix(_HEAD))
        elif match := _ROW.match(line):
            found.titles[match["id"]] = match["title"]
            for server, cell in zip(servers, _split(match["cells"]), strict=True):
                found.cells[server, match["id"]] = cell
    unbroken = re.sub(r"\n {2,}", " ", text)
    for number, server, check, sentence in _SENTENCE.findall(unbroken):
        found.sentences[server, check] = sentence
        assert found.cells[server, check].endswith(f"({number})"), (server, check)
    return found


def _split(cells: str) -> list[str]:
    return [each.strip() for each in cells.strip("| ").split("|")]
