"""How does a value become JSON for a client? Compact, in UTF-8, with the types that functions use.

https://www.rfc-editor.org/rfc/rfc8259
"""

from __future__ import annotations

import os
import re
import sys
from json import JSONEncoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

COMPACT = (",", ":")
# No number of JSON has such digits around it, and no text of a function's either.
_MARK = os.urandom(9).hex()


def json_text(value: Any, *, leave_out_unset: bool = False) -> str:
    """Returns `value` as compact JSON on one line. Characters other than ASCII stay as they are.

    Models of Pydantic, of either version, are written by their aliases, as FastAPI writes them;
    `leave_out_unset` leaves out the fields that nobody set. Data classes, attrs and msgspec classes
    are objects, enumerations their values, dates and times ISO 8601, decimals numbers with all
    their digits, bytes the text that they hold. Raises TypeError for any other type, and ValueError
    for NaN and infinite numbers, with a sentence.
    """
    if hasattr(value, "model_dump_json") and not isinstance(value, type):
        text: str = value.model_dump_json(by_alias=True, exclude_unset=leave_out_unset)
        return text
    text = _ENCODER.encode(value)
    if _MARK in text:
        text = re.sub(f'"{_MARK}(.*?)"', r"\1", text)
    return text


def as_object(value: Any, *, leave_out_unset: bool = False) -> dict[str, Any] | None:
    """Returns a mapping, a model or an object of data as a dict; None for anything else."""
    if isinstance(value, dict):
        return value
    if hasattr(value, "model_dump") and not isinstance(value, type):
        plain = value.model_dump(mode="json", by_alias=True, exclude_unset=leave_out_unset)
    else:
        try:
            plain = _plain(value)
        except (TypeError, ValueError):
            return None
    if isinstance(plain, dict):
        return plain
    return None


def _plain(value: Any) -> Any:
    """Returns what the standard encoder can write in the place of `value`, which it cannot."""
    if isinstance(value, type):
        raise TypeError(f"the class {value.__name__} is no JSON; an instance may be")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _text_of(value)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True)
    if hasattr(value, "__fields__") and hasattr(value, "dict"):  # Pydantic's first version
        return value.dict(by_alias=True)
    names = _field_names(value)
    if names is not None:
        return {name: getattr(value, name) for name in names}
    if hasattr(value, "keys") and hasattr(value, "__getitem__"):
        return dict(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return list(value)
    return _of_module(value)


def _text_of(value: bytes | bytearray | memoryview) -> str:
    try:
        return bytes(value).decode()
    except UnicodeDecodeError:
        raise ValueError(
            "bytes that are no UTF-8 text are no JSON; encode them as base64"
        ) from None


def _field_names(value: Any) -> list[str] | None:
    """Returns the names of the fields of an object of data; None if it is none."""
    if hasattr(value, "__dataclass_fields__"):
        return [*value.__dataclass_fields__]
    if hasattr(value, "__struct_fields__"):  # msgspec
        return [*value.__struct_fields__]
    if hasattr(value, "__attrs_attrs__"):
        return [each.name for each in value.__attrs_attrs__]
    return None


def _of_module(value: Any) -> Any:
    """Returns a value of a standard module. None of them is imported: then there are no values."""
    for module, name, replaced in _OF_MODULES:
        kind: Any = getattr(sys.modules.get(module), name, None)
        if kind is not None and isinstance(value, kind):
            return replaced(value)
    kind = type(value)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    raise TypeError(f"{name} is no JSON")


def _number(value: Any) -> str:
    if not value.is_finite():
        raise ValueError(f"the decimal {value} is no JSON number")
    return f"{_MARK}{value}"


_OF_MODULES = (
    ("decimal", "Decimal", _number),
    ("enum", "Enum", lambda value: value.value),
    ("uuid", "UUID", str),
    ("pathlib", "PurePath", str),
)
_ENCODER = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=COMPACT, default=_plain)
