"""Looks for secrets of a test run in all that the run has said: `make test LEAKS=1`.

    python scripts/leaks.py FOLDER [PATH...]

`FOLDER/secrets` holds secrets, one a line; `FOLDER/said`, and each PATH, the texts to search in.
A secret is found whole or in a piece of 16 characters, whatever characters it has: as it is, in
hexadecimal digits, in base64 at any offset, and with the escapes of URLs, HTML, JSON or Python
around or in it. Findings are named by file and line; no secret is printed. It exits with 1 for a
finding, and if there was no secret or no text to search in.
"""

import argparse
import base64
import html
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

SHORTEST = 16  # characters of a piece
_GRAM = 8
# In 16 characters in a row 9 grams begin, and one of them stands at a multiple of 9.
_STEP = SHORTEST - _GRAM + 1
_DISTINCT = 10  # characters; `Bearer xxxxxxxxxxxxxxxxxxxx` is a test's filler and no secret
_LARGEST_SHOWN = 20
_ESCAPED = re.compile(
    r"((?:%[0-9A-Fa-f]{2})+)|\\u([0-9A-Fa-f]{4})|\\x([0-9A-Fa-f]{2})|\\([/\"'\\])"
)
_WRITTEN_TWICE = 3  # a URL, or escapes, in a JSON text in a JSON text
_ONE_ALPHABET = str.maketrans("+/", "-_")


class Finding(NamedTuple):
    """Says where a secret stands, and how many of its characters in a row."""

    path: Path
    line: int
    length: int

    def __str__(self) -> str:
        return f"{self.path}, line {self.line}: {self.length} characters of a secret"


class Searcher:
    """Finds secrets, and pieces of them, in lines. `secrets` are those worth a search."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self.secrets = sorted({part for each in secrets for part in worth(each)})
        self._forms = sorted({form for each in self.secrets for form in forms(each)})
        self._grams = {
            form[at : at + _GRAM] for form in self._forms for at in range(len(form) - _GRAM + 1)
        }
        self._by_gram: dict[str, list[str]] = {}

    def longest(self, line: str) -> int:
        """Returns the length of the longest piece that a line holds, or 0."""
        return max((self._longest_in(each) for each in variants(line)), default=0)

    def _longest_in(self, text: str) -> int:
        longest = 0
        run = text.translate(_ONE_ALPHABET)
        for at in range(0, len(run) - _GRAM + 1, _STEP):
            gram = run[at : at + _GRAM]
            if gram in self._grams:
                longest = max(longest, *(common(run, at, form) for form in self._with(gram)))
        return longest if longest >= SHORTEST else 0

    def _with(self, gram: str) -> list[str]:
        if gram not in self._by_gram:
            self._by_gram[gram] = [form for form in self._forms if gram in form]
        return self._by_gram[gram]


def worth(secret: str) -> list[str]:
    """Returns what of a secret is worth a search: nothing that is short or a filler.

    Everybody knows the head of a JSON Web Token, so its other parts are returned.
    """
    parts = secret.split(".")[1:] if secret.startswith("eyJ") else [secret]
    return [part for part in parts if len(part) >= SHORTEST and len(set(part)) >= _DISTINCT]


def forms(secret: str) -> Iterator[str]:
    """Yields the secret as it is, in hexadecimal digits, and in base64 at its three offsets."""
    yield secret.translate(_ONE_ALPHABET)
    yield secret.encode().hex()
    yield secret.encode().hex().upper()
    for before, changed in ((0, 0), (1, 2), (2, 3)):
        encoded = base64.urlsafe_b64encode(b"\0" * before + secret.encode()).decode()
        # The bytes around a secret change the characters at its ends.
        if len(form := encoded.rstrip("=")[changed:-1]) >= SHORTEST:
            yield form


def variants(line: str) -> Iterator[str]:
    """Yields a line as it is, and without the escapes of URLs, HTML, JSON and Python."""
    yield line
    for _ in range(_WRITTEN_TWICE):
        if not any(sign in line for sign in "%\\&"):
            return
        plain = _ESCAPED.sub(_character, html.unescape(line))
        if plain == line:
            return
        yield plain
        line = plain


def _character(match: re.Match[str]) -> str:
    if match[1]:
        return unquote(match[1], errors="replace")
    digits = match[2] or match[3]
    return chr(int(digits, 16)) if digits else match[4]


def common(run: str, at: int, form: str) -> int:
    """Returns the length of the longest text around `run[at:at + 8]` that `form` holds, too."""
    longest = 0
    gram = run[at : at + _GRAM]
    start = form.find(gram)
    while start >= 0:
        left = 0
        while left < min(at, start) and run[at - left - 1] == form[start - left - 1]:
            left += 1
        right = _GRAM
        most = min(len(run) - at, len(form) - start)
        while right < most and run[at + right] == form[start + right]:
            right += 1
        longest = max(longest, left + right)
        start = form.find(gram, start + 1)
    return longest


def files(paths: Iterable[Path]) -> list[Path]:
    """Returns the files, and those below folders."""
    result = []
    for path in paths:
        result += sorted(path.rglob("*")) if path.is_dir() else [path]
    return [path for path in result if path.is_file()]


def lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        yield from file


def search(searcher: Searcher, paths: Iterable[Path]) -> Iterator[Finding]:
    for path in paths:
        for number, line in enumerate(lines(path), start=1):
            if length := searcher.longest(line):
                yield Finding(path, number, length)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("paths", type=Path, nargs="*", help="more to search in")
    arguments = parser.parse_args()
    noted = [
        line.rstrip("\n") for path in files([arguments.folder / "secrets"]) for line in lines(path)
    ]
    searcher = Searcher(noted)
    said = files([arguments.folder / "said", *arguments.paths])
    size_mb = sum(path.stat().st_size for path in said) / 1e6
    findings = list(search(searcher, said))
    for finding in findings[:_LARGEST_SHOWN]:
        print(finding)
    if len(findings) > _LARGEST_SHOWN:
        print(f"and {len(findings) - _LARGEST_SHOWN} more lines")
    count = len(searcher.secrets)
    print(
        f"leaks: {len(findings)} lines with a secret; searched for {count} secrets "
        f"in {size_mb:.1f} MB of {len(said)} files"
    )
    if not count or not size_mb:
        print("leaks: there was nothing to search for, or nothing to search in")
        return 1
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
