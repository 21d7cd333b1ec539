"""Are the status and the headers of an `http.response.start` such that they can be sent?

They are checked while the application sends them, so that an error is raised where it was made.
"""

from __future__ import annotations

from streaming_runtime.body import TOKEN
from streaming_runtime.plan import WITHOUT_BODY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Headers = list[tuple[bytes, bytes]]

TOKEN_BYTES = "".join(TOKEN).encode()
BLANKS = b" \t"
# https://www.rfc-editor.org/rfc/rfc9110#section-5.5
NOT_IN_VALUES = bytes(byte for byte in (*range(0x20), 0x7F) if byte != 0x09)
LONGEST_LENGTH_DIGITS = 20


def response_start(message: Mapping[str, Any]) -> tuple[int, Headers]:
    """Returns status and headers. Raises KeyError, TypeError or ValueError if they are none."""
    status = message["status"]
    if not isinstance(status, int):
        raise TypeError(f"status must be a number, not {type(status).__name__}")
    if not 200 <= status < 600:
        raise ValueError(f"status must be from 200 to 599, not {int(status)}")
    headers = [(_name(name), _value(name, value)) for name, value in message.get("headers", ())]
    return int(status), headers


def framed_length(method: str, status: int, headers: Headers) -> int | None:
    """Returns how many bytes the body must have; None if that is not said.

    A response to HEAD, and one with status 204 or 304, has no body. Raises ValueError for a
    Content-Length that is none, or for two of them.
    https://www.rfc-editor.org/rfc/rfc9112#section-6.3
    """
    lengths = {value for name, value in headers if name.lower() == b"content-length"}
    if len(lengths) > 1:
        raise ValueError(f"there is more than one Content-Length: {sorted(lengths)!r}")
    for length in lengths:
        if not length.isdigit() or len(length) > LONGEST_LENGTH_DIGITS:
            raise ValueError(f"Content-Length must be a number of bytes, not {length[:100]!r}")
    if method == "HEAD" or status in WITHOUT_BODY:
        return 0
    if any(name.lower() == b"transfer-encoding" for name, _ in headers):
        return None
    return next(map(int, lengths), None)


def _name(name: Any) -> bytes:
    checked = _bytes(name)
    if not checked or checked.translate(None, TOKEN_BYTES):
        raise ValueError(f"{checked[:100]!r} cannot be the name of a header")
    return checked


def _value(name: Any, value: Any) -> bytes:
    checked = _bytes(value).strip(BLANKS)
    if len(checked.translate(None, NOT_IN_VALUES)) != len(checked):
        raise ValueError(
            f"header {name!r}: no line ends or control characters, please: {checked[:100]!r}"
        )
    return checked


def _bytes(value: Any) -> bytes:
    """Returns `value` as bytes. ASCII text is taken, too, as servers do."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("ascii")
    return bytes(memoryview(value))
