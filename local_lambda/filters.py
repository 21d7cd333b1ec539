"""Matches stream records with the filter patterns of event source mappings.

Knows the EventBridge operators that Lambda documents for streams.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html#filtering-syntax
"""

from collections.abc import Callable, Iterable
from typing import Any

_ABSENT = object()
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "=": lambda left, right: left == right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


class PatternError(ValueError):
    """The pattern is malformed or uses an operator outside this subset."""


def matches_any(patterns: Iterable[dict[str, Any]], record: Any) -> bool:
    """Returns whether one of the patterns matches. Without patterns every record matches."""
    patterns = tuple(patterns)
    return not patterns or any(matches(pattern, record) for pattern in patterns)


def matches(pattern: dict[str, Any], record: Any) -> bool:
    """Returns whether every key of the pattern matches the record."""
    for key, rule in pattern.items():
        if key == "$or":
            if not any(matches(alternative, record) for alternative in rule):
                return False
            continue
        value = record.get(key, _ABSENT) if isinstance(record, dict) else _ABSENT
        matched = matches(rule, value) if isinstance(rule, dict) else _matches_one_of(rule, value)
        if not matched:
            return False
    return True


def check(pattern: Any) -> None:
    """Raises PatternError for a pattern that `matches` would not understand."""
    if not isinstance(pattern, dict):
        raise PatternError(f"a pattern must be an object, not {pattern!r}")
    for key, rule in pattern.items():
        if key == "$or" or not isinstance(rule, list):
            for nested in rule if isinstance(rule, list) else [rule]:
                check(nested)
            continue
        for choice in rule:
            if isinstance(choice, dict):
                _check_operator(choice)


def _check_operator(choice: dict[str, Any]) -> None:
    operator = next(iter(choice), None)
    if len(choice) != 1 or operator not in _OPERATORS:
        known = ", ".join(sorted(_OPERATORS))
        raise PatternError(f"unknown operator in {choice!r}; known: {known}")
    if operator == "numeric":
        _check_numeric(choice[operator])


def _check_numeric(rule: list[Any]) -> None:
    if len(rule) % 2 or any(sign not in _COMPARE for sign in rule[::2]):
        raise PatternError(f"malformed numeric rule {rule!r}")


def _matches_one_of(choices: list[Any], value: Any) -> bool:
    # A list in the record matches when one of its items does.
    values = value if isinstance(value, list) and value else [value]
    return any(_matches_choice(choice, one) for choice in choices for one in values)


def _matches_choice(choice: Any, value: Any) -> bool:
    if isinstance(choice, dict):
        operator, argument = next(iter(choice.items()))
        return _OPERATORS[operator](argument, value)
    return (
        value is not _ABSENT
        and value == choice
        and isinstance(value, bool) == isinstance(choice, bool)
    )


def _anything_but(argument: Any, value: Any) -> bool:
    if value is _ABSENT:
        return False
    return not _matches_one_of(argument if isinstance(argument, list) else [argument], value)


def _numeric(argument: list[Any], value: Any) -> bool:
    # DynamoDB writes numbers as strings: {"N": "3"}
    try:
        number = float(value)
    except (TypeError, ValueError):
        return False
    comparisons = zip(argument[::2], argument[1::2], strict=True)
    return all(_COMPARE[sign](number, limit) for sign, limit in comparisons)


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "anything-but": _anything_but,
    "equals-ignore-case": lambda argument, value: (
        isinstance(value, str) and value.lower() == argument.lower()
    ),
    "exists": lambda argument, value: (value is not _ABSENT) == argument,
    "numeric": _numeric,
    "prefix": lambda argument, value: isinstance(value, str) and value.startswith(argument),
    "suffix": lambda argument, value: isinstance(value, str) and value.endswith(argument),
}
