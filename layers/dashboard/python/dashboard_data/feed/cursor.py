"""What is a position in the feed, and how is it written as an event's id?

`<epoch>-<seq in base 36>-<mac>[-<suffix>]`, in `[A-Za-z0-9_-]` and at most 128 bytes. Browsers are
about to treat longer ids, and ids with other bytes, as unsafe in `Last-Event-ID`
(https://github.com/whatwg/fetch/issues/568). The code (`mac`) is no access control: it makes a
made-up id an unknown one.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from typing import NamedTuple

from dashboard_data.times import base36

LONGEST_ID_BYTES = 128
MAC_BYTES = 9
LARGEST_SEQ = 10**12 - 1

_EVENT_ID = re.compile(
    r"([a-z0-9]{1,16})-(0|[1-9a-z][0-9a-z]{0,7})-([A-Za-z0-9_-]{12})(?:-([A-Za-z0-9_-]{1,80}))?"
)
_EPOCH = re.compile(r"[a-z0-9]{1,16}")
_SUFFIX = re.compile(r"[A-Za-z0-9_-]{1,80}")


class Cursor(NamedTuple):
    """Everything up to and including number `seq` of this epoch has been seen."""

    epoch: str
    seq: int


class EventId(NamedTuple):
    """A well-formed event id. Whether it is one of ours, only `is_signed_with` can tell."""

    cursor: Cursor
    mac: str
    suffix: str


def event_id(cursor: Cursor, secret: bytes, suffix: str = "") -> str:
    """Writes the cursor as an event's id. Equal arguments give equal ids.

    A suffix makes ids at one position differ. Raises ValueError for an epoch, a number or a suffix
    that could not be read back.
    """
    if not (_EPOCH.fullmatch(cursor.epoch) and 0 <= cursor.seq <= LARGEST_SEQ):
        raise ValueError("a cursor needs an epoch of a-z0-9 and a number of at most 12 digits")
    if suffix and not _SUFFIX.fullmatch(suffix):
        raise ValueError("a suffix is up to 80 characters of A-Za-z0-9_-")
    position = _position(cursor)
    mac = _mac(position, suffix, secret)
    if not suffix:
        return f"{position}-{mac}"
    return f"{position}-{mac}-{suffix}"


def parse_event_id(value: object) -> EventId | None:
    """Returns the parts of a well-formed id; None for any other value. It never raises."""
    if not isinstance(value, str) or len(value) > LONGEST_ID_BYTES:
        return None
    match = _EVENT_ID.fullmatch(value)
    if match is None:
        return None
    epoch, digits, mac, suffix = match.groups(default="")
    seq = int(digits, 36)
    if seq > LARGEST_SEQ:
        return None
    return EventId(Cursor(epoch, seq), mac, suffix)


def is_signed_with(secret: bytes, parsed: EventId) -> bool:
    """Whether this id was signed with this secret. Compares in constant time."""
    return hmac.compare_digest(_mac(_position(parsed.cursor), parsed.suffix, secret), parsed.mac)


def _position(cursor: Cursor) -> str:
    return f"{cursor.epoch}-{base36(cursor.seq)}"


def _mac(position: str, suffix: str, secret: bytes) -> str:
    signature = hmac.digest(secret, f"{position}.{suffix}".encode(), "sha256")[:MAC_BYTES]
    return urlsafe_b64encode(signature).decode()
