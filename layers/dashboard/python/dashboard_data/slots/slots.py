"""How many streams are open, and may there be one more?

Theory of operation. There are as many slots as streams may be open, and a lease is one of them, in
the partition CONNECTIONS of the table:

    SLOT#0042               who holds it (connection_id, marks), until when (expires_at)
    SHARE#<id>#0003         a mark: the fourth stream of this client, or network; its connection
    SLOTWAIT#04             a client that waits for a slot (client), since when
    GONE#<connection key>   a client that has left, perhaps before its stream had a lease

- A record cannot exist twice, so a slot cannot be taken twice: the slots are the counter, and the
  limit holds without anybody counting up or down. The same with marks and shares.
- A stream takes a mark of each of its shares: of its address, or of its user and the user's
  address, and of the wider network.
- `take` reads slots and waiting places once, consistently. Which numbers of a share are in use it
  learns from the slots, so of the marks it reads only those that it is about to put. It puts slot
  and marks in one transaction, each on condition that it is free. It loses if anybody was faster,
  and then looks again.
- A mark counts while its lease lives, so that a renewal writes one record and not three. The taker
  of a dead lease's mark names that lease in its condition. So if two takers see it, one of them
  wins.
- A lease that is not renewed expires, and its slot is free. A killed environment needs no cleaning.
- A lease that has expired comes back to life when its stream renews it, as long as nobody else has
  taken its slot or one of its marks. So an outage of the table, in which nobody can renew or take
  anything, ends no stream.
- `ask_to_close` marks the lease. The stream reads its lease with every poll, and ends. A lease is
  marked in the same way when its stream has to make room (slots/making_room.py).

docs/connections.md gives the reason for each rule.
"""

import secrets
from dataclasses import replace
from threading import Lock
from typing import Any

from dashboard_data.dynamodb import (
    Action,
    Clock,
    Key,
    Record,
    Table,
    check_action,
    delete_action,
    expired,
    key,
    number,
    put_action,
    text,
    texts,
    update_action,
)
from dashboard_data.retry import RETRIABLE, Backoff, attempt
from dashboard_data.slots.lease import (
    PARTITION,
    SLOT,
    WAIT,
    Client,
    Lease,
    LeaseState,
    Refusal,
    RefusalReason,
    gone_key,
    is_connection_key,
    lease_state,
    mark_key,
    mark_of,
    slot_key,
    slot_of,
)
from dashboard_data.slots.making_room import Limits, RoomMaker, any_of, full, moment, slot_records
from dashboard_data.slots.room import Room
from dashboard_data.slots.survey import SlotSurvey, is_settling
from dashboard_data.times import HOUR_S, base36

LIMIT = 100
CLIENT_LIMIT = 20
NETWORK_LIMIT = 40
RESERVED = 10
LEASE_S = 45
GONE_S = 60  # longer than any stream takes from its request to its lease
BUSY_RETRY_S = 1

_FREE = "attribute_not_exists(PK) OR expires_at <= :value"
_OURS_OR_GONE = "attribute_not_exists(PK) OR connection_id = :value"


