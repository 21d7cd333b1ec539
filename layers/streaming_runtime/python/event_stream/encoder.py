"""How does an event become bytes?

https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

# Beyond this, a client that waits with setTimeout overflows its 32-bit delay and reconnects at
# once, over and over.
_MAX_RETRY_MS = 2**31 - 1


def encode(
    data: str | None = None,
    *,
    event: str | None = None,
    id: str | None = None,
    retry_ms: int | None = None,
) -> bytes:
    r"""Returns one whole event: UTF-8, LF line ends, closed by its blank line.

    data: any text; CRLF, LF and lone CR begin a new line and arrive as LF, all else arrives as it
        is. `""` is an event with empty data. None is no event: the client only takes over `id` and
        `retry_ms`.
    event: the event type, printable and not empty. Without it the type is `message`.
    id: the client's new last event ID, printable. `""` clears it; None leaves it.
    retry_ms: the client's new reconnection time, 0 to 2**31 - 1 milliseconds.

    "Printable" is `str.isprintable`: no line end, no NUL or other control character, no invisible
    character, no lone surrogate.

    Raises TypeError or ValueError, naming the field, if a client could not receive exactly this;
    also for an event type without data, which no client dispatches, and for nothing at all.
    """
    block = ""
    if retry_ms is not None:
        if type(retry_ms) is not int:  # bool is an int, but `retry: True` is ignored
            raise TypeError(f"retry_ms is {type(retry_ms).__name__}, not int")
        if not 0 <= retry_ms <= _MAX_RETRY_MS:
            raise ValueError(f"retry_ms is outside 0 to {_MAX_RETRY_MS}")
        block = f"retry: {retry_ms}\n"
    if event is not None:
        _require_printable("event", event)
        if not event:
            raise ValueError("event is empty; leave it out for the type 'message'")
        if data is None:
            raise ValueError("event without data is never dispatched")
        block += "event: " + event + "\n"
    if data is not None:
        block += _lines("data", "data: ", data)
    if id is not None:  # last: some clients take it at its line, and data that is cut off is lost
        _require_printable("id", id)
        block += "id: " + id + "\n"
    if not block:
        raise ValueError("nothing to encode: no data, id or retry_ms")
    return _to_utf8("data", block + "\n")


def comment(text: str = "") -> bytes:
    """Returns a block of comment lines, which a client ignores: a heartbeat.

    It goes between events, not inside one.

    Raises TypeError if `text` is not a str, ValueError if it holds a lone surrogate.
    """
    return _to_utf8("comment", _lines("comment", ": ", text) + "\n")


def comment_line(text: str = "") -> bytes:
    """Returns one comment line without the empty line that ends a block.

    A client ignores it, and so does one that makes an empty message of every empty line. It goes
    between events: the next event's block begins with it.

    Raises TypeError if `text` is not a str, ValueError if it holds a line end or a lone surrogate.
    """
    _require_str("comment", text)
    if "\r" in text or "\n" in text:
        raise ValueError("comment holds a line end, and is to be one line")
    return _to_utf8("comment", f": {text}\n" if text else ":\n")


def _lines(field: str, prefix: str, text: str) -> str:
    _require_str(field, text)
    # Not str.splitlines: it also splits on U+2028, U+0085, form feed and others, which are plain
    # data here.
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\n" in text:
        text = text.replace("\n", "\n" + prefix)
    return prefix + text + "\n"


def _require_printable(field: str, text: str) -> None:
    _require_str(field, text)
    if not text.isprintable():
        position, char = next((i, char) for i, char in enumerate(text) if not char.isprintable())
        raise ValueError(f"{field} holds U+{ord(char):04X} at {position}, which is not printable")


def _require_str(field: str, text: str) -> None:
    if not isinstance(text, str):
        raise TypeError(f"{field} is {type(text).__name__}, not str")


def _to_utf8(field: str, block: str) -> bytes:
    try:
        return block.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"{field} holds the lone surrogate U+{ord(block[error.start]):04X}"
        ) from None
