"""Waiting for the thing itself, with a deadline, instead of sleeping and hoping."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PAUSE_S = 0.02


def eventually(
    attempt: Callable[[], T],
    within_s: float = 10,
    retry_on: type[Exception] | tuple[type[Exception], ...] = (),
) -> T:
    """The first true value that `attempt` returns. What it raises of `retry_on` counts as not yet.

    Raises AssertionError, from the last exception if there was one, when `within_s` is over.
    """
    until, failure, value = time.monotonic() + within_s, None, None
    while time.monotonic() < until:
        try:
            if value := attempt():
                return value
        except retry_on as error:
            failure = error
        time.sleep(PAUSE_S)
    raise AssertionError(f"not within {within_s} s; last seen: {failure or value!r}") from failure