class StreamSlots:
    """The slots in the table. Threads may share one.

    `limit`: open streams across the whole system; `client_limit`: those of one address, or user;
    `network_limit`: those of a wider network; `reserved`: for how many clients with a token others
    make room at once. `quick_table`: for the calls of open streams, which would rather fail than
    keep a heartbeat waiting.
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
    ) -> None:
        self.limit = limit
        self.client_limit = client_limit
        self.network_limit = network_limit
        self.lease_s = lease_s
        self._table = table
        self._clock = clock
        self._backoff = backoff
        self._quick_table = table
        self._quick_backoff = backoff
        if quick_table is not None:
            self._quick_table = quick_table
            self._quick_backoff = replace(backoff, most_tries=1)
        limits = Limits(limit, client_limit, network_limit, reserved)
        self._room = RoomMaker(table, clock, backoff, limits)
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
        counted: set[str] = set()  # marks in use whose slots cannot be seen
        for _ in self._backoff.tries():
            room = self._room.for_client(client)
            if isinstance(room, Refusal):
                return room
            lease = self._drawn(room, own_key, counted)
            if lease is None:
                return full(RefusalReason.CLIENT_FULL, self.client_limit, self._backoff)
            dead = self._dead_holders(lease, room.seen, counted)
            if dead is None:
                continue
            if self._put(lease, dead, room, own_key):
                return lease
            if own_key and self._has_left(own_key):
                return Refusal(RefusalReason.LEFT, self.limit, retry_after_s=0)
        return Refusal(RefusalReason.BUSY, self.limit, BUSY_RETRY_S)

    def renew(self, lease: Lease) -> LeaseState:
        """Prolongs the lease, and returns its state.

        One that has expired lives on if nobody else has taken its slot or its shares.
        """
        values = {
            ":id": text(lease.connection_id),
            ":now": number(self._clock()),
            ":value": self._in(self.lease_s),
        }
        record = self._quick_backoff.write(
            lambda: self._quick_table.update(
                lease.key,
                "SET expires_at = :value",
                condition="connection_id = :id AND expires_at > :now",
                values=values,
            )
        )
        if record is None:
            return self._revive(lease)
        return lease_state(record, lease)

    def release(self, lease: Lease) -> None:
        """Frees the slot, at once. Idempotent; a lease that is somebody else's is left alone.

        Raises errors that retrying cannot fix: the lease then expires by itself.
        """
        holder = {":value": text(lease.connection_id)}
        deletions = [
            delete_action(at, condition=_OURS_OR_GONE, values=holder)
            for at in (lease.key, *lease.mark_keys)
        ]
        for _ in self._backoff.tries():
            if RETRIABLE.isdisjoint(attempt(self._table, deletions)):
                return

    def ask_to_close(self, connection: str) -> bool:
        """Marks the lease of this connection for closing; its stream sees it within one poll.

        Returns False if there is no such lease. `connection`: its id, or the key that its client
        has drawn. A key also stops a stream that has no lease yet: either the lease can be found
        now, or it comes later and finds the record that is written here.
        """
        if not is_connection_key(connection):
            return self._close(connection, {"BOOL": True})
        gone = key(*gone_key(connection)) | {"expires_at": self._in(GONE_S)}
        self._backoff.write(lambda: self._table.put(gone))
        ids = [record["connection_id"]["S"] for record in slot_records(self._table, SLOT)]
        closed = [
            self._close(each, {"BOOL": True})
            for each in ids
            if each.partition("-")[2] == connection
        ]
        return any(closed)

    def open_count(self, max_age_s: float = 0) -> int:
        """Returns how many streams are open across all environments: the leases that live.

        `max_age_s`: a count of this age will do, so that the streams of one process share one. No
        thread waits then for another thread that counts: it takes the last count.
        """
        known = self._counted_at_s > float("-inf")
        if not self._counting.acquire(blocking=not (max_age_s and known)):
            return self._counted
        try:
            now_s = self._clock()
            if abs(now_s - self._counted_at_s) >= max_age_s:
                self._counted = sum(
                    not expired(each, now_s) for each in slot_records(self._quick_table, SLOT)
                )
                self._counted_at_s = now_s
            return self._counted
        finally:
            self._counting.release()

    def _drawn(self, room: Room, own_key: str | None, counted: set[str]) -> Lease | None:
        """Draws a slot, and a mark of each share; None if one of the shares is used up."""
        marks = []
        for share_id, most in room.client.shares(self.client_limit, self.network_limit).items():
            used = room.seen.numbers_of(share_id)
            free = [
                each
                for each in range(most)
                if each not in used and mark_of(share_id, each) not in counted
            ]
            if not free or len(used) >= most:
                return None
            marks.append(mark_of(share_id, any_of(self._backoff, free)))
        slot = any_of(self._backoff, room.open_slots())
        unguessable = own_key or secrets.token_urlsafe(16)
        return Lease(
            connection_id=f"{base36(slot)}-{unguessable}",
            client_id=room.client.client_id,
            slot=slot,
            marks=tuple(marks),
            authenticated=room.client.authenticated,
        )

    def _dead_holders(
        self, lease: Lease, seen: SlotSurvey, counted: set[str]
    ) -> dict[str, str] | None:
        """Returns the dead leases that hold this lease's marks still.

        Returns None if one of the marks is in use, and adds it to `counted`.
        """
        now_s = self._clock()
        records = self._table.get_many(lease.mark_keys, consistent=True)
        dead = {}
        for mark in lease.marks:
            record = records.get(mark_key(mark))
            if record is None:
                continue
            holder = record["connection_id"]["S"]
            if seen.holds(holder) or is_settling(record, now_s):
                counted.add(mark)
            dead[mark] = holder
        return None if counted.intersection(lease.marks) else dead

    def _put(
        self, lease: Lease, dead: dict[str, str], room: Room, connection_key: str | None
    ) -> bool:
        """Puts slot and marks in one transaction, and gives up the waiting place.

        Returns False if somebody was faster, or in the way, or the client has left.
        """
        now = {":value": number(self._clock())}
        slot = key(*lease.key) | self._slot_fields(lease)
        actions = [put_action(slot, condition=_FREE, values=now)]
        for mark in lease.marks:
            record = key(*mark_key(mark)) | self._mark_fields(lease)
            holder = {":value": text(dead.get(mark, "none"))}
            actions.append(put_action(record, condition=_OURS_OR_GONE, values=holder))
        if own := room.own_place():
            actions.append(
                delete_action(
                    (PARTITION, f"{WAIT}{own.place:02d}"),
                    condition="attribute_not_exists(PK) OR client = :value",
                    values={":value": text(own.waiter_id)},
                )
            )
        if connection_key:
            actions.append(check_action(gone_key(connection_key), condition=_FREE, values=now))
        return not attempt(self._table, actions)

    def _revive(self, lease: Lease) -> LeaseState:
        """Brings a lease back that has expired, unless somebody else has its slot or a mark.

        What its slot's record says about closing stays.
        """
        own = {":id": text(lease.connection_id)}
        actions = [
            _set_action(at, fields, own)
            for at, fields in (
                (lease.key, self._slot_fields(lease)),
                *((each, self._mark_fields(lease)) for each in lease.mark_keys),
            )
        ]
        for _ in self._quick_backoff.tries():
            reasons = attempt(self._quick_table, actions)
            if RETRIABLE.isdisjoint(reasons):
                if reasons:
                    return LeaseState.LOST
                break
        return lease_state(self._quick_table.get(lease.key), lease)

    def _slot_fields(self, lease: Lease) -> Record:
        fields: Record = {
            "connection_id": text(lease.connection_id),
            "marks": texts(lease.marks),
            "expires_at": self._in(self.lease_s),
        }
        if lease.authenticated:
            fields["authenticated"] = {"BOOL": True}
        return fields

    def _mark_fields(self, lease: Lease) -> Record:
        return {
            "connection_id": text(lease.connection_id),
            "taken_at": number(self._clock()),
            "expires_at": self._in(HOUR_S),
        }

    def _close(self, connection_id: str, closing: dict[str, Any]) -> bool:
        """Marks a lease, even one that has expired: it may come back to life."""
        slot = slot_of(connection_id)
        if slot is None:
            return False
        values = {":id": text(connection_id), ":value": closing}
        closed = self._backoff.write(
            lambda: self._table.update(
                slot_key(slot),
                "SET closing = :value",
                condition="connection_id = :id",
                values=values,
            )
        )
        return closed is not None

    def _has_left(self, connection_key: str) -> bool:
        record = self._table.get(gone_key(connection_key))
        return record is not None and not expired(record, self._clock())

    def _in(self, seconds: float) -> dict[str, str]:
        return moment(self._clock() + seconds)


def _set_action(at: Key, fields: Record, own: Record) -> Action:
    """Sets these fields of a record that is still ours, or not there any more."""
    assignments = ", ".join(f"{name} = :{name}" for name in fields)
    values = own | {f":{name}": value for name, value in fields.items()}
    return update_action(
        at,
        f"SET {assignments}",
        condition="attribute_not_exists(PK) OR connection_id = :id",
        values=values,
    )
