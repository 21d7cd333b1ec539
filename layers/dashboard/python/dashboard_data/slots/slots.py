"""How many streams are open, and may there be one more?

Theory of operation. There are as many slots as streams may be open, and a lease is one of them, in
the partition CONNECTIONS of the table:

    SLOT#0042               who holds it (connection_id, marks), by which lifeline
    SHARE#<id>#0003         a mark: the fourth stream of this client, or network; its connection
    SLOTLIFE#<lifeline>     a process, until when it lives, and which of its streams have to end
    SLOTTAKEN#0000          the index: the numbers of the slots that are taken
    SLOTWAIT#04             a client that waits for a slot (client), since when
    KEY#<connection key>    the slot of a client that drew its own key, or that the client has left

- A record cannot exist twice, so a slot cannot be taken twice: the slots are the counter, and the
  limit holds without anybody counting up or down. The same with marks and shares.
- A stream takes a mark of each of its shares: of its address, or of its user and the user's
  address, and of the wider network.
- `take` reads the index, draws a slot and marks that seem free, and puts them in one transaction,
  on condition that none of them exists. If one does, it draws again. So opening a stream costs the
  same, however many are open.
- All leases of a process (holdings.py) live by one record, its lifeline. A process that does not
  renew it is dead, and what it held is deleted by a survey (surveying.py). A killed environment
  needs no other cleaning.
- A process whose lifeline was deleted moves its leases to a new one, each in a transaction, if its
  slot and marks are its own still, or nobody's. So an outage of the table, in which nobody can
  renew or take anything, ends no stream.
- `ask_to_close` marks the lifeline. The process reads it with every poll, and the stream ends. A
  stream that has to make room is marked in the same way (making_room.py).

docs/connections.md gives the reason for each rule.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from threading import Lock

from dashboard_data.dynamodb import (
    CONDITION_FAILED,
    Action,
    Clock,
    Record,
    Table,
    Throttled,
    delete_action,
    error_code,
    key,
    number,
    put_action,
    text,
)
from dashboard_data.retry import RETRIABLE, Backoff
from dashboard_data.slots.chores import Chores
from dashboard_data.slots.closing import mark_to_end
from dashboard_data.slots.holdings import Holdings, fields_of
from dashboard_data.slots.index import TakenIndex
from dashboard_data.slots.lease import (
    PARTITION,
    WAIT,
    Client,
    Lease,
    LeaseState,
    Refusal,
    RefusalReason,
    connection_key_key,
    is_connection_key,
    slot_of,
)
from dashboard_data.slots.making_room import Limits, RoomMaker, full
from dashboard_data.slots.records import moment
from dashboard_data.slots.search import Search
from dashboard_data.slots.surveying import Surveyor
from dashboard_data.times import HOUR_S

LIMIT = 100
CLIENT_LIMIT = 20
NETWORK_LIMIT = 40
RESERVED = 10
LEASE_S = 45
GONE_S = 60  # longer than any stream takes from its request to its lease
BUSY_RETRY_S = 1
BUSY_SPREAD_S = 4

# Codes that say that somebody else writes the same records.
_OTHERS = frozenset({CONDITION_FAILED, "TransactionConflict", "TransactionConflictException"})
_FREE = "attribute_not_exists(PK) OR expires_at <= :now"
_NOT_LEFT = "attribute_not_exists(PK) OR attribute_not_exists(gone) OR expires_at <= :now"


class StreamSlots:
    """The slots, as one process takes and holds them. Its threads share one.

    `limit`: open streams across the whole system; `client_limit`: those of one address, or user;
    `network_limit`: those of a wider network; `reserved`: for how many clients with a token others
    make room at once. `lease_s`: seconds that a process which died is taken for alive.
    `quick_table`: for the calls of open streams, which would rather fail than keep a heartbeat
    waiting. `tidies`: whether it may delete what dead processes left; without it, it cannot take
    slots either.
    """

    def __init__(
        self,
        table: Table,
        clock: Clock,
        backoff: Backoff,
        *,
        quick_table: Table | None = None,
        limit: int = LIMIT,
        client_limit: int = CLIENT_LIMIT,
        network_limit: int = NETWORK_LIMIT,
        reserved: int = RESERVED,
        lease_s: int = LEASE_S,
        tidies: bool = True,
    ) -> None:
        self.limit = limit
        self.client_limit = client_limit
        self.network_limit = network_limit
        self.lease_s = lease_s
        self._table = table
        self._clock = clock
        self._backoff = backoff
        self._quick_table = quick_table or table
        quick_backoff = replace(backoff, most_tries=1) if quick_table else backoff
        self._index = TakenIndex(self._quick_table, clock)
        self._holdings = Holdings(
            table,
            clock,
            backoff,
            quick_table=self._quick_table,
            quick_backoff=quick_backoff,
            index=self._index,
            lease_s=lease_s,
        )
        self._surveyor = Surveyor(
            table,
            clock,
            self._index,
            lease_s=lease_s,
            tidies=tidies,
            noticed=self._holdings.notice,
        )
        self._chores = Chores(clock, self._holdings, self._index, self._surveyor)
        limits = Limits(limit, client_limit, network_limit, reserved)
        self._room = RoomMaker(table, clock, backoff, limits, self._index, self._surveyor)
        self._counting = Lock()
        self._counted = 0
        self._counted_at_s = float("-inf")

    def take(self, client: Client, connection_key: str | None = None) -> Lease | Refusal:
        """Returns a lease for one more stream of this client, or why there is none.

        Of several that race for the last slot, one gets it. A client with a token may have to wait
        some seconds in here, until another stream has made room.

        `connection_key`: drawn by the client, which can say goodbye with it before it knows the
        connection's id.
        """
        own_key = connection_key if is_connection_key(connection_key) else None
        lifeline = self._holdings.lifeline.hold(self._table)
        self._chores.do_all()
        shares = client.shares(self.client_limit, self.network_limit)
        search = Search(self._table, self._clock, self._backoff, shares)
        failed: Sequence[str] = ()
        for _ in self._backoff.tries():
            refusal = self._look(search, client)
            if refusal:
                return refusal
            if search.is_exhausted():
                break
            marks = search.draw_marks(self._holdings.leases())
            if marks is None:
                if search.may_survey_again():
                    self._surveyor.survey()  # some may be of dead processes
                    continue
                return full(RefusalReason.CLIENT_FULL, self.client_limit, self._backoff)
            lease = search.lease(client, marks, lifeline, own_key or secrets.token_urlsafe(16))
            failed = self._put(lease, search, own_key)
            if not failed:
                self._holdings.keep(lease)
                self._index.write()
                return lease
            if own_key and search.key_failed(failed):
                return Refusal(RefusalReason.LEFT, self.limit, retry_after_s=0)
            search.learn(lease, failed)
        return self._busy(failed)

    def _busy(self, codes: Sequence[str]) -> Refusal:
        """Refuses a stream whose tries are used up; `codes` of the last one.

        Raises Throttled if it was not others who were in the way, but the table itself.
        """
        if codes and _OTHERS.isdisjoint(codes):
            raise Throttled(f"no slot could be written: {', '.join(sorted({*codes} - {'None'}))}")
        retry_after_s = BUSY_RETRY_S + int(self._backoff.random() * BUSY_SPREAD_S)
        return Refusal(RefusalReason.BUSY, self.limit, retry_after_s)

    def is_adrift(self, lease: Lease) -> bool:
        """Whether the lease's lifeline is gone, so that it has to move soon."""
        return self._holdings.is_adrift(lease)

    def renewal_is_due(self, lease: Lease) -> bool:
        """Whether `renew` has anything to do, for this lease or for all of the process."""
        return self._holdings.renewal_is_due(lease) or self._chores.are_left()

    def renew(self, lease: Lease, *, lapsed: bool = False) -> LeaseState | None:
        """Prolongs all leases of this process, and returns the state of this one.

        It makes one call of the table at most, so that no stream is silent for longer. None if
        nothing new is known about this lease: another thread is at it, or the next call goes on.
        A lease whose lifeline is gone lives on if nobody else has taken its slot or its shares.
        `lapsed`: a reading did not find its lifeline, so find out now.
        """
        if lapsed or self._holdings.renewal_is_due(lease):
            return self._holdings.renew(lease)
        self._chores.do_next()
        return None

    def release(self, lease: Lease) -> None:
        """Frees the slot, at once. Idempotent; a lease that is somebody else's is left alone.

        Raises errors that retrying cannot fix. It is tried again later, while the process lives.
        """
        self._holdings.release(lease)

    def ask_to_close(self, connection: str) -> bool:
        """Marks the lease of this connection for closing; its stream sees it within one poll.

        Returns False if there is no such lease. `connection`: its id, or the key that its client
        has drawn. A key also stops a stream that has no lease yet: either its slot stands in the
        key's record now, or it comes later and finds what is written here.
        """
        if not is_connection_key(connection):
            return self._close(connection)
        values: Record = {":yes": {"BOOL": True}, ":until": moment(self._clock() + GONE_S)}
        record = self._backoff.write(
            lambda: self._table.update(
                connection_key_key(connection),
                "SET gone = :yes, expires_at = :until",
                values=values,
            )
        )
        if record is None or "connection_id" not in record:
            return False
        return self._close(record["connection_id"]["S"])

    def open_count(self, max_age_s: float = 0) -> int:
        """Returns how many streams are open across all environments: the slots that are taken.

        `max_age_s`: a count of this age will do, so that the streams of one process share one. No
        thread waits then for another thread that counts: it takes the last count. And a survey that
        is due is not made at once, but by the next calls of `renew`.
        """
        known = self._counted_at_s > float("-inf")
        if not self._counting.acquire(blocking=not (max_age_s and known)):
            return self._counted
        try:
            now_s = self._clock()
            if abs(now_s - self._counted_at_s) >= max_age_s:
                self._counted = self._count(at_once=not max_age_s)
                self._counted_at_s = now_s
            return self._counted
        finally:
            self._counting.release()

    def _count(self, *, at_once: bool) -> int:
        own = self._holdings.slots()
        taken = self._index.read(self._quick_table)
        if self._surveyor.is_due(taken):
            if not at_once:
                self._chores.want_survey(taken)
            elif self._surveyor.claim(taken, own):
                return len(self._surveyor.survey().holders)
        return len(taken.slots | own)

    def _look(self, search: Search, client: Client) -> Refusal | None:
        """Lets the search know which slots are free for this client."""
        taken = self._index.read(self._table)
        free = set(range(self.limit)) - taken.slots - self._holdings.slots()
        has_room = len(taken.slots) < self.limit and search.sees(free)
        if has_room and self._clock() >= taken.waiting_until_s:
            return None
        room = self._room.for_client(client, is_full=not has_room)
        if isinstance(room, Refusal):
            return room
        search.sees(set(room.open_slots()))
        search.place = room.own_place()
        if not room.seen.waiting:
            self._index.forget_waiting(taken)
        return None

    def _put(self, lease: Lease, search: Search, own_key: str | None) -> Sequence[str]:
        """Puts slot and marks in one transaction, and gives up the waiting place.

        Returns one code for each of the actions if that failed, and nothing if it is done.
        """
        try:
            cancelled = self._table.transact(self._actions(lease, search, own_key))
        except BaseException as error:
            # The client may have made the call twice: only the last error is known.
            self._holdings.doubt(lease)
            search.bar(lease.slot)
            code = error_code(error)
            if code not in RETRIABLE:
                raise
            return (code,)
        if cancelled is None:
            return ()
        if not cancelled.reasons or not cancelled.reasons <= RETRIABLE | {CONDITION_FAILED}:
            raise cancelled.error
        return cancelled.codes

    def _actions(self, lease: Lease, search: Search, own_key: str | None) -> list[Action]:
        """Returns first the slot, then the marks, then the key: `Search` knows this order."""
        now_s = self._clock()
        now = {":now": number(now_s)}
        actions = [
            put_action(key(*at) | fields, condition=_FREE, values=now)
            for at, fields in fields_of(lease, now_s).items()
        ]
        if own_key:
            record = key(*connection_key_key(own_key)) | {
                "connection_id": text(lease.connection_id),
                "expires_at": moment(now_s + HOUR_S),
            }
            actions.append(put_action(record, condition=_NOT_LEFT, values=now))
        if search.place:
            actions.append(
                delete_action(
                    (PARTITION, f"{WAIT}{search.place.place:02d}"),
                    condition="attribute_not_exists(PK) OR client = :value",
                    values={":value": text(search.place.waiter_id)},
                )
            )
        return actions

    def _close(self, connection_id: str) -> bool:
        """Marks a lease, even one that has expired: it may come back to life."""
        slot = slot_of(connection_id)
        if slot is None:
            return False
        return mark_to_end(self._table, self._backoff, slot, connection_id, LeaseState.CLOSING)
