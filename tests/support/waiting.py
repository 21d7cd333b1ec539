"""Waits for a condition, with a deadline, instead of sleeping and hoping."""

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
    """Returns the first true value of `attempt`. Its exceptions of type `retry_on` mean "not yet".

    Raises AssertionError when `within_s` is over, from the last exception if there was one.
    """
    until = time.monotonic() + within_s
    failure: Exception | None = None
    value: T | None = None
    while time.monotonic() < until:
        try:
            if value := attempt():
                return value
        except retry_on as error:
            failure = error
        time.sleep(PAUSE_S)
    raise AssertionError(f"not within {within_s} s; last seen: {failure or value!r}") from failure
