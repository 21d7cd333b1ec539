"""What is left of processes that died, and who has which slot? Reads all slots, and tidies up.

Theory of operation. A survey reads the records of all slots with one Query. That costs more with
every stream, so it is made seldom: once in a third of a lease (15 s) in the whole system, by
whoever counts streams then, and when a client would have to be refused. While all streams that the
index knows are of one process, there is nothing to find but an error of the index: then most
surveys are only claimed, so that others see that somebody looks.

It deletes what dead processes have left, in this order: the lifeline, on condition that it has
expired, and then each slot with its marks, on condition that they are still of that lifeline. A
process that comes back finds its lifeline gone, and moves what is left of its leases to a new one.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from threading import Lock

from dashboard_data.dynamodb import Action, Clock, Table, delete_action, number, text
from dashboard_data.retry import RETRIABLE
from dashboard_data.slots.index import Taken, TakenIndex
from dashboard_data.slots.lease import SLOTS, lifeline_key, mark_key, slot_key
from dashboard_data.slots.records import records_of
from dashboard_data.slots.survey import GRACE_S, UNKNOWN, Holder, SlotSurvey, survey

EVERY = 1 / 3  # fraction of a lease
EVERY_ALONE = 4 / 3
LEASES_AT_ONCE = 24  # in one transaction, which may have 100 actions
LIFELINES_AT_ONCE = 100

_GONE = "attribute_not_exists(PK)"  # another process was faster
_OURS_OR_GONE = f"{_GONE} OR connection_id = :id"


Steps = Generator[None, None, SlotSurvey]  # each step makes one call of the table


class Surveyor:
    """Surveys the slots in the table. Threads share one.

    `tidies`: may delete. Without it, it only looks. `noticed` is told what each survey saw.
    """

    def __init__(
        self,
        table: Table,
        clock: Clock,
        index: TakenIndex,
        *,
        lease_s: float,
        tidies: bool,
        noticed: Callable[[SlotSurvey], None],
    ) -> None:
        self._lease_s = lease_s
        self._surveyed_at_s = float("-inf")
        self._table = table
        self._clock = clock
        self._index = index
        self._tidies = tidies
        self._noticed = noticed
        self._surveying = Lock()
        self._begun = 0
        self._last: tuple[int, SlotSurvey] | None = None  # its number, and what it saw

    def is_due(self, taken: Taken) -> bool:
        """Whether it is time for a survey, as the index says."""
        every_s = EVERY * self._lease_s
        if not self._tidies:
            every_s *= 2  # nobody else has looked
        return abs(self._clock() - taken.surveyed_at_s) >= every_s

    def claim(self, taken: Taken, own: frozenset[int]) -> bool:
        """Returns whether the survey that is due is this process's to make.

        `own`: the slots of this process.
        """
        if not self._tidies:
            return True
        is_ours = self._index.claim_survey(taken)
        looked_s_ago = abs(self._clock() - self._surveyed_at_s)
        is_pointless = taken.slots <= own and looked_s_ago < EVERY_ALONE * self._lease_s
        return is_ours and not is_pointless

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
        self._surveyed_at_s = self._clock()
        if self._tidies:
            self._noticed(seen)
            yield from self._tidy(seen)
            yield from self._correct_index(seen)
        return seen

    def _tidy(self, seen: SlotSurvey) -> Generator[None, None, None]:
        revived: set[str] = set()
        for start in range(0, len(seen.lapsed), LIFELINES_AT_ONCE):
            lapsed = seen.lapsed[start : start + LIFELINES_AT_ONCE]
            revived |= yield from self._delete_lifelines(lapsed)
        dead = [each for each in seen.dead if each.lifeline not in revived]
        for start in range(0, len(dead), LEASES_AT_ONCE):
            yield from self._delete(dead[start : start + LEASES_AT_ONCE])

    def _delete_lifelines(self, lapsed: Sequence[str]) -> Generator[None, None, set[str]]:
        """Deletes these, unless they were renewed. Returns those of which that is not known."""
        left = list(lapsed)
        before = {":limit": number(self._clock() - GRACE_S)}
        condition = f"{_GONE} OR expires_at <= :limit"
        while left:
            yield
            cancelled = self._table.transact(
                [
                    delete_action(lifeline_key(each), condition=condition, values=before)
                    for each in left
                ]
            )
            if cancelled is None:
                break
            kept = [
                each for each, code in zip(left, cancelled.codes, strict=False) if code == "None"
            ]
            if len(kept) == len(left):
                return set(lapsed)
            left = kept
        return set(lapsed) - set(left)

    def _delete(self, dead: Sequence[Holder]) -> Generator[None, None, None]:
        """Deletes these leases. Those that have changed live, or the next survey finds them."""
        while dead:
            yield
            deletions = self._distinct_deletions(dead)
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

    def _distinct_deletions(self, dead: Sequence[Holder]) -> list[tuple[Holder, Action]]:
        """Returns the deletions, of each record one: DynamoDB takes no two in a transaction."""
        by_key: dict[str, tuple[Holder, Action]] = {}
        for each in dead:
            for action in self._deletions(each):
                by_key.setdefault(action["Delete"]["Key"]["SK"]["S"], (each, action))
        return list(by_key.values())

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
        dead = {each.slot for each in seen.dead}
        differing = (held ^ seen.indexed.slots) - dead
        if differing:  # or taken, or given back, while the survey was made
            yield
            there = self._table.get_many([slot_key(each) for each in differing], consistent=True)
            taken = {each for each in differing if slot_key(each) in there}
            self._index.note(taken - seen.indexed.slots, taken=True)
            self._index.note((differing - taken) & seen.indexed.slots, taken=False)
        while self._index.has_pending():
            yield
            if not self._index.write_next():
                return
