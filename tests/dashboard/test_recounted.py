"""The recount that judges the page reads its words as a person does."""

from zoneinfo import ZoneInfo

import pytest

from tests.dashboard.fixed import NEW_YORK, moment
from tests.dashboard.recounted import moments

SAID = {
    "since 23:00 yesterday": [("2026-11-25T22:19:05", "2026-11-24T23:00")],
    "since 21:20": [("2026-11-25T22:19:05", "2026-11-25T21:20")],
    "since 23:00 on 28 Nov": [("2026-11-30T22:19:05", "2026-11-28T23:00")],
    "1 since 23:56, mean score 0.22": [("2026-11-26T00:00:20", "2026-11-25T23:56")],
    "since 23:00": [("2026-11-25T22:19:05", "2026-11-25T23:00")],
    "12 a minute, 22:16 to 22:19": [
        ("2026-11-25T22:19:05", "2026-11-25T22:16"),
        ("2026-11-25T22:19:05", "2026-11-25T22:19"),
    ],
}


@pytest.mark.parametrize("words", SAID)
def test_moments_in_words(words):
    zone = ZoneInfo(NEW_YORK)
    for now, _ in SAID[words]:
        assert moments(words, moment(now), zone) == [moment(at) for _, at in SAID[words]]


def test_an_hour_that_comes_twice_says_which_it_is():
    zone = ZoneInfo(NEW_YORK)
    now_s = moment("2026-11-01T22:19:05")
    [first] = moments("since 01:30 GMT-4", now_s, zone)
    [second] = moments("since 01:30 EST", now_s, zone)

    assert first == moment("2026-11-01T05:30", "UTC")
    assert second == moment("2026-11-01T06:30", "UTC")
    with pytest.raises(AssertionError, match="comes twice"):
        moments("since 01:30", now_s, zone)


def test_words_that_are_to_come_are_no_answer_yet():
    now_s = moment("2026-11-25T20:00:00")
    with pytest.raises(AssertionError, match="not known yet"):
        moments("not known yet", now_s, ZoneInfo("UTC"), count=1)
    assert moments("since 19:00", now_s, ZoneInfo("UTC"), count=1)
