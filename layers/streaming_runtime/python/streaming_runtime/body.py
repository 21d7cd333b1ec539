"""Which bytes is a result's body, piece by piece? No I/O."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from importlib import import_module

from streaming_runtime.errors import RuntimeFault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    Bytes = bytes | bytearray | memoryview
    Result = dict[str, Any]

WHOLE = (str, bytes, bytearray, memoryview)
ASYNCHRONOUS = "streaming_runtime.asynchronous"  # imported only for a body that is
BLOCK_BYTES = 65_536  # a file is read in blocks of this size
INFLATED_BYTES = 1 << 20  # a compressed piece becomes pieces of this size at the most
GZIP = ("gzip", "x-gzip")
COMPRESSIONS = (*GZIP, "deflate")
BLANKS = b" \t\r\n"
# JSON can hold none of these, and each gives one piece after the other.
STREAMS = ("__next__", "read", "iter_content", "iter_bytes", "__enter__")
# The characters of a header's name. No regular expressions here: to compile one would cost a
# function's first request more than all else that is done with its headers.
TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class Pieces:
    """A body as an iterable of bytes, to be read once.

    `body` is what the handler returned: closing the pieces closes it. `is_base64` says that it is
    base64, and `compressions` names how it is compressed, the outermost last: both are undone.
    Errors name `handler`. `is_whole`: all of the body was there when the handler returned.
    `is_asynchronous`: while the body waits, there are empty pieces. So it is with an iterator that
    has an attribute `never_blocks`, which runs an event loop or a thread of its own.
    """

    def __init__(
        self,
        body: object,
        *,
        is_base64: bool = False,
        compressions: Iterable[str] = (),
        handler: str = "the handler",
    ) -> None:
        self.is_whole = body is None or isinstance(body, WHOLE)
        self.is_asynchronous = is_asynchronous(body) or hasattr(body, "never_blocks")
        self._body = body
        self._is_base64 = is_base64
        self._compressions = [*compressions]
        self.is_coded = is_base64 or bool(self._compressions)
        self._handler = handler
        self._to_close = [body]

    def offer(self, write: Callable[[bytes], bool]) -> None:
        """Offers `write` to a body that can write its pieces itself, while it makes them.

        `write` returns False for a piece that it does not take, which has to be yielded then.
        """
        write_through = getattr(self._body, "write_through", None)
        if callable(write_through) and not self.is_coded:  # a file of text has a flag of this name
            write_through(write)

    def leave_unread(self) -> None:
        """There are no pieces: the body is only closed."""
        self._body = None

    def __iter__(self) -> Iterator[Bytes]:
        try:
            iterable = body_source(self._body)
        except TypeError as error:
            raise TypeError(f"{self._handler}: {error}") from error
        source = iter(iterable)
        self._to_close.insert(0, source)
        pieces = self._checked(source)
        if self._is_base64:
            pieces = without_base64(pieces, self._handler)
        for compression in reversed(self._compressions):
            pieces = inflated(pieces, compression, self._handler)
        if self.is_whole and self.is_coded:  # one that is cut short is no response at all
            pieces = map(b"".join, [pieces])
        return pieces

    def _checked(self, source: Iterator[Any]) -> Iterator[Bytes]:
        number = 0  # counted here: `enumerate` would cost a page of each stream's stack
        for piece in source:
            number += 1  # noqa: SIM113
            if isinstance(piece, bytes):
                yield piece
            elif isinstance(piece, str):
                try:
                    yield piece.encode()
                except UnicodeEncodeError as error:
                    error.reason += f" (piece {number} of the body of {self._handler})"
                    raise
            elif isinstance(piece, (bytearray, memoryview)):
                yield plain_bytes(piece)
            else:
                raise TypeError(
                    f"{self._handler}: piece {number} of the body is a {type(piece).__name__}; "
                    "a body yields bytes or str"
                )

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


def plain_bytes(piece: bytearray | memoryview) -> Bytes:
    """Returns `piece` as bytes that can be counted by `len`; a large one without a copy."""
    view = memoryview(piece)
    if view.nbytes <= BLOCK_BYTES or not view.c_contiguous:
        return view.tobytes()
    return view.cast("B")


def body_source(body: Any) -> Iterable[Any]:
    """Returns the body of a proxy result as an iterable of pieces, of any type yet. Pure.

    Raises TypeError for a body that cannot be one, and RuntimeFault for one that somebody has read.
    """
    if body is None:
        return []
    if isinstance(body, WHOLE):
        return [body]
    if hasattr(body, "__await__") and not hasattr(body, "__aenter__"):
        raise TypeError(f"body is a {type(body).__name__}: an await is missing")
    if isinstance(body, (set, frozenset)):
        raise TypeError("body must be str, bytes or an iterator of them; a set has no order")
    if isinstance(body, type) or hasattr(body, "keys"):
        raise TypeError(f"body must be str, bytes or an iterator of them, not {_kind(body)}")
    if getattr(body, "gi_frame", body) is None or getattr(body, "ag_frame", body) is None:
        raise already_read(f"this {type(body).__name__} has ended")
    if is_asynchronous(body):
        source: Iterable[Any] = import_module(ASYNCHRONOUS).pieces_of(body)
        return source
    return _read_source(body)


def _read_source(body: Any) -> Iterable[Any]:
    if hasattr(body, "iter_content"):  # a response of Requests
        source: Iterable[Any] = body.iter_content(BLOCK_BYTES)
    elif hasattr(body, "iter_bytes"):  # HTTPX, and clients that are built on it
        source = body.iter_bytes()
    elif callable(getattr(body, "read", None)):
        source = blocks_of(body)
    elif hasattr(body, "__iter__"):
        source = body
    elif hasattr(body, "__enter__"):
        source = entered(body)
    else:
        raise TypeError(f"body must be str, bytes or an iterator of them, not {_kind(body)}")
    return source


def _kind(body: object) -> str:
    if hasattr(body, "__code__"):
        return f"{type(body).__name__} (a call is missing)"
    if isinstance(body, type):
        return f"the class {body.__name__}"
    return type(body).__name__


def already_read(how: str) -> RuntimeFault:
    message = (
        f"the body was read before the runtime asked for its first piece: {how}. Most likely "
        "something around the handler did it, such as a decorator or a logger of responses"
    )
    return RuntimeFault("Runtime.BodyAlreadyRead", message)


def is_asynchronous(body: object) -> bool:
    """Whether a body must be read by an event loop. One that can be read without is not."""
    if hasattr(body, "__iter__"):
        return False
    if hasattr(body, "aiter_bytes"):  # an HTTPX response: its stream is of one kind or both
        return not hasattr(getattr(body, "stream", None), "__iter__")
    return hasattr(body, "__aiter__") or hasattr(body, "__aenter__")


def is_stream(body: object) -> bool:
    """Whether a body gives pieces, and JSON cannot hold it."""
    if isinstance(body, type):
        return False
    if is_asynchronous(body) or hasattr(body, "__await__"):
        return True
    return any(hasattr(body, name) for name in STREAMS)


def blocks_of(file: Any) -> Iterator[Any]:
    """Yields a file in blocks, and less than a block where no more has come yet.

    Raises RuntimeFault if it was closed, or read to its end, before.
    """
    read = file.read
    if hasattr(file, "read1"):
        read = file.read1
    elif hasattr(file, "encoding") and hasattr(file, "readline") and not file.seekable():
        read = file.readline  # text from a pipe: a whole block would be waited for
    try:
        block = read(BLOCK_BYTES)
    except ValueError as error:
        if getattr(file, "closed", False) is True:
            raise already_read("this file is closed") from error
        raise
    if not block and _position(file) > 0:
        raise already_read("this file is at its end")
    while block:
        yield block
        block = read(BLOCK_BYTES)


def _position(file: Any) -> int:
    try:
        return int(file.tell())
    except (AttributeError, OSError, TypeError, ValueError):  # a pipe, for one
        return 0


def entered(body: Any) -> Iterator[Any]:
    """Yields the pieces of what a context manager gives, inside of it."""
    with body as inner:
        source = iter(body_source(inner))
        yield from source


def without_base64(pieces: Iterable[Bytes], handler: str) -> Iterator[Bytes]:
    """Yields the bytes that base64 stands for, wherever that is cut. Line ends may be in it.

    Raises ValueError for anything else: another alphabet, or no padding at the end.
    """
    rest = b""
    is_padded = False
    for piece in pieces:
        text = rest + bytes(piece).translate(None, BLANKS)
        if is_padded and text:
            raise _no_base64(handler, "something follows the padding")
        usable = len(text) - len(text) % 4
        is_padded = text[:usable].endswith(b"=")
        rest = text[usable:]
        yield _from_base64(text[:usable], handler)
    _from_base64(rest, handler)


def _from_base64(text: bytes, handler: str) -> bytes:
    try:
        return a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise _no_base64(handler, error) from error


def _no_base64(handler: str, why: object) -> ValueError:
    return ValueError(f"{handler}: isBase64Encoded is true, and the body is no base64: {why}")


def inflated(pieces: Iterable[Bytes], compression: str, handler: str) -> Iterator[Bytes]:
    """Yields what `pieces` say uncompressed, as they come.

    `compression` is one of COMPRESSIONS. Like browsers it takes `deflate` with a zlib header and
    without. Raises ValueError for data that is none, or cut short.
    """
    import zlib

    data = b""
    decompressor: Any = None
    is_member_over = False
    for piece in pieces:
        data += piece
        is_more = True
        while is_more:
            if is_member_over:
                data = data.lstrip(b"\0")  # zeros may stand behind a member of gzip
            if decompressor is None and len(data) > 1:
                decompressor = zlib.decompressobj(_window(compression, data))
            if decompressor is None:
                yield b""
                break
            try:
                found = decompressor.decompress(data, INFLATED_BYTES)
            except zlib.error as error:
                raise _not_compressed(handler, compression, error) from error
            yield found
            data = decompressor.unconsumed_tail
            is_more = bool(data) or len(found) == INFLATED_BYTES
            is_member_over = decompressor.eof and compression in GZIP
            if is_member_over:
                data = decompressor.unused_data
                is_more = bool(data)
                decompressor = None
    if data or (decompressor and not decompressor.eof):
        raise _not_compressed(handler, compression, "it is cut short")


def _not_compressed(handler: str, compression: str, why: object) -> ValueError:
    message = f"{handler}: the body does not have its Content-Encoding {compression}: {why}"
    return ValueError(message)


def _window(compression: str, data: bytes) -> int:
    """Returns zlib's `wbits`. https://docs.python.org/3/library/zlib.html#zlib.decompressobj"""
    if compression in GZIP:
        return 31
    has_header = data[0] & 15 == 8 and int.from_bytes(data[:2]) % 31 == 0
    return 15 if has_header else -15


