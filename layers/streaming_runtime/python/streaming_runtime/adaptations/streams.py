"""Which values are streams, to be left alone by all but the runtime?"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ITERATORS = ("__next__", "__anext__", "__aiter__")


def is_read_once(value: object) -> bool:
    """Whether reading `value` uses it up: an iterator, or an open response or file.

    Collections are none. Neither are objects that merely can be iterated over, such as models.
    """
    kind = type(value)
    if any(hasattr(kind, name) for name in ITERATORS):
        return True
    if hasattr(kind, "__len__") or isinstance(value, type):
        return False
    if callable(getattr(kind, "read", None)):
        return True
    return hasattr(kind, "__iter__") and hasattr(kind, "close")


def is_read_later(body: object) -> bool:
    """Whether the runtime reads `body`, the body of a response, only when it sends it."""
    if body is None or hasattr(type(body), "__len__"):
        return False
    kinds = ("__iter__", "__aiter__", "__aenter__")
    return is_read_once(body) or any(hasattr(type(body), name) for name in kinds)


def streams(result: Any) -> bool:
    """Whether the result of a handler is a stream, or a response whose body may be one."""
    if isinstance(result, dict):
        return is_read_later(result.get("body"))
    return is_read_once(result)


def name_of(value: object) -> str:
    """Returns what stands in a record for a stream."""
    return f"<{type(value).__name__}, not read>"
