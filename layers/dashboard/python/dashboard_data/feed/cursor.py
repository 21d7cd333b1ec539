"""What is a position in the feed, and how is it written as an event's id?

`<epoch>-<seq in base 36>-<mac>[-<suffix>]`, in `[A-Za-z0-9_-]` and at most 128 bytes. Browsers are
about to treat longer ids, and ids with other bytes, as unsafe in `Last-Event-ID`
(https://github.com/whatwg/fetch/issues/568). The code (`mac`) is no access control: it makes a
made-up id an unknown one.
"""

import hmac
import re
from binascii import b2a_base64
from functools import lru_cache
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
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


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
    epoch, seq = cursor
    if not is_position(cursor):
        raise ValueError("a cursor needs an epoch of a-z0-9 and a number of at most 12 digits")
    if suffix and not _SUFFIX.fullmatch(suffix):
        raise ValueError("a suffix is up to 80 characters of A-Za-z0-9_-")
    position = f"{epoch}-{base36(seq)}"
    mac = _mac(position, suffix, secret)
    if not suffix:
        return f"{position}-{mac}"
    return f"{position}-{mac}-{suffix}"


def is_position(cursor: Cursor) -> bool:
    """Whether the cursor can be written as an event's id."""
    return _is_epoch(cursor.epoch) and 0 <= cursor.seq <= LARGEST_SEQ


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
    epoch, seq = parsed.cursor
    mac = _mac(f"{epoch}-{base36(seq)}", parsed.suffix, secret)
    return hmac.compare_digest(mac, parsed.mac)


@lru_cache(maxsize=16)
def _is_epoch(epoch: str) -> bool:
    return _EPOCH.fullmatch(epoch) is not None


def _mac(position: str, suffix: str, secret: bytes) -> str:
    signing = _keyed(secret).copy()
    signing.update(f"{position}.{suffix}".encode())
    signature = b2a_base64(signing.digest()[:MAC_BYTES], newline=False)
    return signature.translate(_URL_SAFE).decode()


@lru_cache(maxsize=4)
def _keyed(secret: bytes) -> hmac.HMAC:
    """Returns what is only copied: to take the key in again costs as much as to sign."""
    return hmac.new(secret, digestmod="sha256")
