"""What is a position in the feed, and how is it written as an event's id?

`<epoch>-<seq in base 36>-<mac>[-<suffix>]`, of `[A-Za-z0-9_-]` and at most 128 bytes: longer ids, or ids with other
bytes, are what browsers are about to treat as unsafe in `Last-Event-ID` (https://github.com/whatwg/fetch/issues/568).
The code is no access control. It makes a made-up id an unknown one.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from typing import NamedTuple

LONGEST_ID_BYTES = 128
MAC_BYTES = 9
LARGEST_SEQ = 10**12 - 1

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_EVENT_ID = re.compile(r"([a-z0-9]{1,16})-(0|[1-9a-z][0-9a-z]{0,7})-([A-Za-z0-9_-]{12})(?:-([A-Za-z0-9_-]{1,80}))?")
_EPOCH = re.compile(r"[a-z0-9]{1,16}")
_SUFFIX = re.compile(r"[A-Za-z0-9_-]{1,80}")


class Cursor(NamedTuple):
    """Everything up to and including number `seq` of this epoch has been seen."""

    epoch: str
    seq: int


class EventId(NamedTuple):
    """A well-formed event id. Whether it is one of ours, only `genuine` can tell."""

    cursor: Cursor
    mac: str
    suffix: str


def event_id(cursor: Cursor, secret: bytes, suffix: str = "") -> str:
    """The cursor as text. Equal arguments give equal texts; a suffix makes ids at one position differ.

    Raises ValueError for an epoch, a number or a suffix that could not be read back.
    """
    if not (_EPOCH.fullmatch(cursor.epoch) and 0 <= cursor.seq <= LARGEST_SEQ):
        raise ValueError("a cursor needs an epoch of a-z0-9 and a number of at most 12 digits")
    if suffix and not _SUFFIX.fullmatch(suffix):
        raise ValueError("a suffix is up to 80 characters of A-Za-z0-9_-")
    position = f"{cursor.epoch}-{base36(cursor.seq)}"
    mac = _mac(position, suffix, secret)
    return f"{position}-{mac}-{suffix}" if suffix else f"{position}-{mac}"


def parse_event_id(value: object) -> EventId | None:
    """The parts of a well-formed id, and None for anything else whatever it is: it never raises."""
    if not isinstance(value, str) or len(value) > LONGEST_ID_BYTES:
        return None
    match = _EVENT_ID.fullmatch(value)
    if match is None:
        return None
    epoch, digits, mac, suffix = match.groups(default="")
    seq = int(digits, 36)
    return EventId(Cursor(epoch, seq), mac, suffix) if seq <= LARGEST_SEQ else None


def genuine(parsed: EventId, secret: bytes) -> bool:
    """Was this id signed with this secret? Compared in constant time."""
    position = f"{parsed.cursor.epoch}-{base36(parsed.cursor.seq)}"
    return hmac.compare_digest(_mac(position, parsed.suffix, secret), parsed.mac)


def base36(value: int) -> str:
    digits = ""
    while value:
        value, digit = divmod(value, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"


def _mac(position: str, suffix: str, secret: bytes) -> str:
    signature = hmac.digest(secret, f"{position}.{suffix}".encode(), "sha256")[:MAC_BYTES]
    return urlsafe_b64encode(signature).decode()
