"""How many streams are open, and may there be one more?

Theory of operation. There are as many slots as streams may be open, and a lease is one of them, in
the partition CONNECTIONS of the table:

    SLOT#0042               who holds it (connection_id, client), until when (expires_at)
    SHARE#<client>#0003     a mark: this client's fourth stream, and its connection
    GONE#<connection key>   a client that has left, perhaps before its stream had a lease

- A record cannot exist twice, so a slot cannot be taken twice: the slots are the counter, and the
  limit holds without anybody counting up or down. The same with a client's marks and its share.
- `take` reads the partition once, consistently, and puts slot and mark in one transaction, each on
  condition that it is free. It loses if anybody was faster, and then looks again.
- A lease that is not renewed expires, and its slot is free. A killed environment needs no cleaning.
  A lease that has expired never comes back to life, even if its stream does: that stream ends.
- A mark counts while its lease lives, so that a renewal writes one record and not two. The taker of
  a dead lease's mark names that lease in its condition. So if two takers see it, one of them wins.
- `ask_to_close` marks the lease. The stream reads its lease with every poll, and ends.

docs/connections.md gives the reason for each rule.
"""

import secrets
from collections.abc import Iterable, Sequence
from enum import StrEnum
from math import ceil
from threading import Lock
from typing import Any, NamedTuple

from dashboard_data.dynamodb import (
    Clock,
    Record,
    Table,
    check_action,
    delete_action,
    expired,
    key,
    number,
    put_action,
    text,
)
from dashboard_data.retry import RETRIABLE, Backoff, attempt
from dashboard_data.slots.lease import (
    PARTITION,
    SLOT,
    Lease,
    LeaseState,
    SlotSurvey,
    gone_key,
    is_connection_key,
    lease_state,
    slot_key,
    slot_of,
    survey,
)
from dashboard_data.times import HOUR_S, base36

LIMIT = 100
CLIENT_LIMIT = 20
LEASE_S = 45
GONE_S = 60  # longer than any stream takes from its request to its lease
SOONEST_RETRY_S = 5
RETRY_SPREAD_S = 10
BUSY_RETRY_S = 1

_FREE = "attribute_not_exists(PK) OR expires_at <= :value"
_OURS_OR_GONE = "attribute_not_exists(PK) OR connection_id = :value"


class RefusalReason(StrEnum):
    """Why a stream gets no lease."""

    FULL = "full"
    CLIENT_FULL = "client-full"
    BUSY = "busy"  # others were faster at every try, though there may be room
    LEFT = "left"  # the client has said goodbye already


class Refusal(NamedTuple):
    reason: RefusalReason
    limit: int
    retry_after_s: int


