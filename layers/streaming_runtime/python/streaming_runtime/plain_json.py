"""Payloads from JSON, and plain results as JSON, as in the stock client. No I/O.

That client uses simplejson, which is no part of Python. The standard library's encoder is as fast
and writes nearly the same: `_is_simple` says for which values. `_written` writes all others.
"""

from __future__ import annotations

import os
import re
import sys
from json import JSONDecoder, JSONEncoder  # their own, whatever a function puts in their place
from json.encoder import encode_basestring, encode_basestring_ascii

from streaming_runtime.errors import RuntimeFault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

NAMES = {str, int, float, bool, type(None)}
SCALARS = NAMES | {bytes}
CONTAINERS = (dict, list, tuple)
DEEP = 100  # levels that the encoder's and our own recursion may have whatever called us
DEEPEST = 10_000  # the stock client takes 9,997 levels on Python 3.13, and 993 on 3.11
OWN_ITERATIONS = {list.__iter__, tuple.__iter__}
JSON = "application/json"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
CONSTANTS = {None: "null", True: "true", False: "false"}


def payload_of(body: bytes, content_type: str) -> object:
    """Returns what a handler gets as its event: the body itself if that is not said to be JSON.

    Raises RuntimeFault.
    """
    if content_type != JSON:
        return body
    try:
        return PAYLOADS.decode(body.removeprefix(BYTE_ORDER_MARK).decode())
    except Exception as error:
        message = f"Unable to unmarshal input: {error}"
        raise RuntimeFault("Runtime.UnmarshalError", message) from None


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def as_json(result: object, *, ascii_only: bool = False) -> bytes:
    """Returns a plain result as the stock client writes it.

    Every digit of a Decimal is kept, named tuples are objects, bytes are text. `ascii_only`: all
    that is not ASCII is escaped. Raises RuntimeFault for anything that JSON cannot hold.
    """
    try:
        try:
            text = _fast(result, ascii_only)
        except Exception:  # the encoder met something that only the stock client's knows
            text = "".join(_written(result, ascii_only))
        return text.encode()
    except Exception as error:
        message = f"Unable to marshal response: {error}"
        raise RuntimeFault("Runtime.MarshalError", message) from None


def _fast(result: object, ascii_only: bool) -> str:
    """Raises any exception if the standard encoder is not enough for `result`."""
    if not _is_simple([result], 0):
        raise ValueError
    mark = os.urandom(9).hex()  # goes around numbers that the encoder can only write as text
    marked = False

    def default(value: Any) -> str:
        nonlocal marked
        if isinstance(value, bytes):
            return value.decode()
        marked = True
        return mark + _decimal_digits(value)

    text = JSONEncoder(ensure_ascii=ascii_only, default=default).encode(result)
    if marked:
        text = re.sub(f'"{mark}(.*?)"', r"\1", text)
    return text


def _is_simple(container: Any, depth: int) -> bool:
    """Whether the standard encoder writes what is in `container` as the stock client does.

    A container that holds scalars alone, as most do, is looked through without a loop in Python.
    """
    if depth > DEEP:
        return False
    values = container
    if isinstance(container, dict):
        if not NAMES.issuperset(map(type, container)):
            return False
        values = container.values()
    others = set(map(type, values)) - SCALARS
    containers = {kind for kind in others if issubclass(kind, CONTAINERS)}
    if not all(map(_is_encoded_alike, containers)):
        return False
    if not containers:
        return True
    return all(_is_simple(each, depth + 1) for each in values if type(each) in containers)


def _is_encoded_alike(kind: type) -> bool:
    """Whether both encoders read a container of this type alike."""
    if hasattr(kind, "_asdict"):  # a named tuple
        return False
    iteration: Any = getattr(kind, "__iter__", None)
    return issubclass(kind, dict) or iteration in OWN_ITERATIONS


def _decimal_digits(value: Any) -> str:
    """Returns the digits of a Decimal. Raises TypeError for anything else."""
    decimal: Any = sys.modules.get("decimal")  # not imported: there are no decimals
    if decimal is None or not isinstance(value, decimal.Decimal):
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
    if value.is_nan():
        return "NaN"
    return str(value)


def _written(result: object, ascii_only: bool) -> Iterator[str]:
    """Yields JSON piece by piece, without recursion."""
    encoder = JSONEncoder(ensure_ascii=ascii_only)
    text_of = encode_basestring
    if ascii_only:
        text_of = encode_basestring_ascii
    # The containers that are open: what is still to be written, their end, and their id.
    levels: list[tuple[Iterator[tuple[str, Any]], str, int]] = [(iter([("", result)]), "", 0)]
    open_ids = set()
    while levels:
        values, end, identity = levels[-1]
        before, value = next(values, (None, None))
        if before is None:
            yield end
            levels.pop()
            open_ids.discard(identity)
            continue
        yield before
        value = _opened(value)
        if not isinstance(value, CONTAINERS):
            yield _scalar(value, text_of)
            continue
        if _is_flat(value):
            yield encoder.encode(value)
            continue
        if id(value) in open_ids:
            raise ValueError("Circular reference detected")
        if len(levels) > DEEPEST:
            raise RecursionError("maximum recursion depth exceeded while calling a Python object")
        open_ids.add(id(value))
        if isinstance(value, dict):
            yield "{"
            levels.append((_members(value, text_of), "}", id(value)))
        else:
            yield "["
            levels.append((_elements(value), "]", id(value)))


def _is_flat(container: Any) -> bool:
    """Whether the standard encoder can write this container, which holds no other, at once."""
    if type(container) is dict:
        return NAMES.issuperset(map(type, container)) and NAMES.issuperset(
            map(type, container.values())
        )
    return type(container) in CONTAINERS and NAMES.issuperset(map(type, container))


def _opened(value: Any) -> Any:
    """Returns the dict that a named tuple, or what looks like one, stands for."""
    if isinstance(value, (str, bytes, int, float, type)):
        return value
    as_dict = getattr(value, "_asdict", None)
    if not callable(as_dict):
        return value
    opened = as_dict()
    if not isinstance(opened, dict):
        raise TypeError(f"_asdict() must return a dict, not {type(opened).__name__}")
    return opened


def _members(value: dict[Any, Any], text_of: Any) -> Iterator[tuple[str, Any]]:
    before = ""
    for name, each in value.items():
        if not isinstance(name, (str, bytes, int, float, type(None))):
            kind = type(name).__name__
            raise TypeError(f"keys must be str, int, float, bool or None, not {kind}")
        key = _scalar(name, text_of)
        if not isinstance(name, (str, bytes)):
            key = f'"{key}"'
        yield f"{before}{key}: ", each
        before = ", "


def _elements(value: list[Any] | tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    before = ""
    for each in value:
        yield before, each
        before = ", "


def _scalar(value: Any, text_of: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, str):
        return str(text_of(value))
    if value is None or isinstance(value, bool):
        return CONSTANTS[value]
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return JSONEncoder().encode(value)
    return _decimal_digits(value)


PAYLOADS = JSONDecoder(parse_constant=_refused)  # NaN and its kin are no JSON
