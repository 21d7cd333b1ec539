"""Who holds slots and who waits for one, as one read of the table says it? Pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from dashboard_data.dynamodb import Record, expired
from dashboard_data.slots.index import Taken, taken_of
from dashboard_data.slots.lease import LIFE, SLOT, TAKEN, WAIT
from dashboard_data.slots.records import number_at_end

UNKNOWN = -1  # a number that no mark has
SETTLED_S = 10  # the records of one transaction may become visible one after the other
# After an outage of the table all lifelines have expired. So long their processes have to renew
# them, before anybody else may delete them.
GRACE_S = 3


class Holder(NamedTuple):
    """A lease, as its slot's record says it.

    `lifeline`: None for one of an older version, which may live on beside this one for some
    minutes and has a time of its own.
    """

    slot: int
    connection_id: str
    marks: tuple[str, ...]
    authenticated: bool
    closing: bool
    lifeline: str | None = None
    taken_at_s: float = 0.0

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
    """One consistent read of all slots, lifelines and waiting places.

    `dead`: leases whose process is gone. `lapsed`: ids of lifelines that have expired. `indexed`:
    what the index says.
    """

    holders: tuple[Holder, ...]
    waiting: tuple[Waiting, ...]
    dead: tuple[Holder, ...] = ()
    lapsed: tuple[str, ...] = ()
    indexed: Taken = Taken(frozenset())

    def numbers_of(self, share_id: str) -> set[int]:
        """Returns the numbers of this share that live leases hold."""
        marks = [mark.rpartition("#") for each in self.holders for mark in each.marks]
        return {int(number) for owner, _, number in marks if owner == share_id}


def survey(records: Iterable[Record], now_s: float) -> SlotSurvey:
    """Sums up the records of slots, lifelines, index and waiting places."""
    by_kind: dict[str, list[Record]] = {SLOT: [], LIFE: [], TAKEN: [], WAIT: []}
    for record in records:
        kind = record["SK"]["S"].partition("#")[0] + "#"
        if kind in by_kind:
            by_kind[kind].append(record)
    lapsed = {_id_of(each) for each in by_kind[LIFE] if has_lapsed(each, now_s)}
    living = {_id_of(each) for each in by_kind[LIFE]} - lapsed
    holders: list[Holder] = []
    dead: list[Holder] = []
    for record in by_kind[SLOT]:
        holder = _holder(record)
        (holders if _lives(record, holder, living, now_s) else dead).append(holder)
    waiting = [_waiting(each) for each in by_kind[WAIT] if not expired(each, now_s)]
    return SlotSurvey(
        tuple(holders), tuple(waiting), tuple(dead), tuple(lapsed), taken_of(by_kind[TAKEN])
    )


def has_lapsed(lifeline: Record, now_s: float) -> bool:
    return expired(lifeline, now_s - GRACE_S)


def _lives(record: Record, holder: Holder, living: set[str], now_s: float) -> bool:
    if holder.lifeline is None:
        return not expired(record, now_s)
    # A lifeline is older than its slots. But an ordinary read may miss a new one all the same.
    return holder.lifeline in living or holder.taken_at_s > now_s - SETTLED_S


def _holder(record: Record) -> Holder:
    return Holder(
        slot=number_at_end(record),
        connection_id=record["connection_id"]["S"],
        marks=_marks(record),
        authenticated=_truth(record, "authenticated"),
        closing="closing" in record,
        lifeline=record["lifeline"]["S"] if "lifeline" in record else None,
        taken_at_s=float(record["taken_at"]["N"]) if "taken_at" in record else 0.0,
    )


def _marks(record: Record) -> tuple[str, ...]:
    """Returns the marks of a lease.

    One of an even older version names its client instead. The number of its mark is not known: the
    mark's own record says that it is in use.
    """
    if "marks" not in record:
        return (f"{record['client']['S']}#{UNKNOWN}",)
    return tuple(each["S"] for each in record["marks"]["L"])


def _waiting(record: Record) -> Waiting:
    return Waiting(
        place=number_at_end(record),
        waiter_id=record["client"]["S"],
        authenticated=_truth(record, "authenticated"),
        since_s=float(record["since"]["N"]),
        asked_at_s=float(record["asked_at"]["N"]),
    )


def _id_of(lifeline: Record) -> str:
    return str(lifeline["SK"]["S"].removeprefix(LIFE))


def _truth(record: Record, name: str) -> bool:
    value: Mapping[str, object] = record.get(name, {})
    return value.get("BOOL") is True
