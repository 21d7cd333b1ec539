"""Which blocks of code do the pages show, and what is said of a block just before it?

A block is fenced or indented. The file that a block is has its name in the line before it, as in
`app/app.py`: (the convention of the recipes in the layer's README).
"""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from tests.support.paths import ROOT

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "layers/streaming_runtime/README.md",
    *sorted((ROOT / "examples").glob("*.md")),
    *sorted((ROOT / "examples").glob("*/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
SHELL = ("console", "sh", "shell", "bash")
FILE = re.compile(r"`([\w/.-]+\.\w+)`[^`]*:$")


@dataclass(frozen=True)
class Block:
    """One block of code. `file` is the name of the file that it is, or nothing."""

    page: str
    line: int
    language: str
    text: str
    file: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def is_shell(self) -> bool:
        return self.language in SHELL


def blocks_of(page: Path) -> list[Block]:
    """Returns the blocks of a page in their order. An indented one without a file is shell."""
    found: list[Block] = []
    said = ""
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8")):
        if token.type == "inline":
            said = token.content
        if token.type in ("fence", "code_block"):
            name = FILE.search(said)
            language = token.info.strip() or ("" if token.type == "fence" else "sh")
            found.append(
                Block(
                    page=page.relative_to(ROOT).as_posix(),
                    line=token.map[0] + 1,
                    language=language,
                    text=token.content,
                    file=name[1] if name else "",
                )
            )
            said = ""
    return found


def all_blocks() -> list[Block]:
    return [block for page in PAGES for block in blocks_of(page)]


def commands_of(block: Block) -> list[str]:
    """Returns the commands of a block of shell: after `$ ` if it shows output, else all lines."""
    lines = block.text.replace("\\\n", " ").splitlines()
    if block.language == "console":
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    return [command for line in _joined(lines) if (command := line.strip())[:1] not in ("", "#")]


def output_of(block: Block) -> str:
    """Returns what a block of shell shows below its last command."""
    return re.split(r"^\$ .*\n", block.text, flags=re.MULTILINE)[-1]


def _joined(lines: list[str]) -> list[str]:
    """Joins lines that belong to one command: a loop, or a quote that goes on."""
    result: list[str] = []
    waiting = ""
    for line in lines:
        waiting = f"{waiting}\n{line}" if waiting else line
        try:
            shlex.split(waiting, comments=True)
        except ValueError:
            continue
        if waiting.startswith("for ") and not waiting.rstrip().endswith("done"):
            continue
        result.append(waiting)
        waiting = ""
    return [*result, waiting]
