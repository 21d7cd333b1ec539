"""Which pages are there, for a language model? Writes llms.txt from the list in docs/README.md.

    python docs/site/llms.py

The format: https://llmstxt.org. A test compares the file with what this would write.
"""

import re
from pathlib import Path
from posixpath import normpath

ROOT = Path(__file__).resolve().parents[2]
HEAD = """\
# lambda-streaming

> Response streaming from Python on AWS Lambda: a handler returns an iterator as its body, and the
> client gets each piece as it is yielded. A layer with a custom runtime, `Asgi` and `Wsgi` for web
> applications, Server-Sent Events, test helpers, and an emulator that really streams.

Python 3.11 to 3.14, standard library only. It was tested under AWS's own runtime interface emulator
and its own emulator, and has never run on AWS. Nothing is published yet: `make release` in a clone
makes the wheel and the layer.
"""
LATER = ("The service", "The code")  # parts that somebody who uses the layer can leave out
ITEM = re.compile(
    r"^\d+\. \[([^\]]+)\]\(([^)\s]+)\): (.+?)(?=^\d+\. |\Z)", re.MULTILINE | re.DOTALL
)


def llms_text(listed: str) -> str:
    """Returns the text of llms.txt for the text of docs/README.md."""
    parts = [HEAD]
    optional = []
    for part in re.split(r"^## ", listed, flags=re.MULTILINE)[1:]:
        title, _, text = part.partition("\n")
        lines = [_line(*found) for found in ITEM.findall(text)]
        if title in LATER:
            optional += lines
        else:
            parts.append("\n".join([f"## {title}", "", *lines, ""]))
    parts.append("\n".join(["## Optional", "", *optional, ""]))
    return "\n".join(parts)


def _line(title: str, target: str, about: str) -> str:
    return f"- [{title}]({normpath('docs/' + target)}): {' '.join(about.split())}"


if __name__ == "__main__":
    text = llms_text((ROOT / "docs/README.md").read_text("utf-8"))
    (ROOT / "llms.txt").write_text(text, "utf-8")
