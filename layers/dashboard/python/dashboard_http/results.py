"""Changes what a resolver returns: the dict that Lambda hands on to the front."""

from collections.abc import Mapping
from typing import Any

Result = dict[str, Any]


def with_headers(result: Result, headers: Mapping[str, str]) -> Result:
    """Adds single-valued `headers`, in whichever of the two forms `result` has its own.

    `Vary` adds to the one that is there. Every other header replaces the one of its name.
    """
    several = "multiValueHeaders" in result
    form = "multiValueHeaders" if several else "headers"
    own: dict[str, Any] = dict(result.get(form) or {})
    for name, value in headers.items():
        if name == "Vary" and own.get(name):
            value = _joined(own[name], value)
        own[name] = [value] if several else value
    return {**result, form: own}


def _joined(there: list[str] | str, value: str) -> str:
    names = there if isinstance(there, list) else there.split(", ")
    return ", ".join(dict.fromkeys([*names, value]))
