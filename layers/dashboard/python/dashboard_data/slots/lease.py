"""What is a lease of one connection slot, and what does a look at all of them say? Pure."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from dashboard_data.dynamodb import Record, expired
from dashboard_data.records import Key

PARTITION = "CONNECTIONS"
SLOT = "SLOT#"
SHARE = "SHARE#"
GONE = "GONE#"  # not read with the others, which begin with an S
SETTLED_S = 10  # the two records of one transaction may become visible one after the other

# What has become of a lease.
HELD = "held"
CLOSING = "closing"
LOST = "lost"

_CONNECTION_ID = re.compile(r"([0-9a-z]{1,3})-[A-Za-z0-9_-]{22}")
_CONNECTION_KEY = re.compile(r"[A-Za-z0-9_-]{22}")


class Lease(NamedTuple):
    connection_id: str  # the slot, a hyphen, and what nobody can guess
    client: str
    slot: int
    share_slot: int

    @property
    def key(self) -> Key:
        """What a watch follows."""
        return slot_key(self.slot)

    @property
    def share_key(self) -> Key:
        return PARTITION, f"{SHARE}{self.client}#{self.share_slot:04d}"


class Look(NamedTuple):
    """The partition as one consistent read shows it, as far as one client's next lease needs it."""

    taken_slots: frozenset[int]
    own: int  # live leases of this client
    marks: dict[int, str | None]  # share slots of this client with a mark: whose, and None while it counts


def slot_key(slot: int) -> Key:
    return PARTITION, f"{SLOT}{slot:04d}"


def slot_of(connection_id: str) -> int | None:
    """The slot that an id of ours begins with, None for any other text."""
    match = _CONNECTION_ID.fullmatch(connection_id)
    return int(match[1], 36) if match else None


def is_connection_key(value: str | None) -> bool:
    """Could this be the random part of a connection's id, drawn by the client itself?"""
    return value is not None and _CONNECTION_KEY.fullmatch(value) is not None


def gone_key(connection_key: str) -> Key:
    """Where it says that a client has left, perhaps before its stream had a lease."""
    return PARTITION, f"{GONE}{connection_key}"


def lease_state(record: Record | None, lease: Lease) -> str:
    """HELD, CLOSING once the client has said that it left, or LOST."""
    if record is None or record["connection_id"]["S"] != lease.connection_id:
        return LOST
    return CLOSING if "closing" in record else HELD


def look(records: Iterable[Record], client: str, now: float) -> Look:
    live: dict[str, Record] = {}
    marks: list[Record] = []
    for record in records:
        if record["SK"]["S"].startswith(SLOT):
            if not expired(record, now):
                live[record["connection_id"]["S"]] = record
        elif record["SK"]["S"].startswith(f"{SHARE}{client}#"):
            marks.append(record)
    return Look(
        taken_slots=frozenset(_number(record) for record in live.values()),
        own=sum(record["client"]["S"] == client for record in live.values()),
        marks={_number(mark): _dead_holder(mark, live, now) for mark in marks},
    )


def _dead_holder(mark: Record, live: dict[str, Record], now: float) -> str | None:
    """A mark counts while its lease lives. Whoever takes the place of a dead one names it, so that only one can."""
    holder = mark["connection_id"]["S"]
    counts = holder in live or float(mark["taken_at"]["N"]) > now - SETTLED_S
    return None if counts else holder


def _number(record: Record) -> int:
    return int(record["SK"]["S"].rpartition("#")[2])
