"""Writes docs/verified.md: what was tried, and what came of it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from verify_aws.assumptions import Assumption
from verify_aws.fronts import FRONTS
from verify_aws.trying import Result, Verdict

NOTHING_ON_AWS = "**Nothing here was verified on AWS.**"
NO_AWS = (
    f"{NOTHING_ON_AWS} No address of this run is one of AWS: they are those of the emulator of "
    "this repository, which behaves as is assumed. It shows that the command works."
)
_SECRET = re.compile(
    r"https?://[^\s`|]+|\b\d{12}\b|\b[\w.-]+\.(?:amazonaws\.com|on\.aws)[\w.]*"
    r"|\b(?:\d{1,3}\.){3}\d{1,3}\b|\beyJ[\w.-]{20,}"
)


@dataclass(frozen=True)
class Run:
    """Says when and where. `region` is a Region, or empty for the emulator."""

    date: str
    region: str
    commit: str
    version: str
    addresses: Mapping[str, str]


def without_secrets(text: str) -> str:
    """Replaces addresses, account ids and tokens, and what would end a cell of a table."""
    return _SECRET.sub("...", text).replace("|", "/").replace("\n", " ")


def is_of_aws(text: str) -> bool:
    """Whether a page is of a run on AWS, however its lines are broken."""
    return NOTHING_ON_AWS not in " ".join(text.split())


def shape(url: str) -> str:
    """Returns an address without what is specific to an account."""
    kinds = (
        (r"\.lambda-url\.", "https://....lambda-url.REGION.on.aws"),
        (r"\.execute-api\.", "https://....execute-api.REGION.amazonaws.com"),
        (r"\.elb\.", "http://....elb.amazonaws.com"),
        (r"^http://(?:127\.|localhost|\[::1\])", "this machine"),
    )
    return next((shown for pattern, shown in kinds if re.search(pattern, url)), "another host")


def count(results: Iterable[Result], verdict: Verdict) -> int:
    return sum(result.verdict is verdict for result in results)


def summary(results: list[Result]) -> str:
    """Returns the counts in one line."""
    hold, differ, untried = (count(results, verdict) for verdict in Verdict)
    return f"{hold} hold, {differ} do not hold, {untried} were not tried; each front counts."


def written(run: Run, assumptions: list[Assumption], results: list[Result]) -> str:
    """Returns the page. `results` may lack ids; those are not on it."""
    found: dict[str, list[Result]] = {}
    for result in results:
        found.setdefault(result.id, []).append(result)
    sections = [
        "# What was verified\n",
        "`make verify` wrote this page; [assumptions.md](assumptions.md) says what each id means,\n"
        "and how to run it.\n",
        *([] if run.region else [f"{NO_AWS}\n"]),
        _head(run, results),
        "## Results\n",
        _table(
            ("id", "front", "result", "seen instead, or why not"),
            [
                (f"`{result.id}`", FRONTS[result.front].title, result.verdict.value, result.text)
                for each in assumptions
                for result in found.get(each.id, ())
            ],
        ),
        "## By hand\n",
        "The command cannot try these: "
        + ", ".join(f"`{each.id}`" for each in assumptions if each.by_hand)
        + ".\n",
    ]
    return "\n".join(_wrapped(section) for section in sections)


def _head(run: Run, results: list[Result]) -> str:
    rows = [
        ("date", run.date),
        ("Region", run.region or "none: the emulator"),
        ("version", run.version),
        ("commit", run.commit),
        ("result", summary(results)),
    ]
    titles: dict[str, list[str]] = {}
    for key, url in run.addresses.items():
        if key in FRONTS:
            titles.setdefault(shape(url), []).append(FRONTS[key].title)
    rows += [(f"fronts at {place}", ", ".join(fronts)) for place, fronts in titles.items()]
    return _table(("run", ""), rows)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    cells = [tuple(without_secrets(cell) for cell in row) for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in (head, *cells)]
    lines.insert(1, "|" + "---|" * len(head))
    return "\n".join([*lines, ""])


def _wrapped(section: str) -> str:
    """Breaks lines of prose at 100 columns."""
    if section.startswith(("|", "#")):
        return section
    lines, line = [], ""
    for word in section.split():
        if line and len(line) + 1 + len(word) > 100:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "\n".join([*lines, line, ""])
