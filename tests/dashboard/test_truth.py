"""Every figure on the page equals a recount of the items over the window that its label names."""

import pytest

from tests.dashboard.fixed import NEW_YORK, FixedPage, moment
from tests.dashboard.told import EDGES, EVENING, MINUTE, SCENES, agrees
from tests.support.waiting import eventually


@pytest.mark.parametrize("scene", SCENES)
def test_at_22_19_in_new_york(dashboard, fixed_at, scene):
    fixed = fixed_at(EVENING)
    fixed.publish_ago(*SCENES[scene])
    page = FixedPage(dashboard, fixed)
    page.wait_for(state="live")

    agrees(page, fixed)


ELSEWHERE = {
    "half an hour": ("Asia/Kolkata", "2026-11-25T22:19:05"),
    "three quarters": ("Asia/Kathmandu", "2026-11-25T22:19:05"),
    "UTC": ("UTC", "2026-11-25T22:19:05"),
    "just past midnight": ("Europe/Berlin", "2026-11-26T00:00:20"),
    "the day clocks went back": (NEW_YORK, "2026-11-01T22:19:05"),
    "the day clocks went forward": (NEW_YORK, "2026-03-08T22:19:05"),
    "in the hour that comes twice": (NEW_YORK, "2026-11-01T01:50:05"),
    "in the turn of the year": (NEW_YORK, "2027-01-01T00:10:05"),
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_in_other_zones_and_on_other_days(dashboard, fixed_at, case):
    zone, at = ELSEWHERE[case]
    fixed = fixed_at(moment(at, zone))
    fixed.publish_ago(*SCENES["edges"])
    page = FixedPage(dashboard, fixed, zone=zone)
    page.wait_for(state="live")

    agrees(page, fixed)


def test_at_twenty_items_a_second(dashboard, fixed_at):
    fixed = fixed_at(EVENING)
    fixed.publish_ago(*(ago / 20 for ago in range(1400, 0, -1)))
    page = FixedPage(dashboard, fixed)
    page.wait_for(state="live")
    agrees(page, fixed)
    fixed.publish_ago(*[0.0] * 60)

    agrees(page, fixed)


@pytest.mark.parametrize("ahead_s", [-7 * MINUTE, 7 * MINUTE])
def test_a_browser_whose_clock_is_minutes_off(dashboard, fixed_at, ahead_s):
    fixed = fixed_at(EVENING)
    fixed.publish_ago(*SCENES["edges"])
    page = FixedPage(dashboard, fixed, ahead_s=ahead_s)
    page.wait_for(state="live")

    agrees(page, fixed)


def test_a_page_that_sees_the_minute_and_the_hour_turn(dashboard, fixed_at):
    fixed = fixed_at(moment("2026-11-25T22:59:56"))
    fixed.publish_ago(*EDGES, 59 * MINUTE + 50, 30 * MINUTE, 2)
    page = FixedPage(dashboard, fixed)
    page.wait_for(state="live")
    agrees(page, fixed)
    eventually(lambda: fixed.clock() > moment("2026-11-25T23:00:01"), 10)
    fixed.publish_ago(0.0)

    agrees(page, fixed)
