"""Which slot and which marks does a stream try to take next? What it has learned from each try."""

from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence

from dashboard_data.dynamodb import CONDITION_FAILED, Clock, Table, expired
from dashboard_data.retry import Backoff
from dashboard_data.slots.lease import SHARE, Client, Lease, mark_of
from dashboard_data.slots.making_room import any_of
from dashboard_data.slots.records import number_at_end, records_of
from dashboard_data.slots.survey import Waiting
from dashboard_data.times import base36

MOST_COLLISIONS = 3  # with slots that the index calls free, before the slots themselves are read
DRAWN = 4  # free slots, of which the one with the most room around it is tried
MANY = 200  # free slots; among fewer, takers at the same moment would all see the same room
MOST_ROOM = 50  # slots; more makes no difference


class Search:
    """One stream's search for a slot. `shares`: the most streams of each of its shares.

    Slots and marks are drawn at random, so that takers at the same moment do not collide. Only when
    a mark turns out to be in use are the marks of its share read.

    When many are free, a few slots are drawn, and the one farthest from those that are taken is
    tried. So streams lie evenly among all slots: their reconnection times go by their slots
    (stream_function/life.py).
    """

    def __init__(
        self, table: Table, clock: Clock, backoff: Backoff, shares: dict[str, int]
    ) -> None:
        self.place: Waiting | None = None  # the client's own, which it gives up
        self._table = table
        self._clock = clock
        self._backoff = backoff
        self._shares = shares
        self._free: list[int] = []
        self._collided: set[int] = set()
        self._barred: set[int] = set()
        self._used: dict[str, set[int]] = {}  # the numbers of a share, once they were read
        self._has_surveyed = False

    def sees(self, free: set[int]) -> bool:
        """Takes note of the slots that seem free. Returns whether that helps.

        It does not if there is none to try, or if the index was wrong too often.
        """
        free -= self._barred
        self._free = sorted(free - self._collided) or sorted(free)
        return not free <= self._collided and len(self._collided) < MOST_COLLISIONS

    def bar(self, slot: int) -> None:
        """Never tries this slot again: whether this search has taken it already is not known."""
        self._barred.add(slot)

    def is_exhausted(self) -> bool:
        return not self._free

    def draw_marks(self, own: Collection[Lease]) -> tuple[str, ...] | None:
        """Draws a mark of each share; None if one of the shares is used up.

        `own`: the leases of this process, whose marks are known.
        """
        marks = []
        for share_id, most in self._shares.items():
            used = {
                int(mark.rpartition("#")[2])
                for lease in own
                for mark in lease.marks
                if mark.startswith(f"{share_id}#")
            }
            used |= self._used.get(share_id, set())
            free = [each for each in range(most) if each not in used]
            if not free or len(used) >= most:
                return None
            marks.append(mark_of(share_id, any_of(self._backoff, free)))
        return tuple(marks)

    def may_survey_again(self) -> bool:
        """Whether a survey may still find that marks are of dead processes. Once."""
        if self._has_surveyed or not self._used:
            return False
        self._has_surveyed = True
        self._used.clear()
        return True

    def lease(
        self, client: Client, marks: tuple[str, ...], lifeline: str, unguessable: str
    ) -> Lease:
        slot = choose_slot(self._free, lambda: any_of(self._backoff, self._free))
        return Lease(
            connection_id=f"{base36(slot)}-{unguessable}",
            client_id=client.client_id,
            slot=slot,
            marks=marks,
            lifeline=lifeline,
            authenticated=client.authenticated,
        )

    def key_failed(self, codes: Sequence[str]) -> bool:
        """Whether the record of the client's key was in the way. It comes after the marks."""
        at = 1 + len(self._shares)
        return len(codes) > at and codes[at] == CONDITION_FAILED

    def learn(self, lease: Lease, codes: Sequence[str]) -> None:
        """Remembers what was in the way of this lease."""
        if codes[0] == CONDITION_FAILED:
            self._collided.add(lease.slot)
        for share_id, code in zip(self._shares, codes[1:], strict=False):
            if code == CONDITION_FAILED:
                self._used[share_id] = self._numbers_in_use(share_id)

    def _numbers_in_use(self, share_id: str) -> set[int]:
        now_s = self._clock()
        records = records_of(self._table, f"{SHARE}{share_id}#")
        return {number_at_end(each) for each in records if not expired(each, now_s)}


def choose_slot(free: Sequence[int], draw: Callable[[], int]) -> int:
    """Returns one of the free slots, drawn at random with `draw`. `free` is sorted."""
    draws = DRAWN if len(free) >= MANY else 1
    return roomiest([draw() for _ in range(draws)], free)


def roomiest(drawn: Sequence[int], free: Sequence[int]) -> int:
    """Returns the first of the drawn slots that has the most free slots beside it. Pure.

    `free` is sorted. The first and the last slot have nothing beside them that is taken.
    """

    def room(slot: int) -> int:
        at = bisect_left(free, slot)
        for reach in range(1, MOST_ROOM):
            below, above = at - reach, at + reach
            if below >= 0 and free[below] != slot - reach:
                return reach
            if above < len(free) and free[above] != slot + reach:
                return reach
        return MOST_ROOM

    return max(drawn, key=room)
