"""Which tests does a page name, and are they there?"""

import re

from tests.support.paths import ROOT

# A path below tests/, and after it the words that begin the names of its tests.
_NAMED = re.compile(
    r"`([a-z0-9_/]+/test_\w+)`((?: [a-z_0-9]+\*?(?:\[\w+\])?,?(?= [a-z]|[;| ]|$))*)"
)


_ANY_TEST = re.compile(r"`[^`\n]*\btest[_-][^`\n]*`", re.IGNORECASE)
_FILE = re.compile(r"`[a-z0-9_/]+/test_\w+`")
_SHORTEST = 10  # characters of a beginning that is one word


def named_tests(text: str) -> list[tuple[str, list[str]]]:
    """Returns each file that the text names, with the beginnings of its tests' names."""
    return [
        (file, re.findall(r"[a-z_0-9]+", re.sub(r"\[.*?\]", "", beginnings)))
        for file, beginnings in _NAMED.findall(text)
    ]


def unread(cell: str) -> str:
    """Returns what a cell of a table holds besides tests that `named_tests` can read, or ""."""
    return re.sub(r"\s*;\s*", "", _NAMED.sub("", cell)).strip()


def missing_tests(text: str) -> list[str]:
    """Returns what the text names and tests/ has not, or names so that it says nothing.

    Each text in backticks that looks like a test must be the path of one. A beginning ends where a
    word ends, and has ten characters or two words.
    """
    missing = [each for each in _ANY_TEST.findall(text) if not _FILE.fullmatch(each)]
    for file, beginnings in named_tests(text):
        path = ROOT / "tests" / f"{file}.py"
        source = path.read_text("utf-8") if path.is_file() else ""
        known = re.findall(r"def test_(\w+)", source)
        if not known:
            missing.append(file)
        missing += [
            f"{file}: {beginning}"
            for beginning in beginnings
            if not any(_begins(name, beginning) for name in known)
        ]
    return missing


def _begins(name: str, beginning: str) -> bool:
    says_enough = len(beginning) >= _SHORTEST or "_" in beginning.strip("_")
    return says_enough and f"{name}_".startswith(f"{beginning.rstrip('_')}_")