def headers_of(result: Result) -> Iterator[tuple[str, str]]:
    """Yields every header value with its name. Raises ValueError for one that cannot be sent."""
    for group in ("multiValueHeaders", "headers"):
        headers = result.get(group)
        if headers is None:
            continue
        if not hasattr(headers, "items"):
            raise TypeError(f"{group} must be an object of names and values, not {_kind(headers)}")
        for name, value in headers.items():
            values = value
            if not isinstance(value, (list, tuple)):
                values = [value]
            for each in values:
                yield header_name(name), header_text(str(name), each)


def header_name(name: object) -> str:
    """Returns `name` as the name of a header. https://www.rfc-editor.org/rfc/rfc9110#section-5.1

    Raises ValueError if it is none.
    """
    text = header_text("header names", name)
    if not text or not TOKEN.issuperset(text):
        raise ValueError(f"header names: {text[:100]!r} cannot be the name of a header")
    return text


def header_text(name: str, value: Any) -> str:
    """Returns `value` as header text. Errors name `name`.

    Raises ValueError for control characters, TypeError for a value that is no text and no number.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        text = str.__str__(value)
    elif isinstance(value, bytes):
        text = value.decode("latin-1")
    elif isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, int):
        text = int.__repr__(value)  # a member of an enumeration, too
    elif isinstance(value, float):
        text = float.__repr__(value)
    elif type(value).__name__ == "Decimal":
        text = str(value)
    else:
        raise TypeError(f"{name}: a header has text, not {type(value).__name__}")
    if not text.isprintable() and any(map(_is_no_header_text, text)):
        raise ValueError(f"{name}: no line ends or control characters, please: {text[:100]!r}")
    return text


def _is_no_header_text(character: str) -> bool:
    is_control = character < " " and character != "\t"
    return is_control or character == "\x7f" or "\ud800" <= character <= "\udfff"


def as_text(content: bytes) -> dict[str, object]:
    """Returns the fields `body` and `isBase64Encoded` of a buffered response."""
    try:
        return {"body": content.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError:
        return {"body": b2a_base64(content, newline=False).decode(), "isBase64Encoded": True}
