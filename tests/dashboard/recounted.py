"""Counts the published items again, over the window of time that a label on the page names."""

import re
from datetime import UTC, datetime, timedelta

TIME = re.compile(
    r"(?P<hour>\d\d):(?P<minute>\d\d)(?: (?P<name>GMT(?:[+-]\d+(?::\d\d)?)?|[A-Z]{3,4}))?"
    r"(?: (?P<day>yesterday|tomorrow)| on (?P<date>\d+ \w+))?"
)
DAYS = {None: 0, "yesterday": -1, "tomorrow": 1}
MINUTE_S = 60
LATELY = timedelta(hours=6)  # so long after midnight, "23:56" is understood to be yesterday's


def moments(words, now_s, zone, count=None):
    """Returns the moments that the words name, in epoch seconds, as in "since 23:00 yesterday".

    A time that comes twice on a day says which it is: "01:30 EDT", "01:30 GMT-4".

    count: how many there must be. Raises AssertionError for others: the words may be to come.
    """
    today = datetime.fromtimestamp(now_s, zone)
    found = [_moment(match, today) for match in TIME.finditer(words)]
    assert count in (None, len(found)), words
    return found


def _moment(match, today):
    day = today + timedelta(days=DAYS[match["day"]])
    if match["date"]:
        day = datetime.strptime(f"{match['date']} {today.year}", "%d %b %Y")  # noqa: DTZ007
    hour, minute = int(match["hour"]), int(match["minute"])
    wall = datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001
    found = _the_one(match, wall, today.tzinfo)
    if not match["day"] and not match["date"] and found > today:
        before = _the_one(match, wall - timedelta(days=1), today.tzinfo)
        found = before if today - before < LATELY else found
    return found.timestamp()


def _the_one(match, wall, zone):
    found = [wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    if found[0].utcoffset() != found[1].utcoffset():
        assert match["name"], f"{match[0]} comes twice on this day, or never"
    if match["name"]:
        found = [each for each in found if match["name"] in (each.tzname(), _offset_name(each))]
        assert found, f"{match[0]} does not exist"
    return found[0].astimezone(UTC)


def _offset_name(moment):
    """Returns the name that browsers give to offsets without one of their own: "GMT-4"."""
    minutes = round(moment.utcoffset().total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return f"GMT{sign}{hours}" + (f":{rest:02d}" if rest else "") if minutes else "GMT"


def moment_s(item):
    return datetime.fromisoformat(item.timestamp).timestamp()


def minute_of(seconds):
    return int(seconds // MINUTE_S)


def counted(items, since_s, until_s=float("inf"), *, ticker=None, sentiment=None):
    """Returns the items from `since_s` on, before `until_s`."""
    return [
        each
        for each in items
        if since_s <= moment_s(each) < until_s
        and ticker in (None, each.ticker)
        and sentiment in (None, each.sentiment)
    ]
