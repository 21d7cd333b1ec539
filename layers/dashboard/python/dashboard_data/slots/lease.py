"""What is a lease of one stream slot, and what does a survey of all of them say? Pure."""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from dashboard_data.dynamodb import Key, Record, expired

PARTITION = "CONNECTIONS"
# Sort keys. Those that begin with an S are read together, when a slot is taken.
SLOT = "SLOT#"
SHARE = "SHARE#"
GONE = "GONE#"
SETTLED_S = 10  # the two records of one transaction may become visible one after the other

_CONNECTION_ID = re.compile(r"([0-9a-z]{1,3})-[A-Za-z0-9_-]{22}")
_CONNECTION_KEY = re.compile(r"[A-Za-z0-9_-]{22}")


class LeaseState(StrEnum):
    HELD = "held"
    CLOSING = "closing"  # the client has said that it left
    LOST = "lost"  # it expired, or the slot is another stream's by now


class Lease(NamedTuple):
    """`connection_id` is the slot, a hyphen, and a text that cannot be guessed."""

    connection_id: str
    client_id: str
    slot: int
    share: int

    @property
    def key(self) -> Key:
        """The record that a stream follows."""
        return slot_key(self.slot)

    @property
    def share_key(self) -> Key:
        return PARTITION, f"{SHARE}{self.client_id}#{self.share:04d}"


class SlotSurvey(NamedTuple):
    """One consistent read of the partition, as far as one client's next lease needs it.

    `own`: live leases of this client. `marks`: the shares of this client that have a mark, with the
    connection that holds it, or None while that mark counts.
    """

    taken_slots: frozenset[int]
    own: int
    marks: dict[int, str | None]


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
    if "closing" in record:
        return LeaseState.CLOSING
    return LeaseState.HELD


def survey(records: Iterable[Record], client_id: str, now_s: float) -> SlotSurvey:
    """Sums up the records of slots and shares for one client."""
    live: dict[str, Record] = {}
    marks: list[Record] = []
    for record in records:
        if record["SK"]["S"].startswith(SLOT):
            if not expired(record, now_s):
                live[record["connection_id"]["S"]] = record
        elif record["SK"]["S"].startswith(f"{SHARE}{client_id}#"):
            marks.append(record)
    return SlotSurvey(
        taken_slots=frozenset(_number(record) for record in live.values()),
        own=sum(record["client"]["S"] == client_id for record in live.values()),
        marks={_number(mark): _dead_holder(mark, live, now_s) for mark in marks},
    )


def _dead_holder(mark: Record, live: dict[str, Record], now_s: float) -> str | None:
    """Returns the holder of a mark that does not count any more.

    A mark counts while its lease lives. A taker names the dead holder that it replaces, so that
    only one taker can.
    """
    holder: str = mark["connection_id"]["S"]
    settling = float(mark["taken_at"]["N"]) > now_s - SETTLED_S
    if holder in live or settling:
        return None
    return holder


def _number(record: Record) -> int:
    return int(record["SK"]["S"].rpartition("#")[2])
