"""What do DynamoDB's expressions mean? Conditions and updates, compiled once for each text. Pure.

An item is a dictionary of attribute values in DynamoDB's JSON, such as {"seq": {"N": "3"}}.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

import functools
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from benchmarks.table.values import (
    COMPARISONS,
    FUNCTIONS,
    PREDICATES,
    added,
    compared,
    total,
    without,
)

Item = dict[str, dict[str, Any]]


class Given(NamedTuple):
    """The names and values that a request gives for `#name` and `:value`."""

    names: dict[str, str]
    values: dict[str, dict[str, Any]]


Operand = Callable[[Item, Given], dict[str, Any] | None]
Condition = Callable[[Item, Given], bool]
Change = Callable[[Item, Item, Given], None]  # reads the item as it was, changes the new one
Path = list[str | int]

_TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),.+-]|\[\d+\]|[:#]?\w+)")


class InvalidExpression(ValueError):
    """Raised for an expression that this stand-in does not understand."""


@functools.cache
def condition(text: str) -> Condition:
    """Compiles a condition or key condition. Raises InvalidExpression."""
    reader = _Reader(text)
    compiled = reader.either()
    reader.expect_end()
    return compiled


@functools.cache
def update(text: str) -> Change:
    """Compiles an update expression. Raises InvalidExpression."""
    return _Reader(text).update()


def lookup(item: Item, path: Path, given: Given) -> dict[str, Any] | None:
    """Returns the value at a path; None if there is none."""
    first = _named(path[0], given)
    value: Any = item.get(str(first))
    for step in path[1:]:
        if value is None:
            return None
        if isinstance(step, int):
            members = value.get("L", [])
            value = members[step] if step < len(members) else None
        else:
            value = value.get("M", {}).get(_named(step, given))
    found: dict[str, Any] | None = value
    return found


def _named(step: str | int, given: Given) -> str | int:
    if isinstance(step, str) and step.startswith("#"):
        return given.names[step]
    return step


def _holder(item: Item, path: Path, given: Given) -> tuple[Any, Any]:
    """Returns the dictionary or list that the last step of the path is in, and that step."""
    if len(path) == 1:
        return item, _named(path[0], given)
    above = lookup(item, path[:-1], given)
    if above is None:
        raise InvalidExpression("The document path provided in the update expression is invalid")
    (content,) = above.values()
    return content, _named(path[-1], given)


class _Reader:
    """Reads the tokens of one expression from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.findall(text)
        if "".join(self._tokens) != re.sub(r"\s+", "", text):
            raise InvalidExpression(text)
        self._at = 0

    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def word(self) -> str:
        return self.peek().upper()

    def take(self, expected: str = "") -> str:
        token = self.peek()
        if not token or (expected and token.upper() != expected):
            raise InvalidExpression(f"{expected or 'a token'} is missing, not {token!r}")
        self._at += 1
        return token

    def taken(self, token: str) -> bool:
        if self.word() != token:
            return False
        self._at += 1
        return True

    def expect_end(self) -> None:
        if self.peek():
            raise InvalidExpression(f"unexpected {self.peek()!r}")

    def either(self) -> Condition:
        parts = [self.both()]
        while self.taken("OR"):
            parts.append(self.both())
        if len(parts) == 1:
            return parts[0]
        return lambda item, given: any(part(item, given) for part in parts)

    def both(self) -> Condition:
        parts = [self.negation()]
        while self.taken("AND"):
            parts.append(self.negation())
        if len(parts) == 1:
            return parts[0]
        return lambda item, given: all(part(item, given) for part in parts)

    def negation(self) -> Condition:
        if self.taken("NOT"):
            inner = self.negation()
            return lambda item, given: not inner(item, given)
        if self.taken("("):
            inside = self.either()
            self.take(")")
            return inside
        if self.peek() in PREDICATES:
            return self._predicate()
        return self._comparison()

    def _predicate(self) -> Condition:
        name = self.take()
        arguments = self._arguments()
        test = PREDICATES[name]
        return lambda item, given: test(*[each(item, given) for each in arguments])

    def _arguments(self) -> list[Operand]:
        self.take("(")
        arguments = [self.operand()]
        while self.taken(","):
            arguments.append(self.operand())
        self.take(")")
        return arguments

    def _comparison(self) -> Condition:
        left = self.operand()
        if self.taken("BETWEEN"):
            low = self.operand()
            self.take("AND")
            high = self.operand()
            return lambda item, given: (
                compared("<=", low(item, given), left(item, given))
                and compared("<=", left(item, given), high(item, given))
            )
        if self.taken("IN"):
            choices = self._arguments()
            return lambda item, given: any(
                compared("=", left(item, given), each(item, given)) for each in choices
            )
        sign = self.take()
        if sign not in COMPARISONS:
            raise InvalidExpression(f"{sign!r} compares nothing")
        right = self.operand()
        return lambda item, given: compared(sign, left(item, given), right(item, given))

    def operand(self) -> Operand:
        """Reads a value, a path, or a function that gives a value."""
        token = self.peek()
        if token.startswith(":"):
            self.take()
            return lambda _item, given: given.values[token]
        if token in FUNCTIONS:
            self.take()
            arguments = self._arguments()
            function = FUNCTIONS[token]
            return lambda item, given: function(*[each(item, given) for each in arguments])
        path = self.path()
        return lambda item, given: lookup(item, path, given)

    def path(self) -> Path:
        path: Path = [self.take()]
        while True:
            if self.taken("."):
                path.append(self.take())
            elif self.peek().startswith("["):
                path.append(int(self.take()[1:-1]))
            else:
                return path

    def update(self) -> Change:
        changes: list[Change] = []
        clauses: dict[str, Callable[[], Change]] = {
            "SET": self._set,
            "REMOVE": self._remove,
            "ADD": lambda: self._with_value(added),
            "DELETE": lambda: self._with_value(without),
        }
        while self.peek():
            clause = clauses.get(self.take().upper())
            if clause is None:
                raise InvalidExpression("an update begins with SET, REMOVE, ADD or DELETE")
            changes.append(clause())
            while self.taken(","):
                changes.append(clause())

        def change(before: Item, after: Item, given: Given) -> None:
            for each in changes:
                each(before, after, given)

        return change

    def _set(self) -> Change:
        path = self.path()
        self.take("=")
        value = self.operand()
        if self.peek() in ("+", "-"):
            sign = 1 if self.take() == "+" else -1
            left, right = value, self.operand()
            value = _addition(left, right, sign)

        def change(before: Item, after: Item, given: Given) -> None:
            found = value(before, given)
            if found is None:
                raise InvalidExpression("The provided expression refers to a missing attribute")
            holder, step = _holder(after, path, given)
            if isinstance(holder, list) and step >= len(holder):
                holder.append(found)
            else:
                holder[step] = found

        return change

    def _remove(self) -> Change:
        path = self.path()

        def change(_before: Item, after: Item, given: Given) -> None:
            if lookup(after, path, given) is not None:
                holder, step = _holder(after, path, given)
                del holder[step]

        return change

    def _with_value(self, work: Callable[[Any, dict[str, Any]], Any]) -> Change:
        path = self.path()
        operand = self.operand()

        def change(before: Item, after: Item, given: Given) -> None:
            operand_value = operand(before, given)
            assert operand_value is not None
            result = work(lookup(before, path, given), operand_value)
            holder, step = _holder(after, path, given)
            if result is None:
                holder.pop(step, None)
            else:
                holder[step] = result

        return change


def _addition(left: Operand, right: Operand, sign: int) -> Operand:
    return lambda item, given: total(left(item, given), right(item, given), sign)
