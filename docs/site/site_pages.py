"""Extends Sphinx by what the site needs beside the pages: navigation, pictures, a front page, API.

- docs/README.md lists every page in its part; the navigation is made from it, so both agree.
  Below examples/README.md stands every example.
- Pictures within HTML tags are copied, and the site's root leads to docs/README.md.
- docs/python.md gets the reference from docstrings. Ours are plain text with `code` in backticks;
  Sphinx wants reStructuredText.
"""

import re
import shutil
from pathlib import Path
from typing import Any

NAVIGATION = "docs/README"
REFERENCE = "docs/python"
PICTURES = "docs/images"
FRONT = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url=docs/README.html">
<title>lambda-streaming</title>
<p><a href="docs/README.html">The documentation</a></p>
</html>
"""
NAMED = re.compile(r"[`\w]+(, [`\w]+)*: ")  # a line that says what a parameter is
EXAMPLES = "examples/README"
ITEM = re.compile(r"^(?:\d+\.|-) \[([^\]]+)\]\(([^)#\s]+\.md)\)", re.MULTILINE)


def setup(app: Any) -> dict[str, bool]:
    app.connect("source-read", _add_navigation)
    app.connect("source-read", _add_reference)
    app.connect("autodoc-process-docstring", _as_restructured_text)
    app.connect("build-finished", _finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _add_navigation(app: Any, name: str, source: list[str]) -> None:
    """Appends a hidden toctree for each part of docs/README.md: its heading and the linked pages.

    A page that several parts link to stands in the first of them.
    """
    if name == EXAMPLES:
        source[0] += _tree(["*/README"], glob=True)
    if name != NAVIGATION:
        return
    trees: list[str] = []
    seen: set[str] = set()
    for part in re.split(r"^## ", source[0], flags=re.MULTILINE)[1:]:
        caption = part.partition("\n")[0]
        pages = [page for _, page in ITEM.findall(part) if page not in seen]
        seen.update(pages)
        if pages:
            trees.append(_tree(pages, caption))
    source[0] += "".join(trees)


def _tree(pages: list[str], caption: str = "", *, glob: bool = False) -> str:
    """Returns a toctree that only the navigation shows."""
    options = [":hidden:", *([f":caption: {caption}"] if caption else [])]
    options += [":glob:"] if glob else []
    return "\n".join(["", "", "```{toctree}", *options, "", *dict.fromkeys(pages), "```", ""])


def _add_reference(app: Any, name: str, source: list[str]) -> None:
    """Replaces each marker `<!-- docstrings: module -->` of docs/python.md by that module's."""
    if name == REFERENCE:
        source[0] = re.sub(
            r"<!-- docstrings: ([\w.]+) -->",
            r"```{eval-rst}\n.. automodule:: \1\n   :no-index:\n```",
            source[0],
        )


def _as_restructured_text(
    app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Rewrites each block of a docstring: code, a list of names with their meaning, or text."""
    text = "\n".join(line.rstrip() for line in lines)
    blocks = [_block(block.split("\n")) for block in re.split(r"\n{2,}", text.strip("\n"))]
    lines[:] = [line for block in blocks for line in [*block, ""]]


def _block(lines: list[str]) -> list[str]:
    if lines[0].startswith("    "):
        return ["::", "", *lines]
    lines = [_escaped(line) for line in lines]
    if any(line.startswith("    ") for line in lines) or all(NAMED.match(line) for line in lines):
        return [f"  {line.strip()}" if line.startswith(" ") else f"- {line}" for line in lines]
    return lines


def _escaped(line: str) -> str:
    parts = line.split("`")
    parts[::2] = [re.sub(r"([*|_])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


def _finish(app: Any, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        out = Path(app.outdir)
        shutil.copytree(Path(app.srcdir) / PICTURES, out / PICTURES, dirs_exist_ok=True)
        (out / "index.html").write_text(FRONT, "utf-8")
