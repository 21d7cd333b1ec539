"""How long may this stream go on, and when is what due? Time budgets as values. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

METRICS_EVERY_S = 55  # contract.md: metrics at least every 60 s; a poll comes between
MERGE_METRICS_S = 1  # a burst of items is one `metrics` event
RENEW_EVERY = 1 / 4  # fraction of a lease's time, so that several renewals may fail
COUNT_AGE_S = 1  # how old a count of open streams may be that a heartbeat reports
# contract.md: a byte at least every 4 s. After so long without one a comment line is sent before
# the next call of the table, so that at most one call comes between.
KEEPALIVE_S = 2
REST_S = 2.75  # the same for a stream that makes no call first, and may wake a little late
ADRIFT_S = 1  # after so long a lease whose lifeline is gone tries again to move
CALL_TIMEOUT_S = 2  # for each call of an open stream, its connection included
# Wide: it governs who comes back when everything dies at once (contract.md: within 10 s, of which
# one second is for a stream that starts in a cold environment).
OPENING_RETRY_MS = (200, 9_000)
CLOSING_RETRY_MS = (100, 1_500)  # short: the client carries on where this stream ended
OUTAGE_RETRY_MS = (5_000, 15_000)  # contract.md: while the table cannot be read
SPREAD = 0.2
DEADLINE_MARGIN_S = 5

Random = Callable[[float, float], float]


class Ending(StrEnum):
    """Why a stream ended, as logs and metrics say it."""

    LIFE = "life"
    DEADLINE = "deadline"
    SESSION_ENDED = "session-ended"
    GOODBYE = "goodbye"
    MADE_ROOM = "made-room"  # somebody else gets the slot: dashboard_data/slots/room.py
    LEASE_LOST = "lease-lost"
    CONFIGURATION_DELETED = "configuration-deleted"
    CLOSED = "closed"  # by the runtime: out of time, or shut down
    UNAVAILABLE = "unavailable"  # its first state could not be read
    FAILED = "failed"


ENDINGS_OF_MANY = frozenset(
    {Ending.SESSION_ENDED, Ending.LEASE_LOST, Ending.CONFIGURATION_DELETED, Ending.MADE_ROOM}
)


@dataclass(frozen=True, slots=True)
class Life:
    """`ends_at_s` in epoch seconds; `reason` says why then."""

    ends_at_s: float
    reason: Ending

    @classmethod
    def drawn(
        cls,
        now_s: float,
        *,
        life_s: float,
        left_s: float,
        expires_at_s: float | None,
        uniform: Random,
    ) -> "Life":
        """Draws a life of `life_s` ± 20 %.

        It never goes past the invocation's deadline (`left_s` from now) or the session's end. A
        short invocation keeps a fifth of its time in reserve, a long one five seconds. If that is
        too little for the longest life, lives are as much shorter and still drawn: streams that
        opened together shall not all end at the deadline.
        """
        usable_s = left_s - min(DEADLINE_MARGIN_S, left_s / 5)
        reason = Ending.LIFE
        if life_s * (1 + SPREAD) > usable_s:
            life_s = usable_s / (1 + SPREAD)
            reason = Ending.DEADLINE
        ends = [(now_s + life_s * uniform(1 - SPREAD, 1 + SPREAD), reason)]
        if expires_at_s is not None:
            ends.append((expires_at_s, Ending.SESSION_ENDED))
        return cls(*min(ends))

    def over(self, now_s: float) -> bool:
        return now_s >= self.ends_at_s


def retry_ms(bounds: tuple[float, float], uniform: Random) -> int:
    """Draws a reconnection time, so that not everybody comes back in the same second."""
    return round(uniform(*bounds))


def opening_retry_ms(slot: int, limit: int, uniform: Random) -> int:
    """Draws the reconnection time of the stream that holds this one of `limit` slots.

    Each slot has a part of OPENING_RETRY_MS of its own, and draws within it. So those who are cut
    together spread evenly over all of it, from however many processes they come. Draws that know
    nothing of each other would let one fleet of 1,000 in fifty have 15 % in one of its seconds.
    """
    low_ms, high_ms = OPENING_RETRY_MS
    part_ms = (high_ms - low_ms) / limit
    start_ms = low_ms + slot * part_ms
    return retry_ms((start_ms, start_ms + part_ms), uniform)


def closing_retry_ms(reason: Ending, slot: int, limit: int, uniform: Random) -> int:
    """Draws the reconnection time that a stream says with its last bytes.

    It is short, unless many streams may end for this reason in the same second, such as those of
    sessions that began together.
    """
    if reason in ENDINGS_OF_MANY:
        return opening_retry_ms(slot, limit, uniform)
    return retry_ms(CLOSING_RETRY_MS, uniform)
