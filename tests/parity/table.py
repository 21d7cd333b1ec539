"""Reads the table of wanted differences in docs/parity.md, and holds a case against it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from tests.parity.cases import Case, outcomes
from tests.parity.running import FACETS, Outcome
from tests.support.pages import table
from tests.support.paths import ROOT

PAGE = ROOT / "docs/parity.md"
HEADING = "The differences that are wanted"
STOCK_ERROR_TYPES = ("application/json", None)  # none of errors at the start
OUR_ERROR_TYPE = "application/vnd.aws.lambda.error+json"
# Each client's JSON library says these in words of its own, which change with versions of Python.
JSON_WORDS = re.compile(
    r"""(?<=Unable to unmarshal input: )(?:\\.|[^"\\\r\n])+"""
    r"|(?<=recursion depth exceeded) while (?:de|en)coding a JSON [\w ]+"
    r"|(?<=recursion depth exceeded) while calling a Python object"
)


@dataclass(frozen=True)
class Row:
    """`pattern` names cases, `*` stands for any text.

    Without an @ it means all environments; with nothing behind the @ it means the usual one.
    """

    pattern: str
    facets: frozenset[str]

    def is_about(self, case: Case) -> bool:
        named = f"{case.theme}.{case.name}"
        if "@" in self.pattern:
            named = f"{named}@{case.environment}"
        return fnmatchcase(named, self.pattern)


@cache
def rows() -> list[Row]:
    return [
        Row(name.strip("`"), frozenset(part.strip() for part in facets.split(",")))
        for names, facets, *_ in table(PAGE, HEADING)
        for name in names.split(", ")
    ]


def differences(case: Case) -> dict[str, tuple[object, object]]:
    """Returns what the clients differ in, by facet: of the stock client and of ours."""
    stock, ours = (as_compared(each) for each in outcomes(case))
    return {name: (stock[name], ours[name]) for name in FACETS if stock[name] != ours[name]}


def as_compared(outcome: Outcome) -> dict[str, object]:
    """Returns the facets without the three differences that many errors have.

    The page names them: the content type of errors, the form of the error type, and the words of
    JSON libraries.
    """
    facets = {name: without_json_words(facet) for name, facet in outcome.facets().items()}
    facets["content type"] = [
        OUR_ERROR_TYPE if _is_error(path) and named in STOCK_ERROR_TYPES else named
        for path, named in zip(facets["path"], facets["content type"], strict=True)
    ]
    facets["error type"] = list(_error_types(outcome))
    return facets


def without_json_words(facet: object) -> object:
    if isinstance(facet, str):
        return JSON_WORDS.sub("(words)", facet)
    if isinstance(facet, bytes):
        return JSON_WORDS.sub("(words)", facet.decode("latin-1")).encode("latin-1")
    if isinstance(facet, list | tuple):
        return [without_json_words(each) for each in facet]
    if isinstance(facet, dict):
        return {name: without_json_words(each) for name, each in facet.items()}
    return facet


def _is_error(path: str) -> bool:
    return path.endswith("/error")


def _error_types(outcome: Outcome) -> Iterator[str | None]:
    for post in outcome.posts:
        named = post.headers.get("lambda-runtime-function-error-type")
        if _is_error(post.path) and post.headers.get("content-type") != OUR_ERROR_TYPE:
            named = as_header(named or json.loads(post.body)["errorType"])
        yield named


def as_header(error_type: str) -> str:
    """Returns a type in the form that the platform keeps: `Function.` or `Runtime.` in front."""
    if error_type.startswith("Runtime."):
        return error_type
    printable = "".join(c if " " < c < "\x7f" else "?" for c in error_type)[:100]
    return f"Function.{printable[:1].upper()}{printable[1:]}"


def hold(case: Case) -> None:
    """Fails if a case differs in anything but what the table says, or in less."""
    found = differences(case)
    wanted = {facet for row in rows() if row.is_about(case) for facet in row.facets}
    told = [
        f"{facet}\n  stock: {str(stock)[:2000]}\n  ours:  {str(ours)[:2000]}"
        for facet, (stock, ours) in found.items()
        if facet not in wanted
    ]
    assert not told, f"{case} differs, and docs/parity.md does not say so:\n" + "\n".join(told)
    assert set(found) == wanted, f"{case}: docs/parity.md names what does not differ any more"
