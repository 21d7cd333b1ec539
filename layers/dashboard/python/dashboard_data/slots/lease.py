"""What is a lease of one stream slot, whose is it, and what does its record say? Pure."""

import re
from enum import StrEnum
from typing import NamedTuple

from dashboard_data.dynamodb import Key, Record

PARTITION = "CONNECTIONS"
# Sort keys. Those that begin with SLOT are read together, when a slot is taken.
SLOTS = "SLOT"
SLOT = "SLOT#"
WAIT = "SLOTWAIT#"
SHARE = "SHARE#"
GONE = "GONE#"

_CONNECTION_ID = re.compile(r"([0-9a-z]{1,3})-[A-Za-z0-9_-]{22}")
_CONNECTION_KEY = re.compile(r"[A-Za-z0-9_-]{22}")


class LeaseState(StrEnum):
    HELD = "held"
    CLOSING = "closing"  # the client has said that it left
    MADE_ROOM = "made-room"  # it has to end, so that somebody else gets in
    LOST = "lost"  # the slot, or a mark of a share, is another stream's by now


class RefusalReason(StrEnum):
    """Why a stream gets no lease."""

    FULL = "full"
    CLIENT_FULL = "client-full"
    BUSY = "busy"  # others were faster at every try, though there may be room
    LEFT = "left"  # the client has said goodbye already


class Refusal(NamedTuple):
    reason: RefusalReason
    limit: int
    retry_after_s: int


class Client(NamedTuple):
    """A client, by the shares that its stream takes. All ids are hashes, or other short texts.

    `client_id`: the address, or a verified user. `address_id`: a user's address. `network_id`: the
    wider network around the address. `authenticated`: the request has a valid token.
    """

    client_id: str
    address_id: str | None = None
    network_id: str | None = None
    authenticated: bool = False

    @property
    def group_id(self) -> str:
        """The widest of its shares, by which fairness goes."""
        return self.network_id or self.client_id

    def shares(self, client_limit: int, network_limit: int) -> dict[str, int]:
        """Returns the most streams of each share, the widest last.

        A network has never less than one client.
        """
        shares = {self.client_id: client_limit}
        if self.address_id:
            shares[self.address_id] = client_limit
        if self.network_id:
            shares[self.network_id] = max(client_limit, network_limit)
        return shares


class Lease(NamedTuple):
    """`connection_id` is the slot, a hyphen, and a text that cannot be guessed.

    `marks`: one of each share that the stream takes, as `<id>#<number>`, the widest last.
    """

    connection_id: str
    client_id: str
    slot: int
    marks: tuple[str, ...]
    authenticated: bool = False

    @property
    def key(self) -> Key:
        """The record that a stream follows."""
        return slot_key(self.slot)

    @property
    def mark_keys(self) -> tuple[Key, ...]:
        return tuple(mark_key(mark) for mark in self.marks)


def mark_of(share_id: str, number: int) -> str:
    return f"{share_id}#{number:04d}"


def mark_key(mark: str) -> Key:
    return PARTITION, f"{SHARE}{mark}"


def slot_key(slot: int) -> Key:
    return PARTITION, f"{SLOT}{slot:04d}"


def slot_of(connection_id: str) -> int | None:
    """Returns the slot that an id of ours begins with; None for any other text."""
    match = _CONNECTION_ID.fullmatch(connection_id)
    if match is None:
        return None
    return int(match[1], 36)


def is_connection_key(value: str | None) -> bool:
    """Whether this can be the random part of a connection's id, drawn by the client itself."""
    return value is not None and _CONNECTION_KEY.fullmatch(value) is not None


def gone_key(connection_key: str) -> Key:
    """The record which says that a client has left, perhaps before its stream had a lease."""
    return PARTITION, f"{GONE}{connection_key}"


def lease_state(record: Record | None, lease: Lease) -> LeaseState:
    """Returns what the record of the lease's slot says about the lease."""
    if record is None or record["connection_id"]["S"] != lease.connection_id:
        return LeaseState.LOST
    closing = record.get("closing")
    if closing is None:
        return LeaseState.HELD
    if closing.get("S") == LeaseState.MADE_ROOM:
        return LeaseState.MADE_ROOM
    return LeaseState.CLOSING
