"""Reads the properties of a resource; a value of the wrong kind is named and replaced.

Each property is resolved by itself, so that a mistake in one takes no other along.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from local_lambda.template.cloudformation import NO_VALUE
from local_lambda.template.resource import Resource
from local_lambda.template.stack import Stack
from local_lambda.template.text import TemplateError


class Written:
    """Holds properties that are not resolved yet. `way` leads from the resource to them."""

    def __init__(
        self, stack: Stack, resource: Resource, values: Mapping[str, Any], way: str = ""
    ) -> None:
        self.stack = stack
        self.resource = resource
        self.values = values
        self._way = way

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    def way(self, key: str) -> str:
        return ".".join(part for part in (self._way, key) if part)

    def report(self, key: str, text: str, advice: str = "", served: bool = True) -> None:
        """Adds a finding about a property."""
        self.stack.report(self.resource, text, property=self.way(key), advice=advice, served=served)

    def need(self, key: str) -> Any:
        """Returns the resolved value, or None. Raises TemplateError."""
        with _at(self.way(key)):
            value = self.stack.resolve(self.values.get(key))
        return None if value is NO_VALUE else value

    def get(self, key: str) -> Any:
        """Returns the resolved value, or None. What cannot be resolved is named."""
        try:
            return self.need(key)
        except TemplateError as error:
            self.stack.report(
                self.resource,
                f"{error}; it is left out",
                property=error.property,
                advice=error.advice,
            )
            return None

    def text(self, key: str, default: str = "") -> str:
        value = self.get(key)
        if value is None:
            return default
        if isinstance(value, str | int | float):
            return text_of(value)
        self.report(key, f"{shown(value)} is no text; it is left out", advice="correct it")
        return default

    def integer(self, key: str, default: int, low: int, high: int, unit: str) -> int:
        """Returns a whole number. `low` and `high` are Lambda's limits."""
        value = self.get(key)
        if value is None:
            return default
        number = whole_number(value)
        if number is None or number < low:
            text = f"{shown(value)} is no number of {unit} from {low} to {high}"
            self.report(key, f"{text}; {default} is used", advice="correct it: AWS refuses it")
            return default
        if number > high:
            text = f"{number} is more than the {high} {unit} that Lambda allows"
            self.report(key, f"{text}; {high} is used", advice="correct it: AWS refuses it")
            return high
        return number

    def optional_integer(self, key: str, low: int, unit: str) -> int | None:
        """Returns a whole number, or None if there is none."""
        value = self.get(key)
        if value is None:
            return None
        number = whole_number(value)
        if number is None or number < low:
            self.report(
                key,
                f"{shown(value)} is no number of {unit}; it is left out",
                advice="correct it: AWS refuses it",
            )
            return None
        return number

    def flag(self, key: str, default: bool = False) -> bool:
        value = self.get(key)
        if value is None:
            return default
        words = text_of(value).lower() if isinstance(value, str | int) else ""
        if words in ("true", "false"):
            return words == "true"
        used = text_of(default)
        self.report(
            key, f"{shown(value)} is neither true nor false; {used} is used", advice="correct it"
        )
        return default

    def choice(self, key: str, choices: Sequence[str], default: str) -> str:
        value = self.get(key)
        if value is None:
            return default
        if isinstance(value, str) and value in choices:
            return value
        named = ", ".join(choices)
        used = f"{default} is used" if default else "it is left out"
        self.report(key, f"{shown(value)} is not one of {named}; {used}", advice="correct it")
        return default

    def mapping(self, key: str) -> "Written | None":
        """Returns the properties below a key, or None if there are none."""
        way = self.way(key)
        value = self.values.get(key)
        if is_intrinsic(value):
            value = self.get(key)
        if value is None:
            return None
        if isinstance(value, dict):
            return Written(self.stack, self.resource, value, way)
        self.report(key, f"{shown(value)} is no mapping; it is left out", advice="correct it")
        return None

    def texts(self, key: str) -> tuple[str, ...]:
        """Returns a list of texts. One text counts as a list of one, and is named."""
        value = self.get(key)
        if value is None:
            return ()
        if isinstance(value, str | int | float):
            self.report(
                key, f"{shown(value)} is no list; it is taken as one", advice="write [VALUE]"
            )
            value = [value]
        if not isinstance(value, list):
            self.report(key, f"{shown(value)} is no list; it is left out", advice="correct it")
            return ()
        wrong = [each for each in value if not isinstance(each, str | int | float)]
        for each in wrong:
            self.report(key, f"{shown(each)} is no text; it is left out", advice="correct it")
        return tuple(text_of(each) for each in value if each not in wrong)


@contextlib.contextmanager
def _at(way: str) -> Iterator[None]:
    """Says in a TemplateError where it arose."""
    try:
        yield
    except TemplateError as error:
        error.property = ".".join(part for part in (way, error.property) if part)
        raise


def is_intrinsic(value: Any) -> bool:
    """Returns whether a value is a call of an intrinsic function."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    name = str(next(iter(value)))
    return name == "Ref" or name.startswith("Fn::")


def text_of(value: str | int | float) -> str:
    """Returns a scalar as CloudFormation hands it on."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def whole_number(value: Any) -> int | None:
    """Returns the number that a value is, or that its text is; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
        return int(number) if number == int(number) else None
    except (ValueError, OverflowError):
        return None


def shown(value: Any) -> str:
    """Returns a value as a finding shows it, shortened."""
    text = "null" if value is None else repr(value)
    if isinstance(value, bool):
        text = text_of(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
