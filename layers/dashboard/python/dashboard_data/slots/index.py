"""Which slots are taken, in one small read?

Theory of operation. The slots' own records decide who has one. The index only says in few bytes
what they say: a set of numbers for each BLOCK of slots.

- Whoever has taken a slot adds its number, and whoever has given one back removes it. Both are
  single writes that cannot collide, and doing one twice is the same as doing it once.
- If a process dies between the two writes, the index is wrong by one. So it is compared with the
  records by each survey (surveying.py), and corrected.
- It errs on no side that matters: a slot that seems free cannot be taken if it is not, and one that
  seems taken is found by the survey that comes before anybody is refused.
- Threads of a process that note something at the same time share a write.

The first block also says when slots were surveyed last, and until when somebody waits for one.
"""

from collections.abc import Iterable
from threading import Lock
from typing import NamedTuple

from dashboard_data.dynamodb import Clock, Key, Record, Table, number, number_set
from dashboard_data.slots.lease import PARTITION, TAKEN
from dashboard_data.slots.records import moment, records_of

BLOCK = 250  # slots whose numbers make less than 1 KB: one write unit
NEVER_S = float("-inf")


class Taken(NamedTuple):
    """All that the index says. Times in epoch seconds."""

    slots: frozenset[int]
    surveyed_at_s: float = NEVER_S
    waiting_until_s: float = NEVER_S


def block_key(block: int) -> Key:
    return PARTITION, f"{TAKEN}{block:04d}"


def taken_of(records: Iterable[Record]) -> Taken:
    """Sums up the records of the index. Pure."""
    slots: set[int] = set()
    times: Record = {}
    for record in records:
        slots.update(map(int, record.get("slots", {}).get("NS", ())))
        times |= {name: record[name] for name in ("surveyed_at", "waiting_until") if name in record}
    return Taken(
        frozenset(slots),
        float(times.get("surveyed_at", {}).get("N", NEVER_S)),
        float(times.get("waiting_until", {}).get("N", NEVER_S)),
    )


class TakenIndex:
    """The index in the table. Threads share one."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._lock = Lock()
        self._pending: dict[int, bool] = {}  # slots, and whether they are taken
        self._writing = Lock()

    def read(self, table: Table) -> Taken:
        """Returns what the index in `table` says, with what this process has yet to write there."""
        taken = taken_of(records_of(table, TAKEN))
        with self._lock:
            pending = dict(self._pending)
        added = {slot for slot, is_taken in pending.items() if is_taken}
        return taken._replace(slots=(taken.slots - pending.keys()) | added)

    def note(self, slots: Iterable[int], *, taken: bool) -> None:
        """Remembers that these slots are taken, or are not, until `write` has written it."""
        with self._lock:
            self._pending |= dict.fromkeys(slots, taken)

    def has_pending(self) -> bool:
        return bool(self._pending)

    def write(self) -> None:
        """Writes what there is to write, after what others write. If it fails it is tried later."""
        try:
            with self._writing:
                while self._write_one():
                    pass
        except Exception:
            return  # the streams are not the worse for it

    def write_next(self) -> bool:
        """Makes one write. Returns whether there is more, and no other thread is writing it."""
        if not self._writing.acquire(blocking=False):
            return False
        try:
            return self._write_one()
        finally:
            self._writing.release()

    def _write_one(self) -> bool:
        with self._lock:
            if not self._pending:
                return False
            slots = self._next_slots()
        try:
            self._write(slots)
        except BaseException:
            with self._lock:
                self._pending = slots | self._pending  # those noted since are newer
            raise
        return bool(self._pending)

    def claim_survey(self, taken: Taken) -> bool:
        """Says that a survey begins now. Returns False if another process has said so since."""
        now_s = self._clock()
        values: Record = {":now": number(now_s)}
        condition = "attribute_not_exists(surveyed_at)"
        if taken.surveyed_at_s > NEVER_S:
            condition = "surveyed_at = :before"
            values[":before"] = number(taken.surveyed_at_s)
        claimed = self._table.update(
            block_key(0), "SET surveyed_at = :now", condition=condition, values=values
        )
        return claimed is not None

    def forget_waiting(self, taken: Taken) -> None:
        """Tells all that nobody waits any more, unless somebody has begun to since `taken`."""
        if self._clock() >= taken.waiting_until_s:
            return
        self._table.update(
            block_key(0),
            "REMOVE waiting_until",
            condition="waiting_until = :seen",
            values={":seen": moment(taken.waiting_until_s)},
        )

    def note_waiting(self, until_s: float) -> None:
        """Tells all who look for a slot that others wait for one."""
        self._table.update(
            block_key(0), "SET waiting_until = :until", values={":until": moment(until_s)}
        )

    def _next_slots(self) -> dict[int, bool]:
        """Takes those that one write can write: of one block, and all taken or all free."""
        first, taken = next(iter(self._pending.items()))
        together = {
            slot: noted
            for slot, noted in self._pending.items()
            if noted == taken and slot // BLOCK == first // BLOCK
        }
        for slot in together:
            del self._pending[slot]
        return together

    def _write(self, slots: dict[int, bool]) -> None:
        first, taken = next(iter(slots.items()))
        verb = "ADD" if taken else "DELETE"
        numbers: Record = {":numbers": number_set(slots)}
        self._table.update(block_key(first // BLOCK), f"{verb} slots :numbers", values=numbers)
