"""Which handlers, in which environments? And what both clients made of each."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.parity.platform import Request
from tests.parity.running import OURS, STOCK, Outcome, run

HANDLERS = Path(__file__).parent / "handlers"
DISPATCH = "dispatch.handler"
# The environments, beside the usual one, by the name that stands behind the @ of a case.
ENVIRONMENTS: dict[str, dict[str, str]] = {
    "": {},
    "python3.11": {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.11"},
    "json": {"AWS_LAMBDA_LOG_FORMAT": "JSON"},
}


@dataclass(frozen=True)
class Case:
    """One handler in one environment. `theme` is the module, `name` the function."""

    theme: str
    name: str
    environment: str = ""

    def __str__(self) -> str:
        return f"{self.theme}.{self.name}" + (f"@{self.environment}" if self.environment else "")


@dataclass(frozen=True)
class Theme:
    """A module of handlers, all of them served by one process for each environment."""

    name: str
    environments: tuple[str, ...] = ("",)
    requests: dict[str, Request] = field(default_factory=dict, hash=False)

    def functions(self) -> list[str]:
        tree = ast.parse((HANDLERS / f"{self.name}.py").read_text("utf-8"))
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        return [
            node.name
            for node in tree.body
            if isinstance(node, functions) and [each.arg for each in node.args.args] == EXPECTED
        ]

    def cases(self) -> Iterator[Case]:
        for environment in self.environments:
            for name in self.functions():
                yield Case(self.name, name, environment)

    def request(self, name: str) -> Request:
        return self.requests.get(name) or Request(f"{self.name}.{name}")


EXPECTED = ["event", "context"]
THEMES = {
    theme.name: theme
    for theme in [
        Theme("results", ("", "python3.11")),
    ]
}


def cases_of(*themes: str) -> list[Case]:
    return [case for theme in themes for case in THEMES[theme].cases()]


def outcomes(case: Case) -> tuple[Outcome, Outcome]:
    """Returns what the stock client and ours made of a case."""
    stock, ours = _shared(case.theme, case.environment)
    return stock[case.name], ours[case.name]


@cache
def _shared(theme_name: str, environment: str) -> list[dict[str, Outcome]]:
    theme = THEMES[theme_name]
    names = theme.functions()
    both = []
    for client in (STOCK, OURS):
        found: list[Outcome] = []
        while len(found) < len(names):  # a case may end the process, and the next begins another
            found += run(
                client,
                task_root=HANDLERS,
                handler=DISPATCH,
                script=[theme.request(name) for name in names[len(found) :]],
                environ=ENVIRONMENTS[environment],
            )[1:]
        both.append(dict(zip(names, found, strict=True)))
    return both
