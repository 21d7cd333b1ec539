"""Evaluates the policy document that a Lambda authorizer returns.

Page api-gateway-lambda-authorizer-output.html in
https://docs.aws.amazon.com/apigateway/latest/developerguide/
"""

import re
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
    """Returns whether a text matches a pattern with `*` (any characters) and `?` (one)."""
    parts = (_wildcard(character) for character in pattern)
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    return re.fullmatch("".join(parts), text, flags) is not None


def _wildcard(character: str) -> str:
    return {"*": ".*", "?": "."}.get(character) or re.escape(character)


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
