"""Evaluates the policy document that a Lambda authorizer returns.

Page api-gateway-lambda-authorizer-output.html in
https://docs.aws.amazon.com/apigateway/latest/developerguide/
"""

from enum import StrEnum
from typing import Any

_ACTION = "execute-api:Invoke"


class PolicyError(ValueError):
    """The policy document is malformed."""


class Decision(StrEnum):
    ALLOW = "allow"
    IMPLICIT_DENY = "implicit deny"
    EXPLICIT_DENY = "explicit deny"


def decide(document: Any, arn: str) -> Decision:
    """Returns what a policy document says about one method. Any Deny wins. Raises PolicyError.

    Conditions are not evaluated: a statement with one holds.
    """
    decision = Decision.IMPLICIT_DENY
    for statement in statements(document):
        if not _covers(statement, arn):
            continue
        if statement["Effect"] == "Deny":
            return Decision.EXPLICIT_DENY
        decision = Decision.ALLOW
    return decision


def has_conditions(document: Any) -> bool:
    """Raises PolicyError."""
    return any("Condition" in statement for statement in statements(document))


def statements(document: Any) -> list[dict[str, Any]]:
    """Returns the statements of a document. Raises PolicyError."""
    if not isinstance(document, dict):
        raise PolicyError("policyDocument is not an object")
    found = document.get("Statement")
    listed: list[Any] = found if isinstance(found, list) else [found]
    for statement in listed:
        if not isinstance(statement, dict):
            raise PolicyError("Statement is not an object or a list of objects")
        if statement.get("Effect") not in ("Allow", "Deny"):
            raise PolicyError(f"Effect is {statement.get('Effect')!r}, not Allow or Deny")
    return listed


def matches(pattern: str, text: str, ignore_case: bool = False) -> bool:
    """Returns whether a text matches a pattern with `*` (any characters) and `?` (one).

    A regular expression would take very long for some patterns with many `*`.
    """
    if ignore_case:
        pattern = pattern.lower()
        text = text.lower()
    first, *rest = pattern.split("*")
    if not rest:
        return len(pattern) == len(text) and _is_at(pattern, text, 0)
    last = rest.pop()
    end = len(text) - len(last)
    if len(first) > end or not _is_at(first, text, 0) or not _is_at(last, text, end):
        return False
    position = len(first)
    for part in rest:
        found = _find(part, text, position, end)
        if found is None:
            return False
        position = found + len(part)
    return position <= end


def _find(part: str, text: str, start: int, end: int) -> int | None:
    """Returns the first place of a part without `*` between two positions."""
    if "?" not in part:
        found = text.find(part, start, end)
        return found if found >= 0 else None
    places = range(start, end - len(part) + 1)
    return next((place for place in places if _is_at(part, text, place)), None)


def _is_at(part: str, text: str, place: int) -> bool:
    """Returns whether a part without `*` stands at a place of a text that is long enough."""
    if "?" not in part:
        return text.startswith(part, place)
    there = text[place : place + len(part)]
    return len(there) == len(part) and all(a in ("?", b) for a, b in zip(part, there, strict=True))


def _covers(statement: dict[str, Any], arn: str) -> bool:
    actions = _texts(statement, "Action")
    resources = _texts(statement, "Resource")
    return any(matches(action, _ACTION, ignore_case=True) for action in actions) and any(
        matches(resource, arn) for resource in resources
    )


def _texts(statement: dict[str, Any], name: str) -> list[str]:
    value = statement.get(name)
    texts: list[Any] = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise PolicyError(f"{name} is not a text or a list of texts")
    return texts
