"""What is left of processes that died, and who has which slot? Reads all slots, and tidies up.

Theory of operation. A survey reads the records of all slots with one Query. That costs more with
every stream, so it is made seldom: once in EVERY_S seconds in the whole system, by whoever counts
streams then, and when a client would have to be refused.

It deletes what dead processes have left, in this order: the lifeline, on condition that it has
expired, and then each slot with its marks, on condition that they are still of that lifeline. A
process that comes back finds its lifeline gone, and moves what is left of its leases to a new one.
"""

from collections.abc import Generator, Iterator, Sequence
from threading import Lock

from dashboard_data.dynamodb import Action, Clock, Table, delete_action, number, text
from dashboard_data.retry import RETRIABLE
from dashboard_data.slots.index import Taken, TakenIndex
from dashboard_data.slots.lease import SLOTS, lifeline_key, mark_key, slot_key
from dashboard_data.slots.records import records_of
from dashboard_data.slots.survey import GRACE_S, UNKNOWN, Holder, SlotSurvey, survey

EVERY_S = 15
# While the only streams are this process's own, there is nothing to find but an error of the index.
EVERY_S_ALONE = 60
LEASES_AT_ONCE = 24  # in one transaction, which may have 100 actions

_GONE = "attribute_not_exists(PK)"  # another process was faster
_OURS_OR_GONE = f"{_GONE} OR connection_id = :id"


Steps = Generator[None, None, SlotSurvey]  # each step makes one call of the table


class Surveyor:
    """Surveys the slots in the table. Threads share one.

    `tidies`: may delete. Without it, it only looks.
    """

    def __init__(self, table: Table, clock: Clock, index: TakenIndex, *, tidies: bool) -> None:
        self._table = table
        self._clock = clock
        self._index = index
        self._tidies = tidies
        self._surveying = Lock()
        self._begun = 0
        self._last: tuple[int, SlotSurvey] | None = None  # its number, and what it saw

    def is_due(self, taken: Taken, own: frozenset[int]) -> bool:
        """Whether it is time for a survey, as the index says. `own`: this process's slots."""
        every_s = EVERY_S_ALONE if taken.slots <= own else EVERY_S
        if not self._tidies:
            every_s = 2 * EVERY_S  # nobody else has made one
        return abs(self._clock() - taken.surveyed_at_s) >= every_s

    def claim(self, taken: Taken) -> bool:
        """Returns whether the survey that is due is this process's to make."""
        return not self._tidies or self._index.claim_survey(taken)

    def survey(self) -> SlotSurvey:
        """Returns who has a slot now, after what dead processes left was deleted.

        Threads that ask while a survey is under way wait for it, and share the next one: it begins
        after they have asked.
        """
        asked_after = self._begun
        with self._surveying:
            if self._last is None or self._last[0] <= asked_after:
                self._begun += 1
                self._last = (self._begun, self._surveyed())
            return self._last[1]

    def _surveyed(self) -> SlotSurvey:
        steps = self.steps()
        while True:
            try:
                next(steps)
            except StopIteration as end:
                seen: SlotSurvey = end.value
                return seen

    def steps(self) -> Steps:
        """Makes a survey, one call at a time."""
        seen = survey(records_of(self._table, SLOTS), self._clock())
        if self._tidies:
            yield from self._tidy(seen)
            yield from self._correct_index(seen)
        return seen

    def _tidy(self, seen: SlotSurvey) -> Generator[None, None, None]:
        revived = set()
        for lifeline in seen.lapsed:
            yield
            before = {":limit": number(self._clock() - GRACE_S)}
            condition = "attribute_not_exists(PK) OR expires_at <= :limit"
            at = lifeline_key(lifeline)
            if not self._table.delete(at, condition=condition, values=before):
                revived.add(lifeline)
        dead = [each for each in seen.dead if each.lifeline not in revived]
        for start in range(0, len(dead), LEASES_AT_ONCE):
            yield from self._delete(dead[start : start + LEASES_AT_ONCE])

    def _delete(self, dead: Sequence[Holder]) -> Generator[None, None, None]:
        """Deletes these leases. Those that have changed live, or the next survey finds them."""
        while dead:
            yield
            deletions = [(each, action) for each in dead for action in self._deletions(each)]
            cancelled = self._table.transact([action for _, action in deletions])
            if cancelled is None:
                self._index.note([each.slot for each in dead], taken=False)
                return
            if not RETRIABLE.isdisjoint(cancelled.reasons):
                return
            changed = {
                each.connection_id
                for (each, _), code in zip(deletions, cancelled.codes, strict=False)
                if code != "None"
            }
            if not changed:
                return
            dead = [each for each in dead if each.connection_id not in changed]

    def _deletions(self, dead: Holder) -> Iterator[Action]:
        id = {":id": text(dead.connection_id)}
        if dead.lifeline is None:
            condition = f"{_GONE} OR (connection_id = :id AND expires_at <= :now)"
            values = id | {":now": number(self._clock())}
        else:
            condition = f"{_GONE} OR (connection_id = :id AND lifeline = :lifeline)"
            values = id | {":lifeline": text(dead.lifeline)}
        yield delete_action(slot_key(dead.slot), condition=condition, values=values)
        for mark in dead.marks:
            if not mark.endswith(f"#{UNKNOWN}"):
                yield delete_action(mark_key(mark), condition=_OURS_OR_GONE, values=id)

    def _correct_index(self, seen: SlotSurvey) -> Generator[None, None, None]:
        held = {each.slot for each in seen.holders}
        self._index.note(held - seen.indexed.slots, taken=True)
        stale = seen.indexed.slots - held - {each.slot for each in seen.dead}
        if stale:  # or taken while the survey was made
            yield
            there = self._table.get_many([slot_key(each) for each in stale], consistent=True)
            gone = [each for each in stale if slot_key(each) not in there]
            self._index.note(gone, taken=False)
        while self._index.has_pending():
            yield
            if not self._index.write_next():
                return
