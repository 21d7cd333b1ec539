"""Whom are free slots for, who may wait for one, and whose stream makes room? Pure.

Theory of operation. While slots are free, everybody gets one. When all are taken, somebody else's
stream may have to end, and these rules say when. Fairness goes by groups: wider networks.

- The fair share is the limit divided by the groups that hold a slot, wait for one, or ask just now.
- A group below it may wait. When it comes back after WAIT_S and there is still no slot, one stream
  of the group with the most streams makes room, if that group has more than its fair share.
- A client with a token does not wait that long, while fewer than `reserved` of those who hold a
  slot have one: a stream without a token makes room at once, one of the largest group.
- A slot that comes free is for those who wait: first for clients with a token, then for those below
  their fair share. All others find no slot.
- No more streams make room than clients are waiting.

So if there is one group, or nobody has more than a fair share, no stream ever makes room.
"""

from collections import Counter
from dataclasses import dataclass
from math import ceil

from dashboard_data.slots.lease import Client
from dashboard_data.slots.survey import Holder, SlotSurvey, Waiting

PLACES = 10  # in which clients without a token wait; as many again are for clients with one
WAIT_S = 15
SOONEST_RETRY_S = 3


@dataclass(frozen=True, slots=True)
class Room:
    """A survey, as one client sees it.

    `limit`: slots there are; `reserved`: how many of them clients with a token may claim.
    """

    seen: SlotSurvey
    client: Client
    limit: int
    reserved: int

    def open_slots(self) -> list[int]:
        """Returns the slots that this client may take: none if they are for others who wait."""
        taken = {each.slot for each in self.seen.holders}
        free = [slot for slot in range(self.limit) if slot not in taken]
        most = self.limit - len(taken) - len(self._ahead())
        return free if most > 0 else []

    def may_wait(self) -> bool:
        return self._claims_reserve() or self._is_below_fair_share(self.client.group_id)

    def own_place(self) -> Waiting | None:
        for each in self.seen.waiting:
            if (each.waiter_id, each.authenticated) == (self.waiter_id, self._claims_reserve()):
                return each
        return None

    def free_places(self) -> list[int]:
        first = PLACES if self._claims_reserve() else 0
        taken = {each.place for each in self.seen.waiting}
        return [place for place in range(first, first + PLACES) if place not in taken]

    @property
    def waiter_id(self) -> str:
        return self.client.client_id if self._claims_reserve() else self.client.group_id

    @property
    def is_served_at_once(self) -> bool:
        """Whether room is made at once, for a client with a token."""
        return self._claims_reserve()

    def may_wait_inside(self, now_s: float, longest_s: float) -> bool:
        """Whether the request may wait for the room, unless another one of this client does.

        `longest_s`: how long a request waits. So those who wait are never more than the places.
        """
        own = self.own_place()
        another_waits = own is not None and now_s - own.asked_at_s < longest_s
        return self._claims_reserve() and not another_waits

    def who_makes_room(self, waiting_since_s: float, now_s: float) -> list[Holder]:
        """Returns the streams of which one has to end now: none if it is too early for that."""
        others = [each for each in self.seen.waiting if each != self.own_place()]
        ending = sum(each.closing for each in self.seen.holders)
        free = self.limit - len(self.seen.holders)
        if ending + free > len(others):
            return []
        staying = [each for each in self.seen.holders if not each.closing]
        sizes = Counter(each.group_id for each in staying)
        if self._claims_reserve():
            candidates = [each for each in staying if not each.authenticated]
        elif now_s - waiting_since_s >= WAIT_S:
            candidates = [each for each in staying if sizes[each.group_id] > self._fair_share()]
        else:
            candidates = []
        largest = max((sizes[each.group_id] for each in candidates), default=0)
        return [each for each in candidates if sizes[each.group_id] == largest]

    def retry_after_s(self, waiting_since_s: float, now_s: float) -> int:
        """Returns when to come back, in seconds: as soon as there may be room."""
        if self._claims_reserve():
            return SOONEST_RETRY_S
        return max(SOONEST_RETRY_S, ceil(waiting_since_s + WAIT_S - now_s))

    def _ahead(self) -> list[Waiting]:
        """Returns the waiting clients that get a free slot before this one."""
        if self._claims_reserve():
            return []
        own_id = self.client.group_id
        if self._is_below_fair_share(own_id):
            return [each for each in self.seen.waiting if each.authenticated]
        return [each for each in self.seen.waiting if each.waiter_id != own_id]

    def _claims_reserve(self) -> bool:
        if not self.client.authenticated:
            return False
        return sum(each.authenticated for each in self.seen.holders) < self.reserved

    def _is_below_fair_share(self, group_id: str) -> bool:
        return self._sizes()[group_id] < self._fair_share()

    def _fair_share(self) -> int:
        waiting = {each.waiter_id for each in self.seen.waiting if not each.authenticated}
        return self.limit // len({*self._sizes(), *waiting, self.client.group_id})

    def _sizes(self) -> Counter[str]:
        return Counter(each.group_id for each in self.seen.holders)
