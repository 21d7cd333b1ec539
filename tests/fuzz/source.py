"""What does an input choose? Draws values from arbitrary bytes, as a grammar asks for them.

Each draw takes the next byte or bytes. Once they are used up, each draw gives the simplest value,
so every input is a whole case, and a shorter input is a simpler one.
"""

from collections.abc import Callable, Sequence
from typing import Any

# Characters that formats give a meaning to, or that programs stumble over.
ODD = [
    "\n", "\r", "\r\n", "\0", "\x0b", "\x0c", "\x1b[31m", "\x1c", "\x7f", "\x85", "\u2028",
    "\ufeff", "\ud800", "\udfff", "\U0001f600", "\xe4", "\u20ac", " ", "\t", ",", ";", ":", "=",
    "&", "%", "/", "\\", '"', "'", "{", "}", "[", "]", "<", ">", "#", "?", "..", "//", "%0A",
    "%0d%0a", "%00", "%2F", "%ff", "${x}", "{{", "data: x", "\n\nevent: evil\ndata: INJECTED\n\n",
    "id: 1", "\r\nX-Evil: 1", "[ERROR] forged", '\n{"level":"ERROR","message":"forged"}', "null",
    "__proto__", "-", "_", ".",
]  # fmt: skip
PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~ "
NUMBERS = [
    0, 1, -1, 2, 7, 100, 200, 204, 255, 256, 304, 404, 599, 600, 65_536, 2**31, 2**53, -(2**63),
    2**64, 10**30, 0.0, -0.0, 0.5, 1e308, 1e-320, float("inf"), float("-inf"), float("nan"),
]  # fmt: skip


class Source:
    """The choices of one case."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes are not used yet."""
        return len(self._data) - self._at

    def byte(self) -> int:
        at = self._at
        if at >= len(self._data):
            return 0
        self._at = at + 1
        return self._data[at]

    def below(self, limit: int) -> int:
        """Returns a number from 0 to `limit` - 1."""
        number = self.byte()
        if limit > 256:
            number = number << 8 | self.byte()
        return number % limit

    def chance(self, percent: int) -> bool:
        """Whether something happens that does in so many of a hundred cases; never without bytes.

        Byte 0, which stands for the end of the input, says no.
        """
        return self.byte() > 255 - percent * 255 // 100

    def pick(self, choices: Sequence[Any]) -> Any:
        return choices[self.below(len(choices))]

    def some(self, draw: Callable[[], Any], most: int = 4) -> list[Any]:
        return [draw() for _ in range(self.below(most + 1))]

    def binary(self, most: int = 64) -> bytes:
        size = min(self.below(most + 1), self.left)
        taken = self._data[self._at : self._at + size]
        self._at += size
        return taken

    def rest(self) -> bytes:
        """Returns all bytes that are left."""
        taken = self._data[self._at :]
        self._at = len(self._data)
        return taken

    def text(self, most: int = 12) -> str:
        """Returns text in which odd characters are frequent; long now and then."""
        kind = self.byte()
        if kind > 250:
            return self.text(3)[:64] * (1 << self.below(13))
        if kind < 90:
            return "".join([PLAIN[each % len(PLAIN)] for each in self.binary(most)])
        if kind < 110:
            return self.binary(most).decode("utf-8", "surrogateescape")
        parts = []
        for _ in range(self.below(most + 1)):
            choice = self.byte()
            if choice < 128:
                parts.append(PLAIN[choice % len(PLAIN)])
            else:
                parts.append(ODD[choice % len(ODD)])
        return "".join(parts)

    def number(self) -> Any:
        kind = self.byte()
        if kind < 60:
            return self.byte()
        if kind < 200:
            return self.pick(NUMBERS)
        return int.from_bytes(self.binary(12), "big", signed=True)

    def json(self, depth: int = 3) -> Any:
        """Returns any value that JSON has, with NaN and lone surrogates as Python reads them."""
        kind = self.below(10 if depth else 6)
        if kind == 0:
            return None
        if kind == 1:
            return self.byte() % 2 == 1
        if kind <= 3:
            return self.text()
        if kind <= 5:
            return self.number()
        if kind <= 7:
            return [self.json(depth - 1) for _ in range(self.below(4))]
        return {self.text(6): self.json(depth - 1) for _ in range(self.below(4))}

    def changed(self, value: Any, other: Callable[[], Any] | None = None) -> Any:
        """Returns a copy of a JSON value in which some parts are others, missing or doubled.

        `other` draws what comes in their place.
        """
        draw = other or self.json
        copy = _copied(value)
        for _ in range(self.below(4)):
            holders = _holders(copy)
            if not holders:
                return draw()
            holder, key = holders[self.below(len(holders))]
            how = self.below(5)
            if how == 0:
                del holder[key]
            elif how == 1 and isinstance(holder, dict):
                holder[self.text(6)] = holder[key]
            elif how == 2 and isinstance(holder[key], str):
                at = self.below(len(holder[key]) + 1)
                holder[key] = holder[key][:at] + self.text(6) + holder[key][at:]
            else:
                holder[key] = draw()
        return copy

    def cuts(self, data: bytes) -> list[bytes]:
        """Returns `data` in pieces."""
        if not data:
            return []
        marks = sorted({self.below(len(data)) for _ in range(self.below(9))} - {0})
        return [data[a:b] for a, b in zip([0, *marks], [*marks, len(data)], strict=True)]

    def damaged(self, data: bytes) -> bytes:
        """Returns bytes some of which are others, missing, doubled or inserted."""
        out = bytearray(data)
        for _ in range(self.below(6)):
            at = self.below(len(out) + 1)
            how = self.below(5)
            if how == 0:
                del out[at : at + 1 + self.below(16)]
            elif how == 1:
                out[at : at + 1] = bytes([self.byte()])
            elif how == 2:
                out[at:at] = self.binary(16)
            elif how == 3:
                out[at:at] = self.text(4).encode("utf-8", "surrogatepass")
            else:
                out[at:at] = out[at : at + 1 + self.below(64)] * (1 + self.below(4))
        return bytes(out)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_copied(each) for each in value]
    return value


def _holders(value: Any) -> list[tuple[Any, Any]]:
    """Returns each part of a value, as the container that holds it and its key there."""
    found: list[tuple[Any, Any]] = []
    open_ones = [value]
    while open_ones:
        holder = open_ones.pop()
        keys: Any = ()
        if isinstance(holder, dict):
            keys = list(holder)
        elif isinstance(holder, list):
            keys = range(len(holder))
        for key in keys:
            found.append((holder, key))
            open_ones.append(holder[key])
    return found
