"""Reads the pages of the documentation."""

import re


def table(page, heading):
    """The rows of all tables below a heading, without their first rows, each as its cells."""
    section = re.split(r"^#+ ", page.read_text("utf-8"), flags=re.MULTILINE)
    text = next(part for part in section if part.startswith(f"{heading}\n"))
    rows = []
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        lines = block.splitlines()[2:]
        rows += [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return rows
