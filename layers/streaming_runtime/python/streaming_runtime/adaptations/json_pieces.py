"""How does a body of JSON stream whose pieces may be text or values?"""

from __future__ import annotations

from streaming_runtime.body import WHOLE, already_read, body_source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import Any

    Encode = Callable[[Any], str]


def json_pieces(body: Any, encode: Encode) -> Any:
    """Returns `body` as pieces of text.

    The first piece decides. Text and bytes are sent as they are, since they are JSON already. Other
    values become the elements of a JSON array, and so does nothing at all. A file holds bytes.
    """
    if hasattr(body, "read"):
        return body
    if hasattr(body, "__aiter__"):
        return AsyncJsonPieces(body, encode)
    if hasattr(body, "__iter__"):
        return JsonPieces(body, encode)
    return body


class JsonPieces:
    """An iterable, to be read once. Closing it closes the body."""

    def __init__(self, body: Any, encode: Encode) -> None:
        self._body = body
        self._array = _Array(encode)

    def __iter__(self) -> Iterator[Any]:
        for value in body_source(self._body):
            yield self._array.piece(value)
        yield self._array.end()

    def close(self) -> None:
        if hasattr(self._body, "close"):
            self._body.close()


class AsyncJsonPieces:
    """An asynchronous iterable, to be read once. Closing it closes the body."""

    def __init__(self, body: Any, encode: Encode) -> None:
        self._body = body
        self._array = _Array(encode)

    async def __aiter__(self) -> AsyncIterator[Any]:
        if getattr(self._body, "ag_frame", self._body) is None:
            raise already_read("this async_generator has ended")
        async for value in self._body:
            yield self._array.piece(value)
        yield self._array.end()

    async def aclose(self) -> None:
        if hasattr(self._body, "aclose"):
            await self._body.aclose()


class _Array:
    """Writes a JSON array, value by value, unless the first of them is text."""

    def __init__(self, encode: Encode) -> None:
        self._encode = encode
        self._before = "["
        self._is_text = False

    def piece(self, value: Any) -> Any:
        if isinstance(value, bytes) and not value:
            return value  # how an iterator says that it has nothing yet
        if isinstance(value, WHOLE) and self._before == "[":
            self._is_text = self._is_text or len(value) > 0
            return value
        if self._is_text:
            return value
        text = self._before + self._encode(value)
        self._before = ","
        return text

    def end(self) -> str:
        if self._is_text:
            return ""
        if self._before == "[":
            return "[]"
        return "]"
