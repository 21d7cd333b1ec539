"""Reads pinned lists: one exact version, with hashes, for each package.

The format is that of pip's requirements files, as `make lock` writes it:
https://pip.pypa.io/en/stable/topics/secure-installs/#hash-checking-mode
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

_PIN = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(\[[^]]*\])?\s*==\s*(?P<version>[^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}(?=\s|$)")


class ListError(ValueError):
    """Raised for a line that pins nothing; the message names the file and the line."""


class Pin(NamedTuple):
    """One requirement of a list. `text` holds all of it, with the hashes; `marker` may be empty."""

    name: str
    version: str
    marker: str
    text: str


def canonical(name: str) -> str:
    """Returns the normalised name, which is the same for all spellings of a package.

    https://packaging.python.org/en/latest/specifications/name-normalization/
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def read(path: Path) -> list[Pin]:
    """Reads every pin of a list; a package occurs once for each marker.

    Raises ListError and OSError.
    """
    pins = []
    for number, text in _requirements(path.read_text("utf-8")):
        match = _PIN.match(text)
        if not match or not _HASH.search(text):
            shown = text.split("\n", 1)[0].rstrip(" \\")
            reason = "has no hash" if match else "is not pinned with =="
            raise ListError(
                f"{path}, line {number}: {shown!r} {reason}; `make lock` writes this list"
            )
        rest = _HASH.sub("", text[match.end() :]).replace("\\", " ").strip()
        marker = rest.removeprefix(";").strip()
        pins.append(Pin(canonical(match["name"]), match["version"], marker, text))
    return pins


def agree(pins: Mapping[str, list[Pin]]) -> None:
    """Raises ListError when two lists name different versions of a package.

    `pins` maps the name of each list to its pins.
    """
    first: dict[tuple[str, str], tuple[str, str]] = {}
    for path, each in pins.items():
        for pin in each:
            other, version = first.setdefault((pin.name, pin.marker), (path, pin.version))
            if version != pin.version:
                raise ListError(
                    f"{path} names {pin.name} {pin.version}, and {other} names {version}; "
                    "`make lock` makes them agree"
                )


def digest(path: Path) -> str:
    """Returns the SHA-256 of a list's content. Raises OSError."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _requirements(text: str) -> Iterator[tuple[int, str]]:
    """Yields line number and text of each requirement, continuation lines included."""
    begun = ""
    number_of_first = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not begun and not line.strip():
            continue
        if line.lstrip().startswith("#"):
            continue
        number_of_first = number_of_first if begun else number
        begun += line.rstrip() + "\n"
        if not line.rstrip().endswith("\\"):
            yield number_of_first, begun
            begun = ""
    if begun:
        yield number_of_first, begun
