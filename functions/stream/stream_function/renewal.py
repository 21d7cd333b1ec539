"""Is this stream's lease still its own? Renews it in time, and again after an outage."""

from dashboard_data import Clock, Lease, LeaseState, StreamSlots

from stream_function import life
from stream_function.observer import Observer


class Renewal:
    """The renewals of one stream's lease.

    A reading cannot tell whether a lease that lapsed in an outage can be had again: a renewal can.
    So an overdue renewal comes before what a reading says, and is tried with every turn once the
    table is back.
    """

    def __init__(self, slots: StreamSlots, lease: Lease, clock: Clock, observer: Observer) -> None:
        self._slots = slots
        self._lease = lease
        self._clock = clock
        self._observer = observer
        self._pause_s = life.RENEW_EVERY * slots.lease_s
        self._renewed_at_s = clock()
        self._tried_at_s = self._renewed_at_s

    def state_now(self, seen: LeaseState, *, failing: bool) -> LeaseState:
        """Returns the newest state of the lease, with one call of the table if one is due.

        `seen`: what a reading saw. `failing`: the table cannot be read, so do not try every turn.
        """
        now_s = self._clock()
        if now_s - self._renewed_at_s < self._pause_s:
            return seen
        if failing and now_s - self._tried_at_s < self._pause_s:
            return LeaseState.HELD
        self._tried_at_s = now_s
        try:
            state = self._slots.renew(self._lease)
        except Exception as error:  # nothing is concluded: it may be had again
            self._observer.poll_failed(error)
            return LeaseState.HELD if seen == LeaseState.LOST else seen
        self._renewed_at_s = now_s
        return state
