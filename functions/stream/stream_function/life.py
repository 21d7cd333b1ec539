"""How long may this stream go on, and what is due when? Time budgets as values. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

METRICS_EVERY_S = 55  # 60 are promised; a poll comes between
MERGE_METRICS_S = 1  # a burst of items is one `metrics` event
RENEW_EVERY = 1 / 4  # of a lease's time, so that several renewals may fail
COUNT_AGE_S = 1  # how old a count of connections may be that a heartbeat tells
CALL_TIMEOUT_S = 2  # of each call between two heartbeats: of several that are slow the next one is still in time
UNREACHABLE_AFTER_S = 30
OPENING_RETRY_MS = (200, 8_000)  # wide: governs what comes back when everything dies at once, and within 10 s
CLOSING_RETRY_MS = (100, 1_500)  # short: the client carries on where this stream ended
SPREAD = 0.2
DEADLINE_MARGIN_S = 5

Random = Callable[[float, float], float]


@dataclass(frozen=True, slots=True)
class Life:
    """`ends_at` in epoch seconds, `reason` why then."""

    ends_at: float
    reason: str

    @classmethod
    def drawn(cls, now: float, life_s: float, left_s: float, expires_at: float | None, uniform: Random) -> "Life":
        """A life of `life_s` ± 20 %, never past the invocation's deadline (`left_s` from now) or the session's end.

        A short invocation keeps a fifth of its time in reserve, a long one five seconds.
        """
        drawn = now + life_s * uniform(1 - SPREAD, 1 + SPREAD)
        ends = [(drawn, "life"), (now + left_s - min(DEADLINE_MARGIN_S, left_s / 5), "deadline")]
        if expires_at is not None:
            ends.append((expires_at, "session-ended"))
        return cls(*min(ends))

    def over(self, now: float) -> bool:
        return now >= self.ends_at


def retry_ms(bounds: tuple[int, int], uniform: Random) -> int:
    """A reconnection time between the bounds, so that not everybody comes back in the same second."""
    return round(uniform(*bounds))
