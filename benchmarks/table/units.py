"""How large is an item? By DynamoDB's own arithmetic, which read and write units follow. Pure.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from typing import Any

READ_UNIT_BYTES = 4096
WRITE_UNIT_BYTES = 1024


def size_of(value: Any) -> int:
    """Returns the bytes of an item, or of a value in it, about as DynamoDB counts them."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, list):
        return 3 + sum(1 + size_of(each) for each in value)
    if isinstance(value, dict):
        return sum(_size_of_member(name, each) for name, each in value.items())
    return 1


def _size_of_member(name: str, value: Any) -> int:
    if not isinstance(value, dict):
        return size_of(value)
    ((kind, content),) = value.items()
    if kind == "N":
        return len(name) + len(content) // 2 + 1
    if kind == "B":
        return len(name) + len(content) * 3 // 4
    if kind == "M":
        return len(name) + 3 + sum(1 + _size_of_member(*each) for each in content.items())
    if kind in ("L", "SS"):
        return len(name) + 3 + sum(1 + size_of(each) for each in content)
    return len(name) + size_of(content)
