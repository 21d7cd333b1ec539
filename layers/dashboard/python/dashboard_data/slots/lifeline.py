"""By what does a process hold all its leases? One record, which one write prolongs.

Theory of operation. A process draws a lifeline with its first lease, and every lease names the
lifeline it was taken under. The record says until when it lives (`expires_at`), and which streams
of the process have to end (`closing`, `made_room`: sets of connection ids).

- To renew it is to renew all leases. Whichever stream finds it due does so, for all.
- Nobody takes a slot or a mark that exists. Those of a dead process are deleted first, and before
  that its lifeline is, on condition that it has expired (cleaning.py). So while the record is
  there, its leases are whole, however late it is renewed.
- A lifeline that is gone never comes back: a renewal needs the record. The process then draws a new
  one, and its leases move there one by one, if they are still whole.
"""

import secrets
from collections.abc import Collection
from threading import Lock

from dashboard_data.dynamodb import (
    ABSENT,
    PRESENT,
    Clock,
    Record,
    Table,
    key,
    text_set,
)
from dashboard_data.retry import Backoff
from dashboard_data.slots.lease import lifeline_key, named_in
from dashboard_data.slots.records import moment

RENEW_EVERY = 1 / 4  # fraction of its time, so that several renewals may fail
FAILED_PAUSE_S = 1  # after a renewal that failed, for all streams of the process together


class Lifeline:
    """The lifeline of this process. Threads share it; one of them renews, the others go on.

    `lease_s`: seconds that it lives without a renewal.
    """

    def __init__(self, table: Table, clock: Clock, backoff: Backoff, lease_s: float) -> None:
        self.id: str | None = None
        self._table = table
        self._clock = clock
        self._backoff = backoff
        self._failure: Exception | None = None
        self._lease_s = lease_s
        self._lock = Lock()
        self._renewed_at_s = float("-inf")
        self._failed_at_s = float("-inf")
        self._ended: set[str] = set()  # named in the record, though their streams have ended

    def is_due(self) -> bool:
        return abs(self._clock() - self._renewed_at_s) >= RENEW_EVERY * self._lease_s

    def hold(self, table: Table) -> str:
        """Returns the id of a lifeline that lives long enough for a new lease.

        `table`: the one for calls that are made again after an error.
        """
        with self._lock:
            if self._failure and self._has_just_failed():
                raise self._failure  # those who wait here need not try it one by one
            return self._held(table)

    def try_to_hold(self) -> None:
        """Draws a lifeline for leases that have lost theirs, unless others try at this moment."""
        if self._has_just_failed() or not self._lock.acquire(blocking=False):
            return
        try:
            self._held(self._table)
        finally:
            self._lock.release()

    def renew(self, living: frozenset[str]) -> Record | None:
        """Prolongs the record, and returns it. None if it is gone, or others try at this moment.

        `living`: the connection ids of this process; others are no longer named in the record.
        """
        if self.id is None or self._has_just_failed():
            return None
        if not self._lock.acquire(blocking=False):
            return None
        try:
            record = self._renew(self._table, self.id, self._ended)
            self._ended = set()
            if record is None:
                self.id = None
            else:
                named = {*named_in(record, "closing"), *named_in(record, "made_room")}
                self._ended = named - living
            return record
        except Exception as error:
            self._note(error)
            raise
        finally:
            self._lock.release()

    def _held(self, table: Table) -> str:
        try:
            if self.id is None or (self.is_due() and self._renew(table, self.id, ()) is None):
                self.id = self._drawn(table)
        except Exception as error:
            self._note(error)
            raise
        return self.id

    def _note(self, error: Exception) -> None:
        self._failure = error
        self._failed_at_s = self._clock()

    def _has_just_failed(self) -> bool:
        return abs(self._clock() - self._failed_at_s) < FAILED_PAUSE_S

    def _renew(self, table: Table, id: str, ended: Collection[str]) -> Record | None:
        expression = "SET expires_at = :value"
        values: Record = {":value": moment(self._clock() + self._lease_s)}
        if ended:
            expression += " DELETE closing :ended, made_room :ended"
            values[":ended"] = text_set(ended)
        began_at_s = self._clock()
        record = self._backoff.write(
            lambda: table.update(lifeline_key(id), expression, condition=PRESENT, values=values)
        )
        if record is not None:
            self._renewed_at_s = began_at_s
        return record

    def _drawn(self, table: Table) -> str:
        id = secrets.token_urlsafe(12)
        began_at_s = self._clock()
        record = key(*lifeline_key(id)) | {"expires_at": moment(began_at_s + self._lease_s)}
        table.put(record, condition=ABSENT)
        self._renewed_at_s = began_at_s
        return id
