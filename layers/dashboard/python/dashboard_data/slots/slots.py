"""How many streams are open, and may there be one more? A lease is one of a fixed number of slots.

The slots are the counter: what does not exist twice cannot be taken twice, and a lease that nobody renews leaves its
slot free again without anybody having to count. docs/connections.md says why each rule is as it is.
"""

import secrets
from collections.abc import Callable, Iterable, Sequence
from math import ceil
from threading import Lock
from typing import Any, NamedTuple

from dashboard_data.dynamodb import RETRIABLE, Clock, Record, expired, key, number, query_all, text
from dashboard_data.feed.cursor import base36
from dashboard_data.records import Key
from dashboard_data.retry import Contention
from dashboard_data.slots.lease import (
    PARTITION,
    SLOT,
    Lease,
    Look,
    gone_key,
    is_connection_key,
    lease_state,
    look,
    slot_key,
    slot_of,
)
from dashboard_data.times import HOUR_S

LIMIT = 100
CLIENT_LIMIT = 20
LEASE_S = 45
GONE_S = 60  # longer than any stream takes from its request to its lease
SOONEST_RETRY_S = 5
RETRY_SPREAD_S = 10
BUSY_RETRY_S = 1

# Why a stream gets no lease.
FULL = "full"
CLIENT_FULL = "client-full"
BUSY = "busy"  # others were faster at every try, though there may be room
LEFT = "left"  # the client has said goodbye already


class Refusal(NamedTuple):
    reason: str
    limit: int
    retry_after_s: int


