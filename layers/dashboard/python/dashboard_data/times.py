"""Which texts stand for a moment, an hour, a minute? Always UTC, always with `Z`."""

import re
import time
from datetime import UTC, datetime

HOUR_S = 3600
DAY_S = 24 * HOUR_S
LONGEST_TIMESTAMP = 40

_USUAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z")


def utc_text(epoch_s: float) -> str:
    """ISO 8601 in UTC to the millisecond: `2026-11-22T09:05:07.250Z`."""
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def normalised(timestamp: str) -> str | None:
    """The same moment in UTC with `Z`, or None if the text names none: a time without an offset is ambiguous."""
    try:
        moment = datetime.fromisoformat(timestamp) if len(timestamp) <= LONGEST_TIMESTAMP else None
        if moment is None or moment.tzinfo is None:
            return None
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    if moment.year < 1970:
        return None
    return timestamp if _USUAL.fullmatch(timestamp) else moment.replace(tzinfo=None).isoformat() + "Z"


def hour_text(epoch_s: float) -> str:
    return time.strftime("%Y-%m-%dT%H", time.gmtime(epoch_s))


def hour_and_minute(timestamp: str) -> tuple[str, int]:
    """Of a normalised timestamp: its clock hour, as hourly records are keyed by it, and its minute."""
    return timestamp[:13], int(timestamp[14:16])


def hour_start(hour: str) -> int:
    return int(datetime.fromisoformat(hour).replace(tzinfo=UTC).timestamp())
