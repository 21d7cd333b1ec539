"""How does a client get a slot when all are taken?

Looks at the slots, keeps the places of those who wait, and asks streams to make room. The rules are
in slots/room.py; here they meet the table.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from dashboard_data.dynamodb import Clock, Table, key, number, put_action, text
from dashboard_data.retry import Backoff, attempt
from dashboard_data.slots.closing import mark_to_end
from dashboard_data.slots.index import TakenIndex
from dashboard_data.slots.lease import (
    PARTITION,
    WAIT,
    Client,
    LeaseState,
    Refusal,
    RefusalReason,
)
from dashboard_data.slots.records import moment
from dashboard_data.slots.room import Room
from dashboard_data.slots.survey import Holder, SlotSurvey
from dashboard_data.slots.surveying import Surveyor

T = TypeVar("T")

PLACE_S = 60  # a client that waits has to come back within this time
SOONEST_RETRY_S = 5
RETRY_SPREAD_S = 10
# How long a request waits for a stream to make room: two polls, and what its end takes.
ROOM_PAUSES_S = (0.5, 0.5, 1, 1, 1)
LOOK_KEPT_S = 1  # how long clients of one process are refused by the same survey

_FREE_OR_OURS = "attribute_not_exists(PK) OR expires_at <= :now OR client = :client"


class Limits(NamedTuple):
    """The most streams of all, of one client and of one network.

    `reserved`: for how many clients with a token others make room at once.
    """

    streams: int
    client: int
    network: int
    reserved: int


class RoomMaker:
    """Finds room for one more stream. Threads may share one."""

    def __init__(
        self,
        table: Table,
        clock: Clock,
        backoff: Backoff,
        limits: Limits,
        index: TakenIndex,
        surveyor: Surveyor,
    ) -> None:
        self._table = table
        self._clock = clock
        self._backoff = backoff
        self._limits = limits
        self._index = index
        self._surveyor = surveyor
        self._kept: tuple[float, SlotSurvey] | None = None

    def for_client(self, client: Client, *, is_full: bool) -> Room | Refusal:
        """Returns a look at slots of which this client may have one; else waits, or has to go.

        `is_full`: the index has no slot to give, so a look that had none either may be a little
        old.
        """
        room = self._look(client, may_be_kept=is_full)
        if room.open_slots():
            return room
        if not room.may_wait() or self._is_out_of_shares(room):
            return full(RefusalReason.FULL, self._limits.streams, self._backoff)
        waiting_since_s = self._waits_since(room)
        if waiting_since_s is None:
            return full(RefusalReason.FULL, self._limits.streams, self._backoff)
        now_s = self._clock()
        if candidates := room.who_makes_room(waiting_since_s, now_s):
            self._ask_to_make_room(any_of(self._backoff, candidates))
        if not room.may_wait_inside(now_s, sum(ROOM_PAUSES_S)):
            retry_after_s = room.retry_after_s(waiting_since_s, now_s)
            return Refusal(RefusalReason.FULL, self._limits.streams, retry_after_s)
        for pause_s in ROOM_PAUSES_S:
            self._backoff.sleep(pause_s)
            later = self._look(client, may_be_kept=False)
            if later.open_slots():
                return later
        retry_after_s = room.retry_after_s(waiting_since_s, now_s)
        return Refusal(RefusalReason.FULL, self._limits.streams, retry_after_s)

    def _look(self, client: Client, *, may_be_kept: bool) -> Room:
        now_s = self._clock()
        kept = self._kept
        if kept and may_be_kept and 0 <= now_s - kept[0] < LOOK_KEPT_S:
            seen = kept[1]
        else:
            seen = self._surveyor.survey()
            is_full = len(seen.holders) >= self._limits.streams
            self._kept = (now_s, seen) if is_full else None
        return Room(seen, client, self._limits.streams, self._limits.reserved)

    def _waits_since(self, room: Room) -> float | None:
        """Keeps this client's place among those who wait, or gives it one.

        Returns since when it waits; None if there is no place.
        """
        own = room.own_place()
        now_s = self._clock()
        since_s = own.since_s if own else now_s
        places = [own.place] if own else room.free_places()
        if not places:
            return None
        client = text(room.waiter_id)
        record = key(PARTITION, f"{WAIT}{any_of(self._backoff, places):02d}") | {
            "client": client,
            "since": number(since_s),
            "asked_at": number(now_s),
            "expires_at": moment(now_s + PLACE_S),
        }
        if room.is_served_at_once:
            record["authenticated"] = {"BOOL": True}
        values = {":now": number(now_s), ":client": client}
        action = put_action(record, condition=_FREE_OR_OURS, values=values)
        self._kept = None
        if attempt(self._table, [action]):
            return None
        self._index.note_waiting(now_s + PLACE_S)
        return since_s

    def _ask_to_make_room(self, holder: Holder) -> None:
        self._kept = None
        mark_to_end(
            self._table, self._backoff, holder.slot, holder.connection_id, LeaseState.MADE_ROOM
        )

    def _is_out_of_shares(self, room: Room) -> bool:
        shares = room.client.shares(self._limits.client, self._limits.network)
        return any(len(room.seen.numbers_of(each)) >= most for each, most in shares.items())


def any_of(backoff: Backoff, choices: Sequence[T]) -> T:
    """Chosen at random, so that simultaneous takers do not collide."""
    return choices[int(backoff.random() * len(choices))]


def full(reason: RefusalReason, limit: int, backoff: Backoff) -> Refusal:
    """Refuses, with a random time to come back."""
    retry_after_s = SOONEST_RETRY_S + int(backoff.random() * RETRY_SPREAD_S)
    return Refusal(reason, limit, retry_after_s)
