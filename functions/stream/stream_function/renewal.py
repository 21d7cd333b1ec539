"""Is this stream's lease still its own? Has the process's lifeline renewed in time.

All leases of a process live by its lifeline, so the first stream that finds it due renews it for
all.
"""

from dashboard_data import Clock, Lease, LeaseState, StreamSlots

from stream_function import life
from stream_function.observer import Observer


class Renewal:
    """The renewals of one stream's lease.

    A reading cannot tell whether a lease whose lifeline is gone can be had again: a renewal can. So
    it is tried with every turn once the table is back, before anything is concluded.
    """

    def __init__(self, slots: StreamSlots, lease: Lease, clock: Clock, observer: Observer) -> None:
        self._slots = slots
        self._lease = lease
        self._clock = clock
        self._observer = observer
        self._pause_s = life.RENEW_EVERY * slots.lease_s
        self._tried_at_s = clock()

    def is_due(self, seen: LeaseState) -> bool:
        """Whether `state_now` may make a call."""
        return seen == LeaseState.LAPSED or self._slots.renewal_is_due(self._lease)

    def state_now(self, seen: LeaseState, *, failing: bool) -> LeaseState:
        """Returns the newest state of the lease, with one call of the table if one is due.

        `seen`: what a reading saw. `failing`: the table cannot be read, so do not try every turn.
        """
        known = LeaseState.HELD if seen == LeaseState.LAPSED else seen
        now_s = self._clock()
        if failing and now_s - self._tried_at_s < self._pause_s:
            return known
        self._tried_at_s = now_s
        try:
            state = self._slots.renew(self._lease, lapsed=seen == LeaseState.LAPSED)
        except Exception as error:  # nothing is concluded: it may be had again
            self._observer.poll_failed(error)
            return known
        if state in (None, LeaseState.HELD, LeaseState.LAPSED):
            return known
        return state