class StreamSlots:
    """The slots in the table. Threads may share one.

    `limit`: open streams across the whole system; `client_limit`: those of one client.
    """

    def __init__(
        self,
        table: Table,
        clock: Clock,
        backoff: Backoff,
        *,
        limit: int = LIMIT,
        client_limit: int = CLIENT_LIMIT,
        lease_s: int = LEASE_S,
    ) -> None:
        self.limit = limit
        self.client_limit = client_limit
        self.lease_s = lease_s
        self._table = table
        self._clock = clock
        self._backoff = backoff
        self._counting = Lock()
        self._counted = 0
        self._counted_at_s = float("-inf")

    def take(self, client_id: str, connection_key: str | None = None) -> Lease | Refusal:
        """Returns a lease for one more stream of this client, or why there is none.

        It never evicts. Of several that race for the last slot, one gets it.

        `client_id`: a hash of the address, or of the user. `connection_key`: drawn by the client,
        which can say goodbye with it before it knows the connection's id.
        """
        own_key = connection_key if is_connection_key(connection_key) else None
        for _ in self._backoff.tries():
            seen = survey(self._records("S"), client_id, self._clock())
            slots = [slot for slot in range(self.limit) if slot not in seen.taken_slots]
            if not slots or len(seen.taken_slots) >= self.limit:
                return self._full(RefusalReason.FULL, self.limit)
            shares = [
                share for share in range(self.client_limit) if seen.marks.get(share, "") is not None
            ]
            if not shares or seen.own >= self.client_limit:
                return self._full(RefusalReason.CLIENT_FULL, self.client_limit)
            lease = self._drawn(client_id, slots, shares, own_key)
            if self._put(lease, seen, own_key):
                return lease
            if own_key and self._has_left(own_key):
                return Refusal(RefusalReason.LEFT, self.limit, retry_after_s=0)
        return Refusal(RefusalReason.BUSY, self.limit, BUSY_RETRY_S)

    def renew(self, lease: Lease) -> LeaseState:
        """Prolongs the lease, and returns its state. An expired one never comes back to life."""
        record = self._update(
            lease.connection_id, lease.slot, "SET expires_at = :value", self._in(self.lease_s)
        )
        return lease_state(record, lease)

    def release(self, lease: Lease) -> None:
        """Frees the slot, at once. Idempotent; a lease that is somebody else's is left alone.

        Raises errors that retrying cannot fix: the lease then expires by itself.
        """
        holder = {":value": text(lease.connection_id)}
        deletions = [
            delete_action(at, condition=_OURS_OR_GONE, values=holder)
            for at in (lease.key, lease.share_key)
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
            return self._close(connection)
        gone = key(*gone_key(connection)) | {"expires_at": self._in(GONE_S)}
        self._backoff.write(lambda: self._table.put(gone))
        ids = [record["connection_id"]["S"] for record in self._records(SLOT)]
        closed = [self._close(each) for each in ids if each.partition("-")[2] == connection]
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
                self._counted = sum(not expired(each, now_s) for each in self._records(SLOT))
                self._counted_at_s = now_s
            return self._counted
        finally:
            self._counting.release()

    def _close(self, connection_id: str) -> bool:
        slot = slot_of(connection_id)
        if slot is None:
            return False
        closed = self._update(connection_id, slot, "SET closing = :value", {"BOOL": True})
        return closed is not None

    def _has_left(self, connection_key: str) -> bool:
        record = self._table.get(gone_key(connection_key))
        return record is not None and not expired(record, self._clock())

    def _drawn(
        self, client_id: str, slots: Sequence[int], shares: Sequence[int], own_key: str | None
    ) -> Lease:
        slot = self._any(slots)
        share = self._any(shares)
        unguessable = own_key or secrets.token_urlsafe(16)
        return Lease(f"{base36(slot)}-{unguessable}", client_id, slot, share)

    def _put(self, lease: Lease, seen: SlotSurvey, connection_key: str | None) -> bool:
        """Puts slot and share in one transaction.

        Returns False if somebody was faster, or in the way, or the client has left.
        """
        now_s = self._clock()
        now = {":value": number(now_s)}
        holder = {"connection_id": text(lease.connection_id), "client": text(lease.client_id)}
        slot = key(*lease.key) | holder | {"expires_at": self._in(self.lease_s)}
        mark = key(*lease.share_key) | holder
        mark |= {"taken_at": number(now_s), "expires_at": self._in(HOUR_S)}
        dead_holder = {":value": text(seen.marks.get(lease.share) or "none")}
        actions = [
            put_action(slot, condition=_FREE, values=now),
            put_action(mark, condition=_OURS_OR_GONE, values=dead_holder),
        ]
        if connection_key:
            actions.append(check_action(gone_key(connection_key), condition=_FREE, values=now))
        return not attempt(self._table, actions)

    def _update(
        self, connection_id: str, slot: int, expression: str, value: dict[str, Any]
    ) -> Record | None:
        """Returns the changed record of a live lease; None if this connection has none."""
        values = {":id": text(connection_id), ":now": number(self._clock()), ":value": value}
        return self._backoff.write(
            lambda: self._table.update(
                slot_key(slot),
                expression,
                condition="connection_id = :id AND expires_at > :now",
                values=values,
            )
        )

    def _records(self, prefix: str) -> Iterable[Record]:
        values = {":partition": text(PARTITION), ":prefix": text(prefix)}
        return self._table.query("PK = :partition AND begins_with(SK, :prefix)", values)

    def _in(self, seconds: float) -> dict[str, str]:
        """Returns the moment in so many seconds. A time to live has to be a whole number."""
        return number(ceil(self._clock() + seconds))

    def _any(self, choices: Sequence[int]) -> int:
        """Chosen at random, so that simultaneous takers do not collide."""
        return choices[int(self._backoff.random() * len(choices))]

    def _full(self, reason: RefusalReason, limit: int) -> Refusal:
        retry_after_s = SOONEST_RETRY_S + int(self._backoff.random() * RETRY_SPREAD_S)
        return Refusal(reason, limit, retry_after_s)
