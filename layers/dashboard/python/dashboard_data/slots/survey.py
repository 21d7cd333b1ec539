"""Who holds slots and who waits for one, as one read of the table says it? Pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from dashboard_data.dynamodb import Record, expired
from dashboard_data.slots.lease import SLOT, WAIT

UNKNOWN = -1  # a number that no mark has
SETTLED_S = 10  # the records of one transaction may become visible one after the other


class Holder(NamedTuple):
    """A live lease, as its slot's record says it."""

    slot: int
    connection_id: str
    marks: tuple[str, ...]
    authenticated: bool
    closing: bool

    @property
    def group_id(self) -> str:
        return self.marks[-1].rpartition("#")[0]


class Waiting(NamedTuple):
    """A client that is waiting for a slot, since `since_s`; it asked last at `asked_at_s`.

    `waiter_id`: a network without tokens, or one client with a token (`authenticated`).
    """

    place: int
    waiter_id: str
    authenticated: bool
    since_s: float
    asked_at_s: float


class SlotSurvey(NamedTuple):
    """One consistent read of all slots and waiting places."""

    holders: tuple[Holder, ...]
    waiting: tuple[Waiting, ...]

    def numbers_of(self, share_id: str) -> set[int]:
        """Returns the numbers of this share that live leases hold."""
        marks = [mark.rpartition("#") for each in self.holders for mark in each.marks]
        return {int(number) for owner, _, number in marks if owner == share_id}

    def holds(self, connection_id: str) -> bool:
        return any(each.connection_id == connection_id for each in self.holders)


def survey(records: Iterable[Record], now_s: float) -> SlotSurvey:
    """Sums up the records of slots and waiting places; those that have expired say nothing."""
    holders = []
    waiting = []
    for record in records:
        sort_key: str = record["SK"]["S"]
        if expired(record, now_s):
            continue
        if sort_key.startswith(SLOT):
            holders.append(_holder(record))
        elif sort_key.startswith(WAIT):
            waiting.append(_waiting(record))
    return SlotSurvey(tuple(holders), tuple(waiting))


def is_settling(mark: Record, now_s: float) -> bool:
    """Whether a mark is so young that its slot may not be visible yet."""
    return float(mark["taken_at"]["N"]) > now_s - SETTLED_S


def _holder(record: Record) -> Holder:
    return Holder(
        slot=_number(record),
        connection_id=record["connection_id"]["S"],
        marks=_marks(record),
        authenticated=_truth(record, "authenticated"),
        closing="closing" in record,
    )


def _marks(record: Record) -> tuple[str, ...]:
    """Returns the marks of a lease.

    One of an older version, which may live on beside this one for some minutes, names its client
    instead. The number of its mark is not known: the mark's own record says that it is in use.
    """
    if "marks" not in record:
        return (f"{record['client']['S']}#{UNKNOWN}",)
    return tuple(each["S"] for each in record["marks"]["L"])


def _waiting(record: Record) -> Waiting:
    return Waiting(
        place=_number(record),
        waiter_id=record["client"]["S"],
        authenticated=_truth(record, "authenticated"),
        since_s=float(record["since"]["N"]),
        asked_at_s=float(record["asked_at"]["N"]),
    )


def _truth(record: Record, name: str) -> bool:
    value: Mapping[str, object] = record.get(name, {})
    return value.get("BOOL") is True


def _number(record: Record) -> int:
    return int(record["SK"]["S"].rpartition("#")[2])
