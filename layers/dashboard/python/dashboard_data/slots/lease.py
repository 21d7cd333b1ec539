"""What is a lease of one stream slot, by which lifeline does it live, and whose is it? Pure."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from dashboard_data.dynamodb import Key, Record

PARTITION = "CONNECTIONS"
# Sort keys. A survey reads those that begin with SLOT, in this order.
SLOTS = "SLOT"
SLOT = "SLOT#"
LIFE = "SLOTLIFE#"
TAKEN = "SLOTTAKEN#"
WAIT = "SLOTWAIT#"
SHARE = "SHARE#"
KEY = "KEY#"

_CONNECTION_ID = re.compile(r"([0-9a-z]{1,3})-[A-Za-z0-9_-]{22}")
_CONNECTION_KEY = re.compile(r"[A-Za-z0-9_-]{22}")


class LeaseState(StrEnum):
    HELD = "held"
    CLOSING = "closing"  # the client has said that it left
    MADE_ROOM = "made-room"  # it has to end, so that somebody else gets in
    LAPSED = "lapsed"  # its lifeline is gone; a renewal finds out whether it can live on
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


@dataclass(eq=False, slots=True)
class Lease:
    """`connection_id` is the slot, a hyphen, and a text that cannot be guessed.

    `marks`: one of each share that the stream takes, as `<id>#<number>`, the widest last.
    `lifeline`: the id of the record by which the lease lives. StreamSlots alone changes it.
    """

    connection_id: str
    client_id: str
    slot: int
    marks: tuple[str, ...]
    lifeline: str
    authenticated: bool = False

    @property
    def key(self) -> Key:
        """The record that a stream follows: one for all streams of its process."""
        return lifeline_key(self.lifeline)

    @property
    def slot_key(self) -> Key:
        return slot_key(self.slot)

    @property
    def mark_keys(self) -> tuple[Key, ...]:
        return tuple(mark_key(mark) for mark in self.marks)


def mark_of(share_id: str, number: int) -> str:
    return f"{share_id}#{number:04d}"


def mark_key(mark: str) -> Key:
    return PARTITION, f"{SHARE}{mark}"


def lifeline_key(lifeline: str) -> Key:
    return PARTITION, f"{LIFE}{lifeline}"


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


def connection_key_key(connection_key: str) -> Key:
    """The record of a key that a client has drawn: its slot, or that the client has left."""
    return PARTITION, f"{KEY}{connection_key}"


def lease_state(lifeline: Record | None, lease: Lease) -> LeaseState:
    """Returns what the record of its lifeline says about a lease."""
    if lifeline is None:
        return LeaseState.LAPSED
    if lease.connection_id in named_in(lifeline, "closing"):
        return LeaseState.CLOSING
    if lease.connection_id in named_in(lifeline, "made_room"):
        return LeaseState.MADE_ROOM
    return LeaseState.HELD


def named_in(lifeline: Record, field: str) -> list[str]:
    """Returns the connections that `closing` or `made_room` of a lifeline names."""
    names: list[str] = lifeline.get(field, {}).get("SS", [])
    return names
