"""Which leases does this process hold, and how does it keep them and give them back?

Theory of operation. All of them live by the process's lifeline. What may have been taken but could
not be given back is remembered, and given back later: the process lives on, so nobody else would.
"""

from collections.abc import Iterator
from threading import Lock

from dashboard_data.dynamodb import (
    CONDITION_FAILED,
    Action,
    Clock,
    Key,
    Record,
    Table,
    delete_action,
    number,
    text,
    texts,
    update_action,
)
from dashboard_data.retry import RETRIABLE, Backoff, attempt
from dashboard_data.slots.closing import asked_to_end
from dashboard_data.slots.index import TakenIndex
from dashboard_data.slots.lease import Lease, LeaseState, lease_state
from dashboard_data.slots.lifeline import Lifeline
from dashboard_data.slots.records import moment
from dashboard_data.slots.survey import SETTLED_S, Holder, SlotSurvey
from dashboard_data.times import HOUR_S

_OURS_OR_GONE = "attribute_not_exists(PK) OR connection_id = :id"


class Holdings:
    """The leases of this process. Threads share one.

    `quick_table` and `quick_backoff`: for open streams, which would rather fail than wait.
    """

    def __init__(
        self,
        table: Table,
        clock: Clock,
        backoff: Backoff,
        *,
        quick_table: Table,
        quick_backoff: Backoff,
        index: TakenIndex,
        lease_s: float,
    ) -> None:
        self.lifeline = Lifeline(quick_table, clock, quick_backoff, lease_s)
        self._table = table
        self._clock = clock
        self._backoff = backoff
        self._quick_table = quick_table
        self._index = index
        self._lock = Lock()
        self._own: dict[str, Lease] = {}  # by connection id
        self._unreleased: list[Lease] = []
        self._unchecked: set[str] = set()  # connections that have moved, and may have to end

    def leases(self) -> list[Lease]:
        with self._lock:
            return list(self._own.values())

    def slots(self) -> frozenset[int]:
        return frozenset([each.slot for each in self.leases()])

    def keep(self, lease: Lease) -> None:
        """Takes a lease into the holdings, which the table has given."""
        with self._lock:
            self._own[lease.connection_id] = lease
        self._index.note([lease.slot], taken=True)

    def doubt(self, lease: Lease) -> None:
        """Remembers a lease that may have been taken, though the answer was lost."""
        self._unreleased.append(lease)

    def notice(self, seen: SlotSurvey) -> None:
        """Takes note of slots that this process holds without knowing of them: they are given back.

        A transaction that timed out may have been done after all.
        """
        known = {each.connection_id for each in [*self.leases(), *self._unreleased]}
        before_s = self._clock() - SETTLED_S
        for each in seen.holders:
            is_own = each.lifeline is not None and each.lifeline == self.lifeline.id
            if is_own and each.taken_at_s < before_s and each.connection_id not in known:
                self._unreleased.append(_lease_of(each))

    def is_adrift(self, lease: Lease) -> bool:
        """Whether the lease has to move to another lifeline, or has just done so."""
        return lease.lifeline != self.lifeline.id or lease.connection_id in self._unchecked

    def renewal_is_due(self, lease: Lease) -> bool:
        return self.is_adrift(lease) or self.lifeline.is_due()

    def renew(self, lease: Lease) -> LeaseState | None:
        """Prolongs all leases, and returns the state of this one. Makes one call at most.

        None if that takes another call, or another thread is at it.
        """
        if lease.connection_id in self._unchecked:
            return self._checked(lease)
        if lease.lifeline == self.lifeline.id:
            living = frozenset([each.connection_id for each in self.leases()])
            record = self.lifeline.renew(living)
            return None if record is None else lease_state(record, lease)
        if self.lifeline.id is None or self.lifeline.is_due():
            self.lifeline.try_to_hold()
            return None
        return self._move(lease, self.lifeline.id)

    def release(self, lease: Lease) -> None:
        with self._lock:
            self._own.pop(lease.connection_id, None)
        self._unchecked.discard(lease.connection_id)
        try:
            for _ in self._release(lease):
                pass
        except BaseException:
            self._put_off(lease)
            raise

    def has_unreleased(self) -> bool:
        return bool(self._unreleased)

    def releases(self) -> Iterator[None]:
        """Tries once more what could not be given back, one call at a time."""
        for _ in range(len(self._unreleased)):
            try:
                lease = self._unreleased.pop(0)
            except IndexError:  # another thread has it
                return
            try:
                yield from self._release(lease)
            except BaseException:
                self._put_off(lease)
                raise

    def _move(self, lease: Lease, lifeline: str) -> LeaseState | None:
        """Moves a lease to this process's lifeline, unless somebody else has its slot or a mark.

        What its slot's record says about closing stays, and is read next.
        """
        before = lease.lifeline
        lease.lifeline = lifeline
        moved = False
        try:
            reasons = attempt(self._quick_table, self._moves(lease))
            moved = not reasons
        finally:
            if not moved:
                lease.lifeline = before  # it is tried again
        if moved:
            self._unchecked.add(lease.connection_id)
            self.keep(lease)
        return LeaseState.LOST if CONDITION_FAILED in reasons else None

    def _checked(self, lease: Lease) -> LeaseState:
        state = asked_to_end(self._quick_table.get(lease.slot_key))
        self._unchecked.discard(lease.connection_id)
        return state

    def _moves(self, lease: Lease) -> list[Action]:
        """Sets the fields of records that are still this lease's, or not there any more."""
        own = {":id": text(lease.connection_id)}
        return [
            update_action(
                at,
                "SET " + ", ".join(f"{name} = :{name}" for name in fields),
                condition=_OURS_OR_GONE,
                values=own | {f":{name}": value for name, value in fields.items()},
            )
            for at, fields in fields_of(lease, self._clock()).items()
        ]

    def _release(self, lease: Lease) -> Iterator[None]:
        """Deletes what is this lease's still, one call at a time.

        The index goes first: it may say free too early, but not too late.
        """
        self._index.note([lease.slot], taken=False)
        self._index.write()
        yield
        records = (lease.slot_key, *lease.mark_keys)
        id = {":id": text(lease.connection_id)}
        deletions = [delete_action(at, condition=_OURS_OR_GONE, values=id) for at in records]
        reasons: frozenset[str] = frozenset()
        for _ in self._backoff.tries():
            reasons = attempt(self._table, deletions)
            if RETRIABLE.isdisjoint(reasons):
                break
        if CONDITION_FAILED in reasons:
            for at in records:  # another has some of them
                yield
                deleted = self._table.delete(at, condition=_OURS_OR_GONE, values=id)
                if at == lease.slot_key and not deleted:
                    self._index.note([lease.slot], taken=True)
            self._index.write()
        elif reasons:
            self._put_off(lease)

    def _put_off(self, lease: Lease) -> None:
        """Remembers a lease that could not be given back. Its slot may be taken still."""
        self._unreleased.append(lease)
        self._index.note([lease.slot], taken=True)


def _lease_of(holder: Holder) -> Lease:
    """Returns what is needed to give a slot back."""
    return Lease(
        connection_id=holder.connection_id,
        client_id="",
        slot=holder.slot,
        marks=holder.marks,
        lifeline=holder.lifeline or "",
    )


def fields_of(lease: Lease, now_s: float) -> dict[Key, Record]:
    """Returns what the records of the slot and of the marks say, the slot's first. Pure."""
    record: Record = {
        "connection_id": text(lease.connection_id),
        "lifeline": text(lease.lifeline),
        "taken_at": number(now_s),
        "expires_at": moment(now_s + HOUR_S),  # no stream lives that long
    }
    slot = record | {"marks": texts(lease.marks)}
    if lease.authenticated:
        slot["authenticated"] = {"BOOL": True}
    return {lease.slot_key: slot} | dict.fromkeys(lease.mark_keys, record)
