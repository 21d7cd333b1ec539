"""Which tests does a page name, and are they there?"""

import re

from tests.support.paths import ROOT

# A path below tests/, and after it the words that begin the names of its tests.
_NAMED = re.compile(
    r"`([a-z0-9_/]+/test_\w+)`((?: [a-z_0-9]+\*?(?:\[\w+\])?,?(?= [a-z]|[;| ]|$))*)"
)


def named_tests(text: str) -> list[tuple[str, list[str]]]:
    """Returns each file that the text names, with the beginnings of its tests' names."""
    return [
        (file, re.findall(r"[a-z_0-9]+", re.sub(r"\[.*?\]", "", beginnings)))
        for file, beginnings in _NAMED.findall(text)
    ]


def missing_tests(text: str) -> list[str]:
    """Returns what the text names and tests/ has not."""
    missing = []
    for file, beginnings in named_tests(text):
        path = ROOT / "tests" / f"{file}.py"
        source = path.read_text("utf-8") if path.is_file() else ""
        known = re.findall(r"def test_(\w+)", source)
        if not known:
            missing.append(file)
        missing += [
            f"{file}: {beginning}"
            for beginning in beginnings
            if not any(name.startswith(beginning) for name in known)
        ]
    return missing
