"""What do DynamoDB's comparisons and functions make of attribute values? Pure.

A value is in DynamoDB's JSON, such as {"N": "3"}; None stands for one that is missing.
"""

import base64
from collections.abc import Callable
from decimal import Decimal
from typing import Any

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def plain(value: dict[str, Any]) -> Any:
    """Returns what an attribute value compares by."""
    ((kind, content),) = value.items()
    if kind == "N":
        return Decimal(content)
    if kind == "B":
        return base64.b64decode(content)
    return content


def compared(sign: str, left: dict[str, Any] | None, right: dict[str, Any] | None) -> bool:
    if left is None or right is None:
        return sign == "<>"
    if left.keys() != right.keys():
        return sign == "<>"
    return COMPARISONS[sign](plain(left), plain(right))


def total(left: Any, right: Any, sign: int) -> dict[str, Any] | None:
    if left is None or right is None:
        return None
    return {"N": str(plain(left) + sign * plain(right))}


def added(old: Any, value: dict[str, Any]) -> dict[str, Any]:
    if "N" in value:
        return {"N": str(plain(old or {"N": "0"}) + plain(value))}
    ((kind, members),) = value.items()
    return {kind: sorted({*(old or {}).get(kind, ()), *members})}


def without(old: Any, value: dict[str, Any]) -> dict[str, Any] | None:
    ((kind, members),) = value.items()
    left = sorted({*(old or {}).get(kind, ())} - {*members})
    return {kind: left} if left else None


def contains(value: Any, part: Any) -> bool:
    if value is None:
        return False
    ((kind, content),) = value.items()
    if kind == "L":
        return part in content
    return plain(part) in content


PREDICATES: dict[str, Callable[..., bool]] = {
    "attribute_exists": lambda value: value is not None,
    "attribute_not_exists": lambda value: value is None,
    "attribute_type": lambda value, kind: value is not None and plain(kind) in value,
    "begins_with": lambda value, start: value is not None and plain(value).startswith(plain(start)),
    "contains": contains,
}


def size(value: Any) -> dict[str, Any] | None:
    return None if value is None else {"N": str(len(plain(value)))}


def list_append(left: Any, right: Any) -> dict[str, Any]:
    return {"L": [*left["L"], *right["L"]]}


FUNCTIONS: dict[str, Callable[..., dict[str, Any] | None]] = {
    "size": size,
    "if_not_exists": lambda old, value: value if old is None else old,
    "list_append": list_append,
}