class DynamoDbConnections:
    """The slots in the table. Threads may share one."""

    def __init__(
        self,
        client: Any,
        table: str,
        clock: Clock,
        sleep: Callable[[float], object],
        random: Callable[[], float],
        *,
        limit: int = LIMIT,
        client_limit: int = CLIENT_LIMIT,
        lease_s: int = LEASE_S,
    ) -> None:
        self.limit = limit
        self.client_limit = client_limit
        self.lease_s = lease_s
        self._client = client
        self._table = table
        self._clock = clock
        self._random = random
        self._contention = Contention(client, sleep, random)
        self._counting = Lock()
        self._counted = 0
        self._counted_at = float("-inf")

    def take(self, client: str, connection_key: str | None = None) -> Lease | Refusal:
        """A lease for one more stream of this client, or why there is none. It never evicts.

        `client`: a hash of the address, or of the user. Of those who race for the last slot one gets it.
        `connection_key`: drawn by the client, which can say goodbye with it before it knows the connection's id.
        """
        own_key = connection_key if is_connection_key(connection_key) else None
        for _ in self._contention.tries():
            seen = look(self._records("S"), client, self._clock())
            slots = [slot for slot in range(self.limit) if slot not in seen.taken_slots]
            if not slots or len(seen.taken_slots) >= self.limit:
                return Refusal(FULL, self.limit, self._retry_after_s())
            shares = [share for share in range(self.client_limit) if seen.marks.get(share, "") is not None]
            if not shares or seen.own >= self.client_limit:
                return Refusal(CLIENT_FULL, self.client_limit, self._retry_after_s())
            slot, share = self._any(slots), self._any(shares)
            lease = Lease(f"{base36(slot)}-{own_key or secrets.token_urlsafe(16)}", client, slot, share)
            if self._put(lease, seen, own_key):
                return lease
            if own_key and self._has_left(own_key):
                return Refusal(LEFT, self.limit, 0)
        return Refusal(BUSY, self.limit, BUSY_RETRY_S)

    def renew(self, lease: Lease) -> str:
        """HELD, CLOSING if the client has said that it left, or LOST: a lease that expired never comes back to life."""
        record = self._update(lease.connection_id, lease.slot, "SET expires_at = :value", self._in(self.lease_s))
        return lease_state(record, lease)

    def release(self, lease: Lease) -> None:
        """Idempotent; the slot can be taken at once. A lease that is somebody else's by now is left alone.

        Raises what the client raises, once trying again is of no use: the lease then expires by itself.
        """
        condition, holder = "attribute_not_exists(PK) OR connection_id = :value", text(lease.connection_id)
        deletions = [{"Delete": self._action(at, condition, holder)} for at in (lease.key, lease.share_key)]
        for _ in self._contention.tries():
            if RETRIABLE.isdisjoint(self._contention.transact(deletions)):
                return

    def ask_to_close(self, connection: str) -> bool:
        """Marks the lease of this connection for closing; its stream sees it within one poll. False: no such lease.

        `connection`: its id, or the key that its client has drawn. A key also stops a stream that has no lease yet:
        either its lease is there to be found, or it comes later and finds what is written here.
        """
        if not is_connection_key(connection):
            return self._close(connection)
        gone = key(*gone_key(connection)) | {"expires_at": self._in(GONE_S)}
        self._contention.write("put_item", TableName=self._table, Item=gone)
        ids = [record["connection_id"]["S"] for record in self._records(SLOT)]
        closed = [self._close(each) for each in ids if each.partition("-")[2] == connection]
        return any(closed)

    def open_count(self, max_age_s: float = 0) -> int:
        """How many streams are open across all environments: the leases that have not expired.

        `max_age_s`: an answer of this age will do, so that the streams of one process share one. Nobody waits then
        for another thread that counts: the last count will do as well.
        """
        known = self._counted_at > float("-inf")
        if not self._counting.acquire(blocking=not (max_age_s and known)):
            return self._counted
        try:
            now = self._clock()
            if abs(now - self._counted_at) >= max_age_s:
                self._counted = sum(not expired(record, now) for record in self._records(SLOT))
                self._counted_at = now
            return self._counted
        finally:
            self._counting.release()

    def _close(self, connection_id: str) -> bool:
        slot = slot_of(connection_id)
        return slot is not None and bool(self._update(connection_id, slot, "SET closing = :value", {"BOOL": True}))

    def _has_left(self, connection_key: str) -> bool:
        at = key(*gone_key(connection_key))
        record = self._client.get_item(TableName=self._table, Key=at, ConsistentRead=True).get("Item")
        return record is not None and not expired(record, self._clock())

    def _put(self, lease: Lease, seen: Look, connection_key: str | None) -> bool:
        """Slot and share in one transaction. False if somebody was faster, or in the way, or the client has left."""
        now = self._clock()
        holder = {"connection_id": text(lease.connection_id), "client": text(lease.client)}
        slot = key(*lease.key) | holder | {"expires_at": self._in(self.lease_s)}
        mark = key(*lease.share_key) | holder | {"taken_at": number(now), "expires_at": self._in(HOUR_S)}
        free = self._action(lease.key, "attribute_not_exists(PK) OR expires_at <= :value", number(now))
        dead = text(seen.marks.get(lease.share_slot) or "none")
        unmarked = self._action(lease.share_key, "attribute_not_exists(PK) OR connection_id = :value", dead)
        actions = [{"Put": _putting(free, slot)}, {"Put": _putting(unmarked, mark)}]
        if connection_key:
            present = self._action(
                gone_key(connection_key), "attribute_not_exists(PK) OR expires_at <= :value", number(now)
            )
            actions.append({"ConditionCheck": present})
        return not self._contention.transact(actions)

    def _update(self, connection_id: str, slot: int, expression: str, value: dict[str, Any]) -> Record | None:
        """The changed record of a live lease; None if this connection has none."""
        answer = self._contention.write(
            "update_item",
            TableName=self._table,
            Key=key(*slot_key(slot)),
            UpdateExpression=expression,
            ConditionExpression="connection_id = :id AND expires_at > :now",
            ExpressionAttributeValues={":id": text(connection_id), ":now": number(self._clock()), ":value": value},
            ReturnValues="ALL_NEW",
        )
        return answer and answer["Attributes"]

    def _records(self, prefix: str) -> Iterable[Record]:
        return query_all(
            self._client,
            TableName=self._table,
            KeyConditionExpression="PK = :partition AND begins_with(SK, :prefix)",
            ExpressionAttributeValues={":partition": text(PARTITION), ":prefix": text(prefix)},
            ConsistentRead=True,
        )

    def _action(self, at: Key, condition: str, value: dict[str, str]) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Key": key(*at),
            "ConditionExpression": condition,
            "ExpressionAttributeValues": {":value": value},
        }

    def _in(self, seconds: float) -> dict[str, str]:
        """A time to live has to be a whole number."""
        return number(ceil(self._clock() + seconds))

    def _any(self, choices: Sequence[int]) -> int:
        """Those who come at the same time shall not all reach for the same one."""
        return choices[int(self._random() * len(choices))]

    def _retry_after_s(self) -> int:
        return SOONEST_RETRY_S + int(self._random() * RETRY_SPREAD_S)


def _putting(action: dict[str, Any], record: Record) -> dict[str, Any]:
    return {name: value for name, value in action.items() if name != "Key"} | {"Item": record}
