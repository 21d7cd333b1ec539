"""Which texts stand for a moment, an hour, a minute? Always UTC, always with `Z`. And base 36."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime

MINUTE_S = 60
MINUTES_AN_HOUR = 60
HOUR_S = 3600
DAY_S = 24 * HOUR_S
LONGEST_TIMESTAMP = 40

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_USUAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z")


def utc_text(epoch_s: float) -> str:
    """Writes epoch seconds as ISO 8601 in UTC, to the millisecond: `2026-11-22T09:05:07.250Z`."""
    moment = datetime.fromtimestamp(epoch_s, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def normalise_timestamp(timestamp: str) -> str | None:
    """Returns the same moment in UTC with `Z`.

    None if the text names none: a time without an offset is ambiguous.
    """
    if len(timestamp) > LONGEST_TIMESTAMP:
        return None
    try:
        moment = datetime.fromisoformat(timestamp)
        if moment.tzinfo is None:
            return None
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    if moment.year < 1970:
        return None
    if _USUAL.fullmatch(timestamp):
        return timestamp
    return moment.replace(tzinfo=None).isoformat() + "Z"


def moment_s(timestamp: str) -> float:
    """Returns the epoch seconds of a timestamp."""
    return datetime.fromisoformat(timestamp).timestamp()


def hour_text(epoch_s: float) -> str:
    return time.strftime("%Y-%m-%dT%H", time.gmtime(epoch_s))


def hour_and_minute(timestamp: str) -> tuple[str, int]:
    """Splits a timestamp into its hour (the hourly records' key) and its minute."""
    return timestamp[:13], int(timestamp[14:16])


def minute_number(epoch_s: float) -> int:
    """Returns how many whole minutes have passed since 1970."""
    return int(epoch_s // MINUTE_S)


def places_of_minutes(now_s: float, count: int) -> Iterator[tuple[str, int]]:
    """Yields the hour and the minute in it of each of the last minutes, that of `now_s` last."""
    last = minute_number(now_s)
    hour = ""
    for number in range(last - count + 1, last + 1):
        minute = number % MINUTES_AN_HOUR
        if minute == 0 or not hour:
            hour = hour_text(number * MINUTE_S)
        yield hour, minute


def hour_start(hour: str) -> int:
    return int(datetime.fromisoformat(hour).replace(tzinfo=UTC).timestamp())


def base36(value: int) -> str:
    """Writes a number of 0 or more with the digits 0-9a-z."""
    digits = ""
    while value:
        value, digit = divmod(value, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
