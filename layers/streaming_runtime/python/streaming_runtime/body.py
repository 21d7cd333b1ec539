"""Which bytes is a result's body, piece by piece? No I/O."""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    Result = dict[str, Any]

# Lambda does the framing, and it undoes compression (with errors behind CloudFront), so whole
# compressed bodies are decompressed here, by these modules.
DECODERS = {"gzip": "gzip", "deflate": "zlib"}
WHOLE = (str, bytes, bytearray, memoryview)
ASYNCHRONOUS = "streaming_runtime.asynchronous"  # imported only for a body that is


class Pieces:
    """A body as an iterable of `bytes`, to be read once.

    `body` is what the handler returned: closing the pieces closes it. `source` is called when the
    first piece is asked for, and returns the body as an iterable of bytes or text. `is_whole`: all
    of the body was there when the handler returned. `is_asynchronous`: while the body waits, there
    are empty pieces.
    """

    def __init__(self, body: object, source: Callable[[], Iterable[Any]]) -> None:
        self.is_whole = body is None or isinstance(body, WHOLE)
        self.is_asynchronous = is_asynchronous(body)
        self._source = source
        self._to_close = [body]

    @classmethod
    def of(cls, result: Result, *, decode: bool = True) -> Pieces:
        """All pieces of a result's body. `decode` undoes its `Content-Encoding`."""
        return cls(result.get("body"), lambda: body_source(result, decode=decode))

    @classmethod
    def none_of(cls, result: Result) -> Pieces:
        """No pieces: the body is closed unread."""
        return cls(result.get("body"), tuple)

    def __iter__(self) -> Iterator[bytes]:
        source = iter(self._source())
        self._to_close.insert(0, source)
        for piece in source:
            if isinstance(piece, str):
                yield piece.encode()
            elif isinstance(piece, (bytes, bytearray, memoryview)):
                yield bytes(piece)
            else:
                raise TypeError(f"a body yields bytes or str, not {type(piece).__name__}")

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        to_close = self._to_close
        self._to_close = []
        for each in to_close:
            if is_asynchronous(each):
                import_module(ASYNCHRONOUS).close(each)
            elif hasattr(each, "close"):
                each.close()


def body_source(result: Result, *, decode: bool) -> Iterable[Any]:
    """Returns the body of a proxy result as an iterable of pieces, base64 undone. Pure.

    Raises TypeError for a body of another type, and ValueError for base64 that is none or a
    `Content-Encoding` that cannot be undone.
    """
    body = result.get("body")
    if isinstance(body, str) and result.get("isBase64Encoded"):
        body = a2b_base64(body, strict_mode=True)
    if body is None:
        body = b""
    whole = isinstance(body, WHOLE)
    if is_asynchronous(body):
        body = import_module(ASYNCHRONOUS).pieces_of(body)
    if isinstance(body, dict) or not hasattr(body, "__iter__"):
        kind = type(body).__name__
        raise TypeError(f"body must be str, bytes or an iterator of them, not {kind}")
    if decode:
        for encoding in content_encodings(result):
            if not whole or encoding not in DECODERS:
                raise ValueError(
                    f"cannot undo the Content-Encoding {encoding} of this body; "
                    "leave it uncompressed"
                )
            if body:
                body = import_module(DECODERS[encoding]).decompress(body)
    if whole:
        return [body]
    return body


def is_asynchronous(body: object) -> bool:
    """Whether a body must be read by an event loop. One that can be read without is not."""
    if hasattr(body, "__iter__"):
        return False
    if hasattr(body, "aiter_bytes"):  # an HTTPX response: its stream is of one kind or both
        return not hasattr(getattr(body, "stream", None), "__iter__")
    return hasattr(body, "__aiter__") or hasattr(body, "__aenter__")


def content_encodings(result: Result) -> set[str]:
    """Returns the encodings that a result's headers name, in lower case, without `identity`."""
    named = {
        value.lower() for name, value in headers_of(result) if name.lower() == "content-encoding"
    }
    return named - {"", "identity"}


def headers_of(result: Result) -> Iterator[tuple[str, str]]:
    """Yields every header value with its name. Raises ValueError for one that cannot be sent."""
    for group in ("multiValueHeaders", "headers"):
        for name, value in (result.get(group) or {}).items():
            values = value
            if not isinstance(value, (list, tuple)):
                values = [value]
            for each in values:
                if each is None:
                    each = ""
                yield clean("header names", name), clean(name, each)


def clean(name: str, value: object) -> str:
    """Returns `value` as header text. Raises ValueError, naming `name`, for control characters."""
    text = str(value)
    if isinstance(value, bool):
        text = text.lower()
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", text):
        raise ValueError(f"{name}: no line ends or control characters, please: {text[:100]!r}")
    return text


def as_text(content: bytes) -> dict[str, object]:
    """Returns the fields `body` and `isBase64Encoded` of a buffered response."""
    try:
        return {"body": content.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError:
        return {"body": b2a_base64(content, newline=False).decode(), "isBase64Encoded": True}
