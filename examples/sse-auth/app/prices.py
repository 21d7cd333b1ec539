"""Makes up the events: a price for each second, which is the same whoever asks, and whenever.

So an event's id is its second, and a client that comes back gets what it has missed.
"""

import math
import time
from collections.abc import Iterator
from typing import Any

from lambda_streaming import Event

MOST_MISSED_S = 60


def first_second(last_event_id: str | None, now_s: float) -> int:
    """Returns the second to begin with: the one after the last that the client has."""
    now = int(now_s)
    if last_event_id and last_event_id.isdecimal() and len(last_event_id) < 12:
        return min(max(int(last_event_id) + 1, now - MOST_MISSED_S), now + 1)
    return now


def prices(user: str, first: int, until_s: float) -> Iterator[Event]:
    """Yields an event a second, until a time."""
    for second in range(first, math.ceil(until_s)):
        wait_s = second - time.time()
        if wait_s > 0:
            time.sleep(wait_s)
        yield Event(price(user, second), type="price", id=str(second))


def price(user: str, second: int) -> dict[str, Any]:
    return {"for": user, "price": round(100 + 10 * math.sin(second / 7), 2), "at_s": second}
